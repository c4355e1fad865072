"""The run as lanes over time: what each rank or process showed first of each finding, and how far it came.

Bounded whatever the logs hold: one mark for each lane and finding, one for the first and the last sign of progress and
the first and the last record that was read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from logdoctor.diagnosis.findings import Draft
from logdoctor.diagnosis.observations import SIGHT, Observations, quote
from logdoctor.facts import Facts
from logdoctor.formats.times import dated, normalise, seconds
from logdoctor.model import Fact, Lane, Mark, Stream, Timeline

LANES = 2048
"""Lanes that are kept; those that show a finding before others."""

Completion = Callable[[str, Stream], Stream]
_Key = tuple[Any, ...]


def course(
    drafts: Sequence[Draft],
    observations: Observations,
    facts: Facts,
    signs: Iterable[str],
    complete: Completion = lambda source, stream: stream,
) -> Timeline:
    """The course of the run. ``signs`` are the facts that show that it went on; ``complete`` adds to the stream of
    a source what else is known of who speaks in it."""
    marks: dict[_Key, list[Mark]] = defaultdict(list)
    speakers: dict[_Key, Stream] = {}

    def note(source: str, stream: Stream, mark: Mark) -> None:
        stream = complete(source, stream)
        key = _lane(source, stream)
        speakers[key] = _fuller(speakers.get(key), stream)
        marks[key].append(mark)

    for source, stream, mark in (*_found(drafts, observations), *_went_on(facts, signs), *_heard(observations)):
        note(source, stream, mark)
    clock = _Clock(mark for lane in marks.values() for mark in lane)
    lanes = []
    for key, kept in marks.items():
        found = sorted((clock.place(mark) for mark in _first_of_each(kept)), key=_moment)
        lanes.append(Lane(speakers[key], found[0].source, tuple(found)))
    lanes.sort(key=lambda lane: not any(mark.kind == "finding" for mark in lane.marks))
    return Timeline(clock.start, tuple(_in_order(lanes[:LANES])), omitted=max(0, len(lanes) - LANES))


def _found(drafts: Sequence[Draft], observations: Observations) -> Iterable[tuple[str, Stream, Mark]]:
    """The first occurrences of each finding in each stream."""
    by_event = {(event.rule, event.record.source, event.line): draft.id for draft in drafts for event in draft.events}
    usual: dict[str, str] = {}
    """Rule -> the finding that most of its events belong to; what further occurrences count as."""
    for draft in sorted(drafts, key=lambda draft: len(draft.events)):
        usual[draft.rule] = draft.id
    for (rule, source, stream), seen in observations.sightings.items():
        if finding := by_event.get((rule, source, seen.line), usual.get(rule)):
            yield source, stream, _mark("finding", source, seen.line, seen.time, finding, seen.count, seen.text)
    for draft in drafts:
        if draft.rule == "unrecognised-failure":
            for event in draft.events:
                record = event.record
                time, text = record.time or record.since, quote(record, event.line)[:SIGHT]
                mark = _mark("finding", record.source, event.line, time, draft.id, record.repeats, text)
                yield record.source, record.stream, mark


def _went_on(facts: Facts, signs: Iterable[str]) -> Iterable[tuple[str, Stream, Mark]]:
    """The first and the last sign of progress of each stream."""
    by_stream: dict[tuple[str, Stream], list[Fact]] = defaultdict(list)
    for name in signs:
        for fact in (*facts.all(name), *facts.latest(name)):
            by_stream[fact.source, fact.stream].append(fact)
    for (source, stream), stated in by_stream.items():
        stated.sort(key=lambda fact: fact.line)
        for fact in {stated[0].line: stated[0], stated[-1].line: stated[-1]}.values():
            yield source, stream, _mark("progress", source, fact.line, fact.time, text=fact.text[:SIGHT])


def _heard(observations: Observations) -> Iterable[tuple[str, Stream, Mark]]:
    for (source, stream), (first, last) in observations.speakers.items():
        yield source, stream, _mark("first", source, first.line, first.time)
        yield source, stream, _mark("last", source, last.line, last.time)


def _mark(
    kind: Any, source: str, line: int, time: str | None, finding: str = "", count: int = 1, text: str = ""
) -> Mark:
    return Mark(kind, source, line, normalise(time), seconds(time), finding, count, text)


def _lane(source: str, stream: Stream) -> _Key:
    """What tells one lane from another: the rank, else the process, else the host, else the source."""
    if stream.rank is not None:
        return ("rank", stream.rank)
    if stream.component == "kernel":
        return ("kernel", stream.host or source)
    if stream.pid is not None or stream.process:
        return ("process", stream.host or source, stream.pid if stream.pid is not None else stream.process)
    return ("host", stream.host) if stream.host else ("source", source)


def _fuller(known: Stream | None, stream: Stream) -> Stream:
    """Both descriptions of one speaker together; the component only where it is the same."""
    if known is None:
        return stream
    return Stream(
        host=known.host or stream.host,
        rank=known.rank if known.rank is not None else stream.rank,
        pid=known.pid if known.pid is not None else stream.pid,
        process=known.process or stream.process,
        component=known.component if known.component == stream.component else None,
    )


def _first_of_each(marks: list[Mark]) -> list[Mark]:
    """One mark for each finding, with all occurrences counted; the outermost of the other kinds."""
    found: dict[str, Mark] = {}
    others: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        if mark.kind != "finding":
            others[mark.kind].append(mark)
        elif before := found.get(mark.finding):
            count = before.count + mark.count
            found[mark.finding] = min(before, mark, key=_moment)._replace(count=count)
        else:
            found[mark.finding] = mark
    kept = list(found.values())
    if first := others["first"]:
        kept.append(min(first, key=_moment))
    if last := others["last"]:
        kept.append(max(last, key=_moment))
    if progress := sorted(others["progress"], key=_moment):
        kept += progress[:1] + progress[1:][-1:]
    return kept


def _moment(mark: Mark) -> tuple[float, str, int]:
    """A key that orders marks; those without a time come first, in the order of sources and lines."""
    return (mark.at if mark.at is not None else -1.0, mark.source, mark.line)


class _Clock:
    """The time that all lanes share: that of most marks, with the year or without it."""

    def __init__(self, marks: Iterable[Mark]) -> None:
        timed = [mark for mark in marks if mark.at is not None]
        self._dated = sum(map(_dated, timed)) > len(timed) / 2
        timed = [mark for mark in timed if _dated(mark) is self._dated]
        first = min(timed, key=_moment, default=None)
        self.start = first.time if first else None
        self._zero = (first and first.at) or 0.0
        self._known: dict[str, list[tuple[int, float]]] = defaultdict(list)
        """Source -> its lines whose time is known."""
        for mark in timed:
            self._known[mark.source].append((mark.line, mark.at or 0.0))
        for known in self._known.values():
            known.sort()

    def place(self, mark: Mark) -> Mark:
        """The mark with ``at`` counted from the start; without a time of its own it stands at that of the line before
        it in its source, or else after it."""
        if mark.at is not None:
            return mark._replace(at=round(mark.at - self._zero, 3) if _dated(mark) is self._dated else None)
        known = self._known.get(mark.source)
        if not known:
            return mark
        before = bisect_right(known, (mark.line, float("inf"))) - 1
        return mark._replace(at=round(known[max(before, 0)][1] - self._zero, 3))


def _dated(mark: Mark) -> bool:
    return mark.at is not None and dated(mark.at)


def _in_order(lanes: Sequence[Lane]) -> list[Lane]:
    """By rank; what has none stands before the first rank of its host, or else last, by host and source."""
    first: dict[str | None, int] = {}
    for lane in lanes:
        host, rank = lane.stream.host, lane.stream.rank
        if host and rank is not None:
            first[host] = min(rank, first.get(host, rank))

    def place(lane: Lane) -> tuple[Any, ...]:
        stream = lane.stream
        near = first.get(stream.host) if stream.rank is None else stream.rank
        return (
            near is None,
            near or 0,
            stream.rank is not None,
            stream.host or "",
            lane.source,
            stream.process or "",
            stream.pid or 0,
        )

    return sorted(lanes, key=place)
