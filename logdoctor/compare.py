"""Two runs side by side: what a bad run states and says that a good one does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from logdoctor import core
from logdoctor.facts import Facts
from logdoctor.families import Example, Families
from logdoctor.model import Diagnosis
from logdoctor.rulebook import Rulebook
from logdoctor.sources import Source, SourceError

GROUPS = {
    "version": "versions",
    "env": "variables",
    "arg": "arguments",
}
"""First part of a fact's name -> what such facts are called."""
VALUES = 8
"""Values of a fact that are shown of each run."""
_PASSING = frozenset(
    ("pid", "port", "seq", "seconds", "elapsed", "time", "comm", "group", "reached", "enqueued", "completed", "line")
)
"""Last parts of names of facts that differ between any two runs."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that the two runs state differently."""

    group: str
    """``versions``, ``variables``, ``arguments``, or ``others``."""
    name: str
    good: tuple[str, ...]
    """Empty where only the other run states it."""
    bad: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """Lines that only one of the runs says, but for the numbers in them."""

    source: str
    line: int
    """1-based, of the first one."""
    text: str
    count: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a bad run has that a good one does not have, and the other way round."""

    differences: tuple[Difference, ...]
    new: tuple[Family, ...]
    """Only in the bad run: those in the alarming words first, then the rarest."""
    missing: tuple[Family, ...]
    """Only in the good run: the most frequent first."""
    good: Diagnosis
    bad: Diagnosis


def compare(
    good: Iterable[Source | SourceError],
    bad: Iterable[Source | SourceError],
    rulebook: Rulebook,
    warn: Callable[[str, bool], None] = lambda sentence, failure: None,
) -> Comparison:
    """Read both runs and compare them."""
    (healthy, stated_well, said_well), (broken, stated, said) = (_read(run, rulebook, warn) for run in (good, bad))
    return Comparison(
        differences=tuple(_differences(stated_well, stated)),
        new=_only(said, said_well, by_alarm=True),
        missing=_only(said_well, said, by_alarm=False),
        good=healthy,
        bad=broken,
    )


def _read(
    run: Iterable[Source | SourceError], rulebook: Rulebook, warn: Callable[[str, bool], None]
) -> tuple[Diagnosis, Facts, Families]:
    """The diagnosis of a run, what it states, and the families of its lines, in one pass."""
    families = Families()
    reading = core.Run(rulebook, warn)
    for source in run:
        if isinstance(source, SourceError):
            reading.complain(source)
        else:
            reading.read(Source(source.name, partial(_watched, families, source)))
    return reading.diagnosis(), reading.observations.facts, families


def _watched(families: Families, source: Source) -> Iterator[bytes]:
    return families.watch(source.name, source.open())


def _differences(good: Facts, bad: Facts) -> Iterable[Difference]:
    for name in sorted({*good.names(), *bad.names()}):
        if name.rpartition(".")[2] in _PASSING:
            continue
        one, other = (tuple(sorted(facts.values(name))) for facts in (good, bad))
        if one != other:
            group = GROUPS.get(name.partition(".")[0], "others")
            yield Difference(group, name, one[:VALUES], other[:VALUES])


def _only(these: Families, those: Families, *, by_alarm: bool) -> tuple[Family, ...]:
    found = [
        (family, these.examples[family]) for family in these.examples.keys() - those.counts.keys() if family.strip()
    ]

    def rank(item: tuple[bytes, Example]) -> tuple[object, ...]:
        family, example = item
        alarm = by_alarm and not any(word in example.line.lower() for word in _ALARMING)
        return (alarm, -these.counts[family] if not by_alarm else 0, example.source, example.number)

    return tuple(
        Family(
            example.source, example.number, example.line.decode("utf-8", "replace").rstrip("\r"), these.counts[family]
        )
        for family, example in sorted(found, key=rank)
    )


_ALARMING = (b"error", b"warn", b"fail", b"exception", b"timeout", b"timed out", b"refused", b"lost", b"kill", b"nan")
"""Words that make a new line worth reading first; no evidence of anything."""
