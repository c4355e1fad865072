"""Who stated what, rank by rank and host by host: the account in which a hang or a difference shows.

A fact such as ``torch.timeout.seq`` is an entry in the account of the rank that states it. Where one rank stands at
another number than all others, or stated nothing where all others did, it is the one to look at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from functools import cache
from typing import TypeVar

from logdoctor.facts import Facts
from logdoctor.model import Fact

Key = TypeVar("Key")

MAJORITY = 0.5
"""Share of the ranks that must have stated a fact before those that did not are conspicuous."""


class Ledger:
    """The accounts of all ranks and hosts of a run."""

    def __init__(self, facts: Facts, world: int | None, speakers: Collection[int]) -> None:
        """``world`` is the number of ranks, if known; ``speakers`` are the ranks of which the logs hold any line."""
        self._facts = facts
        self.world = world
        self.speakers = frozenset(speakers)
        self.by_rank = cache(lambda name: self._accounts(name, lambda fact: fact.stream.rank))
        """The last statement of each rank under a name."""
        self.by_host = cache(lambda name: self._accounts(name, lambda fact: fact.stream.host))
        """The last statement of each host."""

    def _accounts(self, name: str, key: Callable[[Fact], Key | None]) -> dict[Key, Fact]:
        return {who: fact for fact in self._facts.all(name) if (who := key(fact)) is not None}

    def odd_ranks(self, name: str) -> list[int]:
        """The ranks that state something else than most ranks do; none where there is no majority."""
        return sorted(_odd(self.by_rank(name)))

    def odd_hosts(self, name: str) -> list[str]:
        return sorted(_odd(self.by_host(name)))

    def lowest_ranks(self, name: str) -> list[int]:
        """The ranks with the lowest number, where ranks differ."""
        numbers = {rank: int(fact.value) for rank, fact in self.by_rank(name).items() if _whole(fact.value)}
        if len(set(numbers.values())) < 2:
            return []
        low = min(numbers.values())
        return sorted(rank for rank, number in numbers.items() if number == low)

    def usual(self, name: str) -> str | None:
        """What most ranks, or else most hosts, state; None where there is no majority."""
        accounts = self.by_rank(name) or self.by_host(name)
        said = Counter(fact.value for fact in accounts.values()).most_common(2)
        return said[0][0] if said and (len(said) == 1 or said[0][1] > said[1][1]) else None

    def absent_ranks(self, name: str) -> list[int]:
        """The ranks that never stated what most ranks did.

        A rank counts as absent only if the logs hold lines of it, or lines of nearly all others.
        """
        stated = self.by_rank(name)
        known = range(self.world) if self.world else sorted(self.speakers)
        if not stated or len(stated) <= MAJORITY * len(known):
            return []
        return [rank for rank in known if rank not in stated]


def _odd(accounts: dict[Key, Fact]) -> list[Key]:
    said = Counter(fact.value for fact in accounts.values())
    (usual, most), *others = said.most_common(2) or [("", 0)]
    if not others or most == others[0][1]:
        return []
    return [who for who, fact in accounts.items() if fact.value != usual]


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
