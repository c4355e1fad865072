"""Who stated what, rank by rank and host by host: the account in which a hang or a difference shows.

A fact such as ``torch.timeout.seq`` is an entry in the account of the rank that states it. Where one rank stands at
another number than all others, or stated nothing where all others did, it is the one to look at. Collectives are
counted within a process group, so the accounts of one group are never compared with those of another.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import TypeVar

from logdoctor.facts import Facts
from logdoctor.model import Event, Fact

Key = TypeVar("Key", int, str)

MAJORITY = 0.5
"""Share of the ranks that must have stated a fact before those that did not are conspicuous."""
_WHOLE_WORLD = re.compile(r"0?\(?default_pg\)?|0|0\(default_pg\)|0\(\)")
"""How PyTorch calls the group of all ranks."""


class Ledger:
    """The accounts of all ranks and hosts of a run."""

    def __init__(self, facts: Facts, world: int | None, speakers: Collection[int]) -> None:
        """``world`` is the number of ranks, if known; ``speakers`` are the ranks of which the logs hold any line."""
        self._facts = facts
        self.world = world
        self.speakers = frozenset(speakers)
        self.by_rank: Callable[[str, str | None], Mapping[int, Fact]] = cache(
            lambda name, group: _accounts(self._stated(name, group), lambda fact: fact.stream.rank)
        )
        """The last statement of each rank under a name, within a process group if one is given."""
        self.by_host: Callable[[str], Mapping[str, Fact]] = cache(self._by_host)
        """What each host states under a name; a host that states several values has none."""
        self._groups = {
            (fact.source, fact.line): fact.value
            for name in facts.names()
            if name.endswith(".group")
            for fact in facts.all(name)
        }
        self.absent_ranks: Callable[[str, str | None], list[int]] = cache(self._absent_ranks)
        """The ranks that never stated what most ranks did, under any of several names; none for a group of which the
        members are not known."""

    def group(self, event: Event | None) -> str | None:
        """The process group that an event speaks of, as facts of the same record tell it."""
        if event is None or not self._groups:
            return None
        source = event.record.source
        return next((found for n in event.record.numbers if (found := self._groups.get((source, n)))), None)

    def unheard(self) -> list[int]:
        """The ranks of the run of which the logs hold no line; none where the number of ranks, or who speaks, is not
        known."""
        if not self.world or not self.speakers:
            return []
        return [rank for rank in range(self.world) if rank not in self.speakers]

    def ranks(self, name: str, group: str | None = None) -> list[int]:
        """The ranks that state a fact."""
        return sorted(self.by_rank(name, group))

    def odd_ranks(self, name: str, group: str | None = None) -> list[int]:
        """The ranks that state something else than most ranks do; none where there is no majority."""
        return sorted(_odd(self.by_rank(name, group)))

    def odd_hosts(self, name: str, group: str | None = None) -> list[str]:
        return sorted(_odd(self.by_host(name)))

    def lowest_ranks(self, name: str, group: str | None = None) -> list[int]:
        """The ranks with the lowest number, where ranks differ."""
        numbers = {rank: int(fact.value) for rank, fact in self.by_rank(name, group).items() if _whole(fact.value)}
        if len(set(numbers.values())) < 2:
            return []
        low = min(numbers.values())
        return sorted(rank for rank, number in numbers.items() if number == low)

    def _absent_ranks(self, names: str, group: str | None) -> list[int]:
        stated = {rank for name in names.split() for rank in self.by_rank(name, group)}
        if group is not None and not _WHOLE_WORLD.fullmatch(group):
            return []
        known = range(self.world) if self.world else sorted(self.speakers)
        if not stated or len(stated) < MAJORITY * len(known):
            return []
        return [rank for rank in known if rank not in stated]

    def usual(self, name: str, group: str | None = None) -> str | None:
        """What most ranks, or else most hosts, state; None where there is no majority."""
        return usual(self.by_rank(name, group)) or usual(self.by_host(name))

    def _stated(self, name: str, group: str | None) -> list[Fact]:
        """Statements with the last of each speaker last, also where it repeats an earlier one."""
        stated = [*self._facts.all(name), *self._facts.latest(name)]
        return stated if group is None else [fact for fact in stated if fact.siblings.get("group", group) == group]

    def _by_host(self, name: str) -> Mapping[str, Fact]:
        """Where no line names a host, each source counts as one."""
        stated = self._facts.all(name)
        if not any(fact.stream.host for fact in stated):
            return _consistent(stated, lambda fact: fact.source)
        return _consistent(stated, lambda fact: fact.stream.host)


def _accounts(stated: Iterable[Fact], key: Callable[[Fact], Key | None]) -> dict[Key, Fact]:
    return {who: fact for fact in stated if (who := key(fact)) is not None}


def _consistent(stated: Iterable[Fact], key: Callable[[Fact], Key | None]) -> dict[Key, Fact]:
    accounts: dict[Key, Fact] = {}
    doubtful = set()
    for fact in stated:
        if (who := key(fact)) is not None and accounts.setdefault(who, fact).value != fact.value:
            doubtful.add(who)
    return {who: fact for who, fact in accounts.items() if who not in doubtful}


def usual(accounts: Mapping[Key, Fact]) -> str | None:
    """What most state; None where there is no majority."""
    said = Counter(fact.value for fact in accounts.values()).most_common(2)
    return said[0][0] if said and (len(said) == 1 or said[0][1] > said[1][1]) else None


def _odd(accounts: Mapping[Key, Fact]) -> list[Key]:
    most = usual(accounts)
    return [] if most is None else [who for who, fact in accounts.items() if fact.value != most]


def spelled(items: Iterable[int | str]) -> str:
    """``0-3, 7``; names as they are."""
    items = list(items)
    numbers = [item for item in items if isinstance(item, int)]
    if len(numbers) < len(items):
        return ", ".join(map(str, items))
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)


def read(text: str) -> list[int]:
    """The numbers that :func:`spelled` wrote."""
    spans = [re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip()) for part in text.split(",")]
    return [number for span in spans if span for number in range(int(span[1]), int(span[2] or span[1]) + 1)]


def _whole(text: str) -> bool:
    return re.fullmatch(r"-?\d+", text) is not None
