"""What reading the logs leaves behind: events, facts, unrecognised failures; all bounded in size."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from logdoctor.facts import Facts
from logdoctor.formats.tracebacks import Raised, raised
from logdoctor.model import Event, Fact, Record

EVENTS_PER_RULE = 64
"""Events of one rule that are kept from one source; all are counted."""
FAILURES = 256
"""Different unrecognised exceptions that are kept."""
COMPLAINTS = 64
"""Different error messages without a rule that are kept."""

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
    """An exception, or another message of trouble, that no rule knows."""

    record: Record
    line: int
    name: str
    """The exception's type as printed; empty where a message says what failed without one."""
    message: str
    frame: str | None = None
    count: int = 0

    @property
    def place(self) -> tuple[str, int]:
        return self.record.source, self.line


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
    records: int = 0
    _kept: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, record: Record, events: Sequence[Event], facts: Sequence[Fact], causes: frozenset[str]) -> None:
        """Note what a record holds. ``causes`` are the rules that can be a root cause, and so account for a whole
        traceback."""
        self.records += 1
        for event in events:
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

    def _fail(self, record: Record, exception: Raised, events: Sequence[Event]) -> None:
        """Note the first exception of a record, unless it was handled or a rule knows it."""
        handled = exception.name in _HANDLED or any(map(_IGNORED.match, record.lines))
        if not handled and not any(exception.first <= event.line <= exception.last for event in events):
            failure = Failure(record, exception.line, exception.type, exception.message, exception.frame)
            _note(self.failures, failure, FAILURES)

    def _complain(self, record: Record) -> None:
        text = next((line for line in record.lines if line.strip()), "")
        if record.level == "fatal":
            _note(self.failures, Failure(record, record.first_line, "", text), FAILURES)
        elif record.level is None and (bare := _BARE.match(text)):
            _note(self.complaints, Failure(record, record.first_line, bare["name"], bare["message"]), COMPLAINTS)
        elif record.level == "error":
            _note(self.complaints, Failure(record, record.first_line, "", text), COMPLAINTS)


def _note(known: dict[tuple[str, str], Failure], failure: Failure, most: int) -> None:
    """Count a failure together with those that differ only in numbers; keep the first of them, by source and line."""
    key = (failure.name, _VARIABLE.sub("#", failure.message)[:200])
    before = known.get(key)
    if before is None and len(known) >= most:
        return
    failure.count = failure.record.repeats + (before.count if before else 0)
    if before and before.place < failure.place:
        before.count = failure.count
    else:
        known[key] = failure
