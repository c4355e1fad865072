"""What reading the logs leaves behind: events, facts, unrecognised failures; all bounded in size."""

from __future__ import annotations

import re
from bisect import insort
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from logdoctor.diagnosis.identity import Identities
from logdoctor.facts import Facts
from logdoctor.formats.tracebacks import Raised, raised
from logdoctor.model import Event, Fact, Record, Stream

EVENTS_PER_RULE = 64
"""Events of one rule that are kept from one source; all are counted."""
FAILURES = 256
"""Different unrecognised exceptions that are kept."""
COMPLAINTS = 64
"""Different error messages without a rule that are kept."""

SPEAKERS = 8192
"""Streams whose course is kept."""
SIGHTINGS = 32768
"""First occurrences, by rule and stream, that are kept."""
SIGHT = 240
"""Characters of its line that a first occurrence keeps."""

_HANDLED = frozenset(
    ("KeyboardInterrupt", "SystemExit", "CancelledError", "GeneratorExit", "StopIteration", "StopAsyncIteration")
)
_IGNORED = re.compile(r"Exception ignored (?:in|on|while)\b")
"""What Python says before a traceback that stops nothing."""
_BARE = re.compile(r"(?P<name>(?:\w+\.)*[A-Z]\w*(?:Error|Exception)): (?P<message>.+)", re.ASCII)
"""The last line of a traceback whose other lines are not in the log."""
_VARIABLE = re.compile(r"0x[0-9a-fA-F]+|[0-9a-f]{8,}|\d+")


@dataclass(slots=True)
class Failure:
    """An exception, or another message of trouble, that no rule knows, wherever it occurred."""

    name: str
    """The exception's type as printed; empty where a message says what failed without one."""
    message: str
    frame: str | None
    """Where it was raised."""
    own_frame: str | None
    """The innermost frame that is neither Python's nor an installed package's."""
    events: list[Event] = field(default_factory=list)
    """Its occurrences, in the order of sources and lines; at most :data:`EVENTS_PER_RULE` from one source."""
    count: int = 0

    @property
    def first(self) -> Event:
        return self.events[0]


@dataclass(slots=True)
class Sighting:
    """Where and when something was seen first in a stream."""

    line: int
    time: str | None
    """As the log wrote it, or as its source showed it last before."""
    text: str
    count: int = 1


@dataclass(slots=True)
class Observations:
    """All that the diagnosis is made of."""

    events: dict[str, list[Event]] = field(default_factory=dict)
    """By rule."""
    counts: Counter[str] = field(default_factory=Counter)
    """Occurrences by rule, those not kept included."""
    facts: Facts = field(default_factory=Facts)
    failures: dict[tuple[str, str], Failure] = field(default_factory=dict)
    """By type and masked message."""
    complaints: dict[tuple[str, str], Failure] = field(default_factory=dict)
    """Error messages without a rule and without a traceback, in the same way: many healthy runs print some."""
    lines: dict[str, int] = field(default_factory=dict)
    """Source -> its number of lines."""
    said: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Source -> what was known beforehand of who speaks in it."""
    records: int = 0
    sightings: dict[tuple[str, str, Stream], Sighting] = field(default_factory=dict)
    """By rule, source and stream: the first occurrence in each."""
    speakers: dict[tuple[str, Stream], tuple[Sighting, Sighting]] = field(default_factory=dict)
    """By source and stream: the first and the last record that was read."""
    _kept: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, record: Record, events: Sequence[Event], facts: Sequence[Fact], causes: frozenset[str]) -> None:
        """Note what a record holds. ``causes`` are the rules that can be a root cause, and so account for a whole
        traceback."""
        self.records += 1
        self._hear(record)
        for event in events:
            self._sight(event)
            self.counts[event.rule] += record.repeats
            self._kept[event.rule, record.source] += 1
            if self._kept[event.rule, record.source] <= EVENTS_PER_RULE:
                self.events.setdefault(event.rule, []).append(event)
        for fact in facts:
            self.facts.add(fact)
        if record.level in ("debug", "info", "warning"):
            return
        exceptions = raised(record)
        if exceptions:
            if not any(event.rule in causes for event in events):
                self._fail(record, exceptions[0], events)
        elif not events and (record.level is None or not facts):  # what a fact was read from is known
            self._complain(record)

    def join(self, other: Observations) -> None:
        """Take over what was noted of other sources, as if they had been read here."""
        for rule, events in other.events.items():
            self.events.setdefault(rule, []).extend(events)
        self.counts.update(other.counts)
        self._kept.update(other._kept)
        self.facts.join(other.facts)
        for mine, theirs, most in (
            (self.failures, other.failures, FAILURES),
            (self.complaints, other.complaints, COMPLAINTS),
        ):
            for key, failure in theirs.items():
                _join(mine, key, failure, most)
        self.lines |= other.lines
        self.said |= other.said
        self.records += other.records
        self.sightings |= dict(islice(other.sightings.items(), max(0, SIGHTINGS - len(self.sightings))))
        self.speakers |= dict(islice(other.speakers.items(), max(0, SPEAKERS - len(self.speakers))))

    def _hear(self, record: Record) -> None:
        """Note that a stream speaks."""
        key = (record.source, record.stream)
        before = self.speakers.get(key)
        if before is None and len(self.speakers) >= SPEAKERS:
            return
        time = record.time or record.since
        first, last = before or (None, None)
        if first is None or record.first_line < first.line:
            first = Sighting(record.first_line, time, "")
        if last is None or record.numbers[-1] > last.line:
            last = Sighting(record.numbers[-1], time, "")
        self.speakers[key] = (first, last)

    def _sight(self, event: Event) -> None:
        record = event.record
        key = (event.rule, record.source, record.stream)
        before = self.sightings.get(key)
        if before is not None and before.line <= event.line:
            before.count += record.repeats
        elif before is not None or len(self.sightings) < SIGHTINGS:
            text = quote(record, event.line)[:SIGHT]
            count = record.repeats + (before.count if before else 0)
            self.sightings[key] = Sighting(event.line, record.time or record.since, text, count)

    def _fail(self, record: Record, exception: Raised, events: Sequence[Event]) -> None:
        """Note the first exception of a record, unless it was handled or a rule knows it."""
        handled = exception.name in _HANDLED or any(map(_IGNORED.match, record.lines))
        if not handled and not any(exception.first <= event.line <= exception.last for event in events):
            failure = Failure(exception.type, exception.message, exception.frame, exception.own_frame)
            if exception.origin:
                record = record._replace(stream=exception.origin)
            _note(self.failures, failure, record, exception.line, FAILURES)

    def _complain(self, record: Record) -> None:
        text = next((line for line in record.lines if line.strip()), "")
        if record.level == "fatal":
            _note(self.failures, Failure("", text, None, None), record, record.first_line, FAILURES)
        elif record.level is None and (bare := _BARE.match(text)):
            failure = Failure(bare["name"], bare["message"], None, None)
            again = record.alone and _key(failure) in self.failures  # the last line of a traceback like earlier ones
            known, most = (self.failures, FAILURES) if again else (self.complaints, COMPLAINTS)
            _note(known, failure, record, record.first_line, most)
        elif record.level == "error":
            _note(self.complaints, Failure("", text, None, None), record, record.first_line, COMPLAINTS)

    def ranks(self) -> set[int]:
        """The ranks of which anything was noted."""
        events = [event for events in self.events.values() for event in events]
        events += [event for failure in self.failures.values() for event in failure.events]
        streams = {event.record.stream for event in events} | {
            fact.stream for name in self.facts.names() for fact in self.facts.all(name)
        }
        return {stream.rank for stream in streams if stream.rank is not None}

    def told_by(self, identities: Identities) -> Observations:
        """The same, each stream completed by what is known of who speaks."""
        records: dict[int, Record] = {}

        def complete(event: Event) -> Event:
            record = event.record
            told = records.get(id(record))
            if told is None:
                told = records[id(record)] = record._replace(stream=identities.stream(record.source, record.stream))
            return event._replace(record=told)

        def completed(failures: dict[tuple[str, str], Failure]) -> dict[tuple[str, str], Failure]:
            return {
                key: replace(failure, events=list(map(complete, failure.events))) for key, failure in failures.items()
            }

        return replace(
            self,
            events={rule: list(map(complete, events)) for rule, events in self.events.items()},
            facts=self.facts.told_by(identities.speaker),
            failures=completed(self.failures),
            complaints=completed(self.complaints),
        )


def _key(failure: Failure) -> tuple[str, str]:
    """What failures that are one have in common."""
    return failure.name, _VARIABLE.sub("#", failure.message)[:200]


def _note(known: dict[tuple[str, str], Failure], failure: Failure, record: Record, line: int, most: int) -> None:
    """Note that a failure occurred there; those that differ only in numbers are one. What is told of it does not
    depend on the order in which sources are read."""
    key = _key(failure)
    event = Event("", record, line, line)
    before = known.get(key)
    if before is None and len(known) >= most:
        return
    if before is None or (record.source, line) < (before.first.record.source, before.first.line):
        known[key] = replace(failure, events=before.events if before else [], count=before.count if before else 0)
    chosen = known[key]
    chosen.count += record.repeats
    if sum(other.record.source == record.source for other in chosen.events) < EVENTS_PER_RULE:
        insort(chosen.events, event, key=lambda other: (other.record.source, other.line))


def _join(known: dict[tuple[str, str], Failure], key: tuple[str, str], failure: Failure, most: int) -> None:
    """Note a failure that was noted of other sources."""
    before = known.get(key)
    if before is None:
        if len(known) < most:
            known[key] = failure
        return
    first = min(before, failure, key=lambda one: (one.first.record.source, one.first.line))
    events = sorted(before.events + failure.events, key=lambda event: (event.record.source, event.line))
    known[key] = replace(first, events=events, count=before.count + failure.count)


def of_statement(rule: str, fact: Fact, values: Mapping[str, str]) -> Event:
    """The event of a rule that speaks of a statement instead of a message."""
    record = Record(fact.source, (fact.text,), (fact.line,), fact.stream, time=fact.time, raw=(fact.text,))
    return Event(rule, record, fact.line, fact.line, values)


def quote(record: Record, line: int) -> str:
    """A line of a record, as it stands in the log."""
    return next(
        (raw for number, raw in zip(record.numbers, record.raw, strict=True) if number == line), record.raw[0]
    ).strip("\r\n")
