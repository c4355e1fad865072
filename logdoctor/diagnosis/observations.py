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
ERRORS = 64
"""Error messages without a rule that are kept."""

FATAL = "fatal message"
"""What stands for an exception's type where a process died with a mere message."""
_HANDLED = frozenset(
    ("KeyboardInterrupt", "SystemExit", "CancelledError", "GeneratorExit", "StopIteration", "StopAsyncIteration")
)
_IGNORED = re.compile(r"Exception ignored (?:in|on|while)\b")
"""What Python says before a traceback that stops nothing."""
_VARIABLE = re.compile(r"0x[0-9a-fA-F]+|[0-9a-f]{8,}|\d+")


@dataclass(slots=True)
class Failure:
    """An exception, or a fatal message, that no rule knows."""

    record: Record
    line: int
    name: str
    """The exception's type as printed, or or :data:`FATAL`."""
    message: str
    frame: str | None
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
    errors: dict[str, tuple[Record, int]] = field(default_factory=dict)
    """Error records without a rule, by masked text, and how often each occurred."""
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
        if exceptions and not any(event.rule in causes for event in events):
            self._fail(record, exceptions[0], events)
        elif not exceptions and not events and record.level in ("error", "fatal"):
            self._complain(record)

    def _fail(self, record: Record, exception: Raised, events: Sequence[Event]) -> None:
        if exception.name in _HANDLED or any(map(_IGNORED.match, record.lines)) or any(exception.first <= event.line <= exception.last for event in events):
            return
        key = (exception.type, _VARIABLE.sub("#", exception.message)[:200])
        if known := self.failures.get(key):
            known.count += record.repeats
        elif len(self.failures) < FAILURES:
            self.failures[key] = Failure(
                record, exception.line, exception.type, exception.message, exception.frame, record.repeats
            )

    def _complain(self, record: Record) -> None:
        text = next((line for line in record.lines if line.strip()), "")
        if record.level == "fatal":
            key = (FATAL, _VARIABLE.sub("#", text)[:200])
            if key not in self.failures and len(self.failures) < FAILURES:
                self.failures[key] = Failure(record, record.first_line, FATAL, text, None, record.repeats)
            return
        masked = _VARIABLE.sub("#", text)[:200]
        first, count = self.errors.get(masked, (record, 0))
        if count or len(self.errors) < ERRORS:
            self.errors[masked] = (first, count + record.repeats)
