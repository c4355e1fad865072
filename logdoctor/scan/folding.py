"""Recognise lines that repeat, before they cost anything.

A job in distress says the same thing a million times. Lines that differ only in digits, and call for the same patterns,
count as one: the first ones are read with the lines around them, further ones alone, and from then on they are counted,
with the last of them kept.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

WITH_CONTEXT, ALONE = 64, 2048
"""Occurrences of one kind of line in a source that are read with the lines around them, and at all."""
KINDS = 1 << 16
"""Different kinds that are told apart; lines of further kinds are all read."""
SEEN = 400
"""Bytes of a line that tell its kind."""
_DIGITS = b"0123456789abcdefABCDEF"


@dataclass(slots=True)
class Kind:
    """The lines of one kind in a source."""

    count: int = 0
    counted: int = 0
    """How many lines were only counted."""


class Folding:
    """The kinds of lines of one source."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[bytes, Hashable], Kind] = {}

    def kind(self, line: bytes, calls: Hashable) -> Kind:
        """The kind of a line that calls for these patterns; its ``count`` now includes this line."""
        key = (line[:SEEN].translate(None, _DIGITS), calls)
        kind = self._kinds.get(key)
        if kind is None:
            kind = Kind()
            if len(self._kinds) < KINDS:
                self._kinds[key] = kind
        kind.count += 1
        return kind
