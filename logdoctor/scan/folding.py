"""Recognise lines that repeat, before they cost anything.

A job in distress says the same thing a million times. Lines that differ only in digits, and hold the same literals,
count as one: the first ones are read with the lines around them, further ones alone, and from then on they are counted,
with the last of them kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from logdoctor.scan.chunks import Place

WITH_CONTEXT, ALONE = 64, 2048
"""Occurrences of one kind of line in a source that are read with the lines around them, and at all."""
KINDS = 1 << 16
"""Different kinds that are told apart; lines of further kinds are all read."""
SEEN = 400
"""Bytes of a line that tell its kind."""
DIGITS = b"0123456789abcdefABCDEF"
"""What may differ within a kind: decimal and hexadecimal digits."""


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

    @property
    def known(self) -> Callable[[int], Kind | None]:
        """Gives the kind with a key, if there is one."""
        return self._kinds.get

    def new(self, key: int, literals: tuple[int, ...]) -> Kind:
        """A kind that was not known; it is from now on, unless too many are."""
        kind = Kind(literals)
        if len(self._kinds) < KINDS:
            self._kinds[key] = kind
        return kind
