"""Heartbeats: facts that healthy runs state all the time, of which only the first and the last line are wanted.

Reading them all would cost as much as reading the log. So a source is divided into slots, and in each slot only the
first and the last line that hold a literal of the heartbeat are tried, and only until one matches: what is found
depends on the bytes alone, however they arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from logdoctor.scan.chunks import Chunk, Place, line_end, line_start, place

FINE, BEGIN, SLOT = 64, 1 << 20, 16 << 10
"""Bytes of a slot at the beginning of a source, of that beginning, and of a slot behind it. A line belongs to the slot
in which it begins."""


class Beat:
    """One heartbeat in one source."""

    def __init__(self, matches: Callable[[str], bool]) -> None:
        self._matches = matches
        self._first: Place | None = None
        self._tried = -1
        """The last slot of which the first line was tried, while none has matched."""
        self._last: Place | None = None
        """The last line that matches in the slots before the newest one."""
        self._newest: Place | None = None
        """The last line of the newest slot, if it matches; a later line of that slot takes its place, matching or not.
        """
        self._slot = -1

    @property
    def places(self) -> list[Place]:
        """The first and the last line that match."""
        found = (self._first, self._newest or self._last)
        return sorted({line.at: line for line in found if line}.values(), key=lambda line: line.at)

    def take(self, chunk: Chunk, literals: Sequence[bytes]) -> list[Place]:
        """Look at a chunk whose new lines hold these literals of the heartbeat; gives the lines noted, numbers to be
        told."""
        noted = [] if self._first else self._find_first(chunk, literals)
        return noted + self._find_last(chunk, literals)

    def _find_first(self, chunk: Chunk, literals: Sequence[bytes]) -> list[Place]:
        for start in _forwards(chunk, literals):
            slot = _slot(chunk.at + start)
            if slot > self._tried:
                self._tried, self._first = slot, self._match(chunk, start)
                if self._first:
                    return [self._first]
        return []

    def _find_last(self, chunk: Chunk, literals: Sequence[bytes]) -> list[Place]:
        starts = _backwards(chunk, literals)
        if (start := next(starts, None)) is None:
            return []
        slot, newest = _slot(chunk.at + start), self._match(chunk, start)
        replaced = slot == self._slot
        older = None
        for start in starts:
            replaced |= _slot(chunk.at + start) == self._slot
            if older := self._match(chunk, start):
                break
        self._last = older or self._last if replaced else older or self._newest or self._last
        self._slot, self._newest = slot, newest
        return [line for line in (older, newest) if line]

    def _match(self, chunk: Chunk, start: int) -> Place | None:
        line = place(chunk, start)
        return line if self._matches(line.text) else None


def _slot(at: int) -> int:
    return at // FINE if at < BEGIN else (at - BEGIN) // SLOT + BEGIN // FINE


def _border(chunk: Chunk, slot: int) -> int:
    """Where in the data of a chunk the first line of a slot begins."""
    begin = BEGIN // FINE
    border = (slot * FINE if slot <= begin else BEGIN + (slot - begin) * SLOT) - chunk.at
    if border <= 0 or border >= len(chunk.data):
        return max(0, min(border, len(chunk.data)))
    start = line_start(chunk.data, border)
    return start if start == border else line_end(chunk.data, start)


def _forwards(chunk: Chunk, literals: Sequence[bytes]) -> Iterator[int]:
    """Where the first line with a literal begins in each slot, from the new lines' begin to the end of the chunk."""
    data, low = chunk.data, chunk.new
    places = {literal: data.find(literal, low) for literal in literals}
    while found := [at for at in places.values() if at >= 0]:
        start = line_start(data, min(found))
        yield start
        low = max(line_end(data, start), _border(chunk, _slot(chunk.at + start) + 1))
        for literal, at in places.items():
            if 0 <= at < low:
                places[literal] = data.find(literal, low)


def _backwards(chunk: Chunk, literals: Sequence[bytes]) -> Iterator[int]:
    """Where the last line with a literal begins in each slot, from the end of the chunk to the new lines' begin."""
    data, high = chunk.data, len(chunk.data)
    places = {literal: data.rfind(literal, chunk.new) for literal in literals}
    while (found := max(places.values(), default=-1)) >= 0:
        start = line_start(data, found)
        yield start
        high = _border(chunk, _slot(chunk.at + start))
        for literal, at in places.items():
            if at >= high:
                places[literal] = data.rfind(literal, chunk.new, max(chunk.new, high))
