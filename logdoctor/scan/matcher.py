"""Find many literals in raw bytes in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ahocorasick_rs import BytesAhoCorasick, Implementation

DFA_AFTER = 4 << 20
"""Bytes after which the faster automaton, which takes longer to build, pays for itself."""


class Matcher:
    """All literals of a rulebook as one automaton."""

    def __init__(self, literals: Sequence[bytes]) -> None:
        self._literals = list(literals)
        self._automaton: Any = None
        self._seen = 0
        self._fast = False

    def find(self, data: bytes) -> list[tuple[int, int]]:
        """Start and index of every occurrence of a literal in ``data``, in the order of their starts; overlapping ones
        too."""
        if not self._literals:
            return []
        self._seen += len(data)
        if self._automaton is None or (self._seen > DFA_AFTER and not self._fast):
            self._fast = self._seen > DFA_AFTER
            implementation = Implementation.DFA if self._fast else Implementation.ContiguousNFA
            self._automaton = BytesAhoCorasick(self._literals, implementation=implementation)
        return sorted(
            (start, index) for index, start, _ in self._automaton.find_matches_as_indexes(data, overlapping=True)
        )
