"""Recognise lines that repeat, before they cost anything.

A job in distress says the same thing a million times. Lines that differ only in digits, and hold the same literals,
count as one: the first ones are read with the lines around them, further ones alone, and from then on they are counted,
with the last of them kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from logdoctor.scan.chunks import Place

WITH_CONTEXT, ALONE = 64, 2048
"""Occurrences of one kind of line in a source that are read with the lines around them, and at all."""
KINDS = 1 << 16
"""Different kinds that are told apart; lines of further kinds are all read."""
SEEN = 400
"""Bytes of a line that tell its kind."""
_DIGITS = b"0123456789abcdefABCDEF"


@dataclass(slots=True, eq=False)
class Kind:
    """The lines of one kind in a source."""

    literals: tuple[int, ...]
    count: int = 0
    counted: int = 0
    """How many lines were only counted."""
    last: Place | None = None
    """The last of those."""


class Folding:
    """The kinds of lines of one source."""

    def __init__(self) -> None:
        self._kinds: dict[int, Kind] = {}
        self.folded: dict[Kind, None] = {}
        """The kinds of which lines were only counted, in the order in which that began."""

    def kind(self, line: bytes, literals: tuple[int, ...]) -> Kind:
        """The kind of a line that begins so and holds these literals; its ``count`` now includes this line."""
        key = hash((line.translate(None, _DIGITS), literals))  # the hash alone: kinds are many, and lines long
        kind = self._kinds.get(key)
        if kind is None:
            kind = Kind(literals)
            if len(self._kinds) < KINDS:
                self._kinds[key] = kind
        kind.count += 1
        return kind
