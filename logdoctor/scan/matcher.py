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

    def __init__(
        self,
        literals: Sequence[bytes],
        once: Collection[int] = (),
        keep: bool = False,
        without: Collection[int] = (),
    ) -> None:
        """Args:
        keep: what is made of the literals in the cache, for the next time.
        without: literals that are not looked for.
        """
        try:
            import hyperscan
        except ImportError as error:
            raise NotHere from error
        if any(b"\0" in literal for literal in literals):
            raise NotHere("its Python interface cuts literals at NUL")
        self._engine = hyperscan
        self._lengths = [len(literal) for literal in literals]
        self._database: Any = _database(literals, once, keep, without)
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


def _database(literals: Sequence[bytes], once: Collection[int], keep: bool, without: Collection[int]) -> Any:
    """What Hyperscan makes of the literals. To make it takes as long as to search 40 MB, so it can be kept, together
    with what it was made of."""
    import hyperscan

    ids = [index for index in range(len(literals)) if index not in without]
    wanted = [literals[index] for index in ids]
    flags = [hyperscan.HS_FLAG_SINGLEMATCH * (index in once) for index in ids]
    made_of = repr((wanted, ids, flags)).encode()

    def make() -> Any:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        try:
            database.compile(expressions=wanted, ids=ids, elements=len(ids), flags=flags, literal=True)
        except hyperscan.error as error:
            raise NotHere from error
        return database

    def decode(content: bytes) -> Any:
        if not content.startswith(made_of):
            raise ValueError
        try:
            return hyperscan.loadb(content[len(made_of) :], hyperscan.HS_MODE_BLOCK)
        except hyperscan.error as error:  # damaged, or made for another processor
            raise ValueError from error

    if not keep:
        return make()
    import zlib

    from logdoctor.rulebook.cache import kept

    return kept(f"literals-{zlib.crc32(made_of):08x}", make, lambda made: made_of + hyperscan.dumpb(made), decode)


class Matchers:
    """The engine for a set of literals: Hyperscan, or else one that is built when it pays."""

    def __init__(self, literals: Sequence[bytes], once: Collection[int] = ()) -> None:
        self._literals, self._once = list(literals), frozenset(once)
        self._seen = 0
        self._engine: Matcher | None = None
        self._grows = False
        self._others: dict[frozenset[int], Matcher] = {}

    def after(self, size: int) -> Matcher:
        """The engine for so many bytes more, after all those asked for before."""
        before, self._seen = self._seen, self._seen + size
        if self._engine is None:
            try:
                self._engine = Hyperscan(self._literals, self._once, keep=True)
            except NotHere:
                self._engine, self._grows = Plain(self._literals), bool(self._literals)
        if self._grows and before <= PLAIN < self._seen:
            self._engine = Automaton(self._literals, self._once, fast=False)
        if self._grows and before <= SMALL < self._seen:
            self._engine = Automaton(self._literals, self._once)
        return self._engine

    def without(self, hot: frozenset[int], size: int) -> Matcher:
        """The engine for so many bytes more, in which these literals need not be looked for."""
        engine = self.after(size)
        if not hot or not isinstance(engine, Hyperscan):
            return engine
        if hot not in self._others:
            self._others[hot] = Hyperscan(self._literals, self._once, keep=True, without=hot)
        return self._others[hot]

    def present(self, hot: frozenset[int], data: bytes, start: int) -> list[int]:
        """One hit for each of these literals that occurs from ``start`` on: those that stand in every line of a log are
        found at once from its end."""
        places = ((data.rfind(self._literals[index], start), index) for index in hot)
        return [at << SHIFT | index for at, index in places if at >= 0]

    @property
    def once(self) -> frozenset[int]:
        """The literals of which one hit is enough."""
        return self._once
