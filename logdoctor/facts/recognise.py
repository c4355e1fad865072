"""Records to events and facts: the rulebook's patterns, tried where their literals were seen."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from logdoctor.model import Event, Fact, Record
from logdoctor.rulebook import Pattern, Rulebook

TIMEOUT = 0.2
"""Seconds that one pattern may take on one record."""
TEXT = 1 << 18
"""Characters of a record that patterns see."""
QUOTE = 400
"""Characters of its line that a fact keeps."""
PER_RECORD = 8
"""Matches of one pattern that are taken from one record."""
KEPT = 4096
"""Choices of patterns that are kept at a time."""


class Recogniser:
    """Tries patterns on records; remembers which took too long."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._applicable: dict[tuple[object, ...], tuple[tuple[int, Pattern], ...]] = {}
        self.slow: dict[str, str] = {}
        """Rule or fact -> where its pattern ran into the timeout first."""

    def recognise(self, record: Record) -> tuple[Sequence[Event], Sequence[Fact]]:
        """The events and facts that a record holds."""
        if not record.candidates:
            return (), ()
        events: dict[tuple[str, int], Event] = {}
        facts: list[Fact] = []
        text = record.text[:TEXT]
        starts = _line_starts(text)
        for index, pattern in self._patterns(record):
            if pattern.needs and not _may_match(pattern, text):
                continue
            for found in self._matches(index, pattern, text, record):
                line = _line_at(record, starts, found.start())
                groups = {name: value.strip() for name, value in found.groupdict().items() if value is not None}
                if pattern.rule:
                    end = _line_at(record, starts, max(found.start(), found.end() - 1))
                    events.setdefault((pattern.rule, line), Event(pattern.rule, record, line, end, groups))
                elif pattern.fact:
                    facts += _facts(pattern.fact, groups, record, line)
        if len(events) < 2:
            return tuple(events.values()), facts
        return sorted(self._told(events.values()), key=lambda e: (e.line, e.rule)), facts

    def _patterns(self, record: Record) -> tuple[tuple[int, Pattern], ...]:
        """The patterns to try on a record; many records want the same."""
        key = (record.candidates, record.level, record.stream.component)
        found = self._applicable.get(key)
        if found is None:
            if len(self._applicable) >= KEPT:
                self._applicable.clear()
            found = tuple((index, self._rulebook.pattern(index)) for index in sorted(record.candidates))
            found = self._applicable[key] = tuple(entry for entry in found if _applies(entry[1], record))
        return found

    def _told(self, events: Collection[Event]) -> list[Event]:
        """The events without those of general rules on lines of which a particular rule speaks."""
        particular = {event.line for event in events if event.rule not in self._rulebook.general}
        return [e for e in events if e.rule not in self._rulebook.general or e.line not in particular]

    def _matches(self, index: int, pattern: Pattern, text: str, record: Record) -> Iterator[Any]:
        try:
            for taken, found in enumerate(self._rulebook.regex(index).finditer(text, timeout=TIMEOUT), 1):
                yield found
                if taken == PER_RECORD:
                    return
        except TimeoutError:
            self.slow.setdefault(pattern.rule or pattern.fact or "", f"{record.source} line {record.first_line}")


def _may_match(pattern: Pattern, text: str) -> bool:
    """Whether the text holds what every match of the pattern does: a tenth of the cost of trying it."""
    for choice in pattern.needs:  # plain loops: this runs several times for each record
        for needed in choice:
            if needed in text:
                break
        else:
            return False
    return True


def _applies(pattern: Pattern, record: Record) -> bool:
    if pattern.levels and record.level and record.level not in pattern.levels:
        return False
    return not pattern.components or record.stream.component in pattern.components


def _facts(name: str, groups: dict[str, str], record: Record, line: int) -> Iterator[Fact]:
    """One fact for each named group; ``value`` (or no group at all) is the fact's own name. Names may hold groups:
    ``env.{name}``."""
    values = {key: value for key, value in groups.items() if f"{{{key}}}" not in name}
    for key in set(groups) - set(values):
        name = name.replace(f"{{{key}}}", groups[key])
    text = record.raw[record.numbers.index(line)] if record.raw else ""
    for key, value in (values or {"value": ""}).items():
        full = name if key == "value" else f"{name}.{key}"
        yield Fact(full, value, record.source, line, record.stream, values, text[:QUOTE], record.time or record.since)


def _line_starts(text: str) -> list[int]:
    starts, at = [0], text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


def _line_at(record: Record, starts: list[int], offset: int) -> int:
    return record.numbers[bisect_right(starts, offset) - 1]
