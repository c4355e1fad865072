"""Recognise lines that repeat, before they cost anything.

A job in distress says the same thing a million times. Lines that differ only in digits, and hold the same literals,
count as one: the first ones are read with the lines around them, further ones alone, then only so many of each speaker,
and from then on they are counted, with the last of them kept.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from logdoctor.scan.chunks import Chunk, Place, place
from logdoctor.scan.matcher import SHIFT

WITH_CONTEXT, FREELY, ALONE = 16, 64, 1024
"""Occurrences of one kind of line in a source that are read with the lines around them, whoever speaks, and at all."""
EACH, SPEAKERS = 16, 1 << 16
"""How many are read of each speaker once so many were read freely, and speakers that are told apart by kind."""
PREFIX = 64
"""Bytes of a line, its time left out, that tell who speaks, as far as a kind leaves that open."""
KINDS = 1 << 16
"""Different kinds that are told apart; lines of further kinds are all read."""
SURE = 1024
"""Kinds whose lines are told without a search."""
SEEN = 400
"""Bytes of a line that tell its kind."""
DIGITS = b"0123456789abcdefABCDEF"
"""What may differ within a kind: decimal and hexadecimal digits."""
_TIME = re.compile(rb"\d\d:\d\d:\d\d(?:[.,]\d+)?|\[ *\d+\.\d+\]|\d{10,}(?:\.\d+)?")
"""What differs from line to line whoever speaks: the time of day, seconds since the start or since 1970."""


@dataclass(slots=True, eq=False)
class Kind:
    """The lines of one kind in a source."""

    literals: tuple[int, ...]
    count: int = 0
    counted: int = 0
    """How many lines were only counted."""
    learnt: bool = False
    """Whether it was tried to tell its lines without a search."""
    last: Place | None = None
    """The last of those."""


class _Sure(NamedTuple):
    """How lines of a kind are told by their mask."""

    kind: Kind
    beats: tuple[int, ...]
    """Those of its literals that heartbeats have."""
    holds: tuple[bytes, ...]
    """What its lines hold. Any line of that mask can hold each only once."""
    lacks: tuple[bytes, ...]
    """All other literals that a line of that mask could hold."""

    def fits(self, lines: Sequence[bytes]) -> bool:
        """Whether all these lines, whose mask is that of the kind, are of the kind."""
        text = b"\n".join(lines)
        return (
            max(map(len, lines)) + 1 < SEEN
            and all(text.count(held) == len(lines) for held in self.holds)
            and not any(lacked in text for lacked in self.lacks)
        )


class Sifted(NamedTuple):
    """What is left of a chunk."""

    lines: Sequence[bytes]
    starts: Sequence[int]
    """Where in the data of the chunk each of them begins."""
    lasts: list[Place]
    """The last line of each kind of which lines were counted."""
    beats: Sequence[int]
    """Literals of heartbeats that lines held which were counted."""

    def hits(self, find: Callable[[bytes], Sequence[int]]) -> list[int]:
        """The hits in what is left, by where they are in the chunk."""
        found = find(b"\n".join(self.lines))
        if not found:
            return []
        joined = [at + number for number, at in enumerate(accumulate(map(len, self.lines[:-1]), initial=0))]
        shifts = [start - at << SHIFT for start, at in zip(self.starts, joined, strict=True)]
        return [hit + shifts[bisect_right(joined, hit >> SHIFT) - 1] for hit in found]


class Folding:
    """The kinds of lines of one source."""

    def __init__(self) -> None:
        self._kinds: dict[int, Kind] = {}
        self.folded: dict[Kind, None] = {}
        """The kinds of which lines were only counted, in the order in which that began."""
        self.counted = 0
        """How many lines were only counted."""
        self._speakers: dict[tuple[int, int], int] = {}
        """For each kind's key and speaker how many lines were read since any were read freely."""
        self._sure: dict[bytes, _Sure] = {}
        """Some of those by their mask, the newline left out."""

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

    def heard(self, key: int, line: bytes) -> bool:
        """Whether enough lines of the kind with this key were read of whoever speaks in this one; if not, it counts as
        read."""
        speaker = key, hash(_TIME.sub(b"", line[: 2 * PREFIX])[:PREFIX])
        read = self._speakers.get(speaker, 0)
        if read or len(self._speakers) < SPEAKERS:
            self._speakers[speaker] = read + 1
        return read >= EACH

    def count(self, kind: Kind, lines: int = 1) -> None:
        """So many further lines of a kind were only counted."""
        kind.count += lines
        kind.counted += lines
        self.counted += lines
        self.folded[kind] = None

    def learn(self, kind: Kind, line: bytes, literals: Sequence[tuple[bytes, bytes]], beats: Set[int]) -> None:
        """Learn to tell the kind of this line by its mask, if that is possible.

        Args:
            literals: all there are, each with its mask.
            beats: those of heartbeats.
        """
        kind.learnt = True
        mask = line.translate(None, DIGITS)
        if len(line) >= SEEN or mask[-1:] != b"\n" or len(self._sure) >= SURE:
            return
        possible = [number for number, (_, masked) in enumerate(literals) if masked in mask]
        held = [number for number in possible if literals[number][0] in line]
        if any(mask.find(literals[number][1], mask.find(literals[number][1]) + 1) >= 0 for number in held):
            return  # how often a line holds it cannot be told
        self._sure[mask[:-1]] = _Sure(
            kind,
            tuple(number for number in held if number in beats),
            tuple(literals[number][0] for number in held),
            tuple(literals[number][0] for number in possible if number not in held),
        )

    def sift(self, chunk: Chunk) -> Sifted:
        """Count the lines of a chunk that are sure to be only counted, all at once; what is left is still to be
        searched.

        Where one line in two repeats, the calls for each hit are what costs. So all lines are masked and told apart by
        the interpreter's own loops. The same kinds come out as from a search.
        """
        new = chunk.data[chunk.new :]
        lines = new.split(b"\n")
        starts = list(accumulate(map(len, lines[:-1]), initial=chunk.new))  # less the newlines before them
        masks = new.translate(None, DIGITS).split(b"\n")
        masks.pop()  # what stands behind the last newline is no whole line
        sure, same = self._sure, defaultdict(list)
        for number, mask in enumerate(masks):
            if mask in sure:
                same[mask].append(number)
        lasts: list[Place] = []
        beats: set[int] = set()
        counted: set[int] = set()
        for mask, numbers in same.items():
            if not sure[mask].fits([lines[number] for number in numbers]):
                del sure[mask]  # lines of several kinds have that mask
                continue
            kind, last = sure[mask].kind, numbers[-1]
            self.count(kind, len(numbers))
            kind.last = place(chunk, starts[last] + last)
            lasts.append(kind.last)
            beats.update(sure[mask].beats)
            counted.update(numbers)
        left = [number for number in range(len(lines)) if number not in counted]
        return Sifted([lines[n] for n in left], [starts[n] + n for n in left], lasts, sorted(beats))
