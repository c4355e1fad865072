"""Signs that the run went on: a training step, a served request. What they contradict stopped nothing."""

from __future__ import annotations

from collections.abc import Iterable

from logdoctor.diagnosis.findings import Draft
from logdoctor.facts import Facts
from logdoctor.formats.times import seconds
from logdoctor.model import Event, Fact

PATIENCE = 30.0
"""Seconds for which other ranks may go on after one of them failed, until they need it."""


class Progress:
    """The last signs of progress of each source."""

    def __init__(self, facts: Facts, names: Iterable[str]) -> None:
        """``names`` are the facts that show progress."""
        self._last: dict[str, list[Fact]] = {}
        for name in names:
            for fact in facts.latest(name):
                self._last.setdefault(fact.source, []).append(fact)

    def after(self, draft: Draft) -> str | None:
        """A place that shows that the run went on after every occurrence; None if there is none."""
        if draft.layer == "advice":
            return None
        signs = [self._after(event) for event in draft.events]
        return None if None in signs else signs[0]

    def _after(self, event: Event) -> str | None:
        for fact in self._last.get(event.record.source, ()):
            if fact.line > event.end_line and _contradicts(fact, event):
                return f"{fact.source}:{fact.line}"
        return None


def _contradicts(fact: Fact, event: Event) -> bool:
    """Whether the one who failed must have gone on: other ranks go on for a while without it."""
    failed, going = event.record.stream.rank, fact.stream.rank
    if failed is None or failed == going:
        return True
    if going is not None:
        return False
    one, other = seconds(event.record.time or event.record.since), seconds(fact.time)
    return one is None or other is None or other - one > PATIENCE
