"""Two runs side by side: what a bad run states and says that a good one does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from logdoctor import core
from logdoctor.facts import Facts
from logdoctor.families import Families
from logdoctor.formats import assemble
from logdoctor.model import Diagnosis
from logdoctor.rulebook import Rulebook
from logdoctor.sources import Source, SourceError

GROUPS = {
    "versions": r"version\.",
    "variables": r"env\.",
    "arguments": r"arg\.",
    "interfaces": r".*\binterfaces?$|.*\.ifname$",
    "transports": r"nccl\.(?:net|ib|gpu-direct|net-plugin)\b|.*\.transport$",
    "topology": r".*\.(?:world_size|nranks|nnodes|nodes|localranks|nproc_per_node|size|gpus)$|torch\.(?:nnodes|nproc)",
    "others": r"",
}
"""What differences are called -> the names of the facts that belong there; the first that fits."""
VALUES = 8
"""Values of a fact that are shown of each run."""
_PASSING = re.compile(
    r".*\.(?:pid|port|seq|seconds|elapsed|time|comm|group|reached|enqueued|completed|line|address|host|rank|step)"
)
"""Last parts of names of facts that differ between any two runs."""
_ALARMING = re.compile(
    rb"error|warn|fail|exception|time(?:d )?out|refused|lost|kill|abort|\bnan\b|unable|cannot", re.IGNORECASE
)
"""Words that make a new line worth reading first; no evidence of anything."""


_CONTINUES = re.compile(r"[\s|+^~]|Traceback|During handling of|The above exception")
FAMILIES = 5000
"""Families of one run that are looked at: the first ones."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that the two runs state differently."""

    group: str
    """One of :data:`GROUPS`."""
    name: str
    good: tuple[str, ...]
    """Its values; none where only the other run states it."""
    bad: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """Lines that only one of the runs says; numbers in them do not count."""

    source: str
    line: int
    """1-based, of the first one."""
    text: str
    """The first line as it stands in the log."""
    message: str
    """It without its prefixes."""
    count: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a bad run has that a good one does not have, and the other way round."""

    differences: tuple[Difference, ...]
    """In the order of :data:`GROUPS`."""
    new: tuple[Family, ...]
    """Only in the bad run: alarming ones first, then in the order of sources and lines."""
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
    """Read both runs, each in one pass, and compare them."""
    well, ill = (_Run(run, rulebook, warn) for run in (good, bad))
    return Comparison(
        differences=tuple(_differences(well.facts, ill.facts)),
        new=tuple(sorted(_only(ill, well, rulebook), key=_alarm)),
        missing=tuple(
            sorted(_only(well, ill, rulebook), key=lambda family: (-family.count, family.source, family.line))
        ),
        good=well.diagnosis,
        bad=ill.diagnosis,
    )


class _Run:
    """The diagnosis of a run, what it states, and the families of its lines."""

    def __init__(
        self, sources: Iterable[Source | SourceError], rulebook: Rulebook, warn: Callable[[str, bool], None]
    ) -> None:
        self.families = Families()
        run = core.Run(rulebook, warn)
        for source in sources:
            if isinstance(source, SourceError):
                run.complain(source)
            else:
                run.read(Source(source.name, partial(self._watched, source)))
        self.diagnosis = run.diagnosis()
        self.facts = run.observations.facts

    def _watched(self, source: Source) -> Iterator[bytes]:
        return self.families.watch(source.name, source.open())


def _differences(good: Facts, bad: Facts) -> Iterator[Difference]:
    names = {*good.names(), *bad.names()}
    for group in GROUPS:
        for name in sorted(name for name in names if _group(name) == group and _lasting(name)):
            one, other = (tuple(sorted(facts.values(name))) for facts in (good, bad))
            if one != other:
                yield Difference(group, name, one[:VALUES], other[:VALUES])


def _group(name: str) -> str:
    return next(group for group, names in GROUPS.items() if re.match(names, name))


def _lasting(name: str) -> bool:
    return not _PASSING.fullmatch(name)


def _only(run: _Run, other: _Run, rulebook: Rulebook) -> Iterator[Family]:
    """The families that only the one run has, those left out that only go on with a line before them."""
    examples = run.families.examples
    only = sorted((examples[family], family) for family in examples.keys() - other.families.examples.keys())
    for example, family in only[:FAMILIES]:
        text = example.line.decode("utf-8", "replace").rstrip("\r")
        message = next((record.text for record in assemble("", [(1, text)], rulebook.grammars)), "")
        if message.strip() and not _CONTINUES.match(message):
            yield Family(example.source, example.number, text, message, run.families.counts[family])


def _alarm(family: Family) -> tuple[bool, str, int]:
    return (not _ALARMING.search(family.text.encode()), family.source, family.line)
