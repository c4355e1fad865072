"""Find many literals in raw bytes in one pass, with the engine that fits the machine and the amount of bytes.

All engines give the same hits. A hit is one integer, ``offset << SHIFT | index of the literal``: a block may hold a
hundred thousand of them, and integers sort and compare faster than anything else.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import Any, Protocol

SHIFT = 20
"""Bits of a hit that hold the index of its literal."""
LITERAL = (1 << SHIFT) - 1
"""The mask of those bits."""
PLAIN = 8 << 10
"""Bytes up to which searching for one literal after the other is faster than building anything."""
SMALL = 4 << 20
"""Bytes up to which an automaton that is built fast beats one that is fast."""


class Matcher(Protocol):
    """An engine, made for a set of literals."""

    def find(self, data: bytes, start: int = 0, most: int | None = None) -> list[int] | None:
        """The occurrences of all literals from ``start`` on, overlapping ones too, in the order of their offsets; of a
        literal that is wanted *once* perhaps only the first. None where there are more than ``most``.
        """
        ...


class NotHere(Exception):
    """An engine does not work here."""


class Plain:
    """One literal after the other."""

    def __init__(self, literals: Sequence[bytes], once: Collection[int] = ()) -> None:
        self._literals = literals

    def find(self, data: bytes, start: int = 0, most: int | None = None) -> list[int] | None:
        hits = []
        for index, literal in enumerate(self._literals):
            at = data.find(literal, start)
            while at >= 0:
                hits.append(at << SHIFT | index)
                at = data.find(literal, at + 1)
        return sorted(hits)


class Automaton:
    """Aho and Corasick's automaton, for machines that Hyperscan does not know and for little input."""

    def __init__(self, literals: Sequence[bytes], once: Collection[int] = (), fast: bool = True) -> None:
        from ahocorasick_rs import BytesAhoCorasick, Implementation

        self._once = frozenset(once)
        implementation = Implementation.DFA if fast else Implementation.ContiguousNFA
        self._automaton: Any = BytesAhoCorasick(literals, implementation=implementation)

    def find(self, data: bytes, start: int = 0, most: int | None = None) -> list[int] | None:
        rest = memoryview(data)[start:] if start else data
        found = self._automaton.find_matches_as_indexes(rest, overlapping=True)
        return sorted([start + at << SHIFT | index for index, at, _ in found])


class Hyperscan:
    """Intel's Hyperscan (Vectorscan on Arm), with literals only: its regular expressions miss matches.

    Raises:
        NotHere: it is not installed, this processor lacks what it needs, or it cannot look for these literals.
    """

    def __init__(self, literals: Sequence[bytes], once: Collection[int] = ()) -> None:
        try:
            import hyperscan
        except ImportError as error:
            raise NotHere from error
        if any(b"\0" in literal for literal in literals):
            raise NotHere("its Python interface cuts literals at NUL")
        self._engine = hyperscan
        self._lengths = [len(literal) for literal in literals]
        self._database: Any = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        try:
            self._database.compile(
                expressions=literals,
                ids=range(len(literals)),
                elements=len(literals),
                flags=[hyperscan.HS_FLAG_SINGLEMATCH * (index in once) for index in range(len(literals))],
                literal=True,
            )
        except hyperscan.error as error:
            raise NotHere from error
        self._own = threading.local()

    def find(self, data: bytes, start: int = 0, most: int | None = None) -> list[int] | None:
        hits: list[int] = []
        append, lengths = hits.append, self._lengths

        def note(literal: int, _: int, end: int, flags: int, context: object) -> None:
            append(start + end - lengths[literal] << SHIFT | literal)

        def note_some(literal: int, _: int, end: int, flags: int, context: object) -> bool:
            append(start + end - lengths[literal] << SHIFT | literal)
            return len(hits) > most  # type: ignore[operator]

        try:
            self._database.scan(
                memoryview(data)[start:] if start else data,
                match_event_handler=note if most is None else note_some,
                scratch=self._scratch(),
            )
        except self._engine.ScanTerminated:
            return None
        hits.sort()
        return hits

    def _scratch(self) -> Any:
        """Working memory, which threads cannot share."""
        scratch = getattr(self._own, "scratch", None)
        if scratch is None:
            scratch = self._own.scratch = self._engine.Scratch(self._database)
        return scratch


class Matchers:
    """The engines for a set of literals, each built when it pays."""

    def __init__(self, literals: Sequence[bytes], once: Collection[int] = ()) -> None:
        self._literals, self._once = list(literals), frozenset(once)
        self._seen = 0
        self._engine: Matcher = Plain(self._literals)

    def after(self, size: int) -> Matcher:
        """The engine for so many bytes more, after all those asked for before."""
        before, self._seen = self._seen, self._seen + size
        if before <= PLAIN < self._seen and self._literals:
            self._engine = Automaton(self._literals, self._once, fast=False)
        if before <= SMALL < self._seen and self._literals:
            self._engine = fastest(self._literals, self._once)
        return self._engine


def fastest(literals: Sequence[bytes], once: Collection[int] = ()) -> Matcher:
    """The fastest engine that works here."""
    try:
        return Hyperscan(literals, once)
    except NotHere:
        return Automaton(literals, once)
