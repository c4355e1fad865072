"""Raw bytes to the lines worth reading, at the speed of memory.

No line is touched in Python unless a literal of some rule or fact stands in it or near it. Around a hit the
neighbouring lines come along, so that the messages it belongs to can be put together. What is yielded depends on the
bytes alone, not on how they are cut into blocks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from logdoctor.model import Line
from logdoctor.rulebook import Rulebook
from logdoctor.scan.folding import ALONE, WITH_CONTEXT, Folding, Kind
from logdoctor.scan.matcher import Matcher

BEFORE, AFTER = 2048, 4096
"""Bytes of context around a hit, extended to whole lines."""
PIECE = 1 << 20
"""Bytes after which a line without end is cut into pieces."""
WINDOW_BEFORE, WINDOW_AFTER, WINDOWS = 4096, 12288, 16
"""What is read of a long line: bytes before and after a hit, and how often."""
HEAD_LINES = 64
BEATS = 8
"""Lines with a heartbeat's literal on which its pattern is tried in one block, from either end."""

_Hit = tuple[int, int, bool]
"""Offset in the buffer, index of the literal, and whether its line alone is wanted, without context."""


class Scanner:
    """The lines worth reading of one source after the other, with the same rulebook."""

    def __init__(self, rulebook: Rulebook) -> None:
        called: dict[str, list[int]] = {**{anchor: [] for anchor in rulebook.anchors}, **rulebook.literals}
        self._matcher = Matcher([literal.encode() for literal in called])
        beats = rulebook.heartbeats
        self._beats = [tuple(index for index in indexes if index in beats) for indexes in called.values()]
        """For each literal the patterns of which only the first and the last line of a source are wanted."""
        self._calls = [frozenset(index for index in indexes if index not in beats) for indexes in called.values()]
        """For each literal the other patterns that it calls for."""
        anchors = set(rulebook.anchors)
        self._wanted = [
            literal in anchors or not beaten or bool(calls)
            for literal, calls, beaten in zip(called, self._calls, self._beats, strict=True)
        ]
        """For each literal whether each line that holds it is wanted."""
        self._lone = [
            literal not in anchors and all(map(rulebook.is_fact, calls))
            for literal, calls in zip(called, self._calls, strict=True)
        ]
        """For each literal whether its line alone is wanted, without context."""
        self._regex = rulebook.regex

    def scan(self, blocks: Iterable[bytes]) -> Scan:
        """The lines worth reading of the blocks of one source; read it once, from start to end."""
        return Scan(self, blocks)


class Scan:
    """One pass over one source."""

    def __init__(self, scanner: Scanner, blocks: Iterable[bytes]) -> None:
        self._scanner = scanner
        self._blocks = blocks
        self._buffer = b""
        self._hits: list[_Hit] = []
        self._number, self._counted = 1, 0
        """Line number at an offset in the buffer, and that offset."""
        self._emitted = 0
        """Where in the buffer the last line given out ended; -1 if before it."""
        self.bytes = 0
        self.lines = 0
        self._head: list[str] = []
        self._beats: dict[int, list[Line]] = {}
        """The first and the last line of each heartbeat."""
        self._folding = Folding()
        self._folded: dict[int, tuple[Kind, Line]] = {}
        """The last line of each kind that was only counted, by the identity of its kind."""

    def __iter__(self) -> Iterator[Line]:
        scanned = 0
        for block in self._blocks:
            self.bytes += len(block)
            self._buffer += block
            end = self._line_start(len(self._buffer))
            if end > scanned:
                self._find(scanned, end)
                horizon = self._line_start(max(0, end - BEFORE))
                yield from self._emit(horizon)
                scanned = end - horizon
        end = len(self._buffer)
        self._find(scanned, end)
        yield from self._emit(end)
        self.lines = self._number - 1 + (1 if self._ends_open else 0)
        yield from sorted({line for lines in self._beats.values() for line in lines})
        yield from sorted(line._replace(repeats=kind.counted) for kind, line in self._folded.values())

    @property
    def folded(self) -> int:
        """How many lines were counted, but not read."""
        return sum(kind.counted - 1 for kind, _ in self._folded.values())

    def head(self) -> list[str]:
        """The first lines of the source; known once the first line was given out."""
        return self._head

    _ends_open = False
    """Whether the source ends without a newline."""

    def _find(self, start: int, end: int) -> None:
        if not self._head and end:
            self._head = self._buffer[: min(end, 64 << 10)].decode("utf-8", "replace").split("\n")[:HEAD_LINES]
        beats: dict[int, list[int]] = {}
        wanted: list[tuple[int, int]] = []
        for offset, literal in self._scanner._matcher.find(self._buffer[start:end]):
            if self._scanner._wanted[literal]:
                wanted.append((start + offset, literal))
            for index in self._scanner._beats[literal]:
                beats.setdefault(index, []).append(start + offset)
        for index, offsets in beats.items():
            self._note(index, offsets)
        self._fold(wanted)

    def _fold(self, hits: list[tuple[int, int]]) -> None:
        """Note the hits of lines that are to be read; count those of lines that repeat and repeat."""
        folded: dict[int, tuple[Kind, int, list[int]]] = {}
        at = 0
        while at < len(hits):
            stop = self._line_end(hits[at][0])
            first, at = at, bisect_left(hits, (stop, -1), at)
            literals = [literal for _, literal in hits[first:at]]
            kind = self._folding.kind(self._buffer[self._line_start(hits[first][0]) : stop], tuple(literals))
            if kind.count <= ALONE:
                alone = kind.count > WITH_CONTEXT
                self._hits += [
                    (offset, literal, alone or self._scanner._lone[literal]) for offset, literal in hits[first:at]
                ]
            else:
                kind.counted += 1
                folded[id(kind)] = (kind, hits[first][0], literals)
        for kind, offset, literals in folded.values():
            candidates = frozenset().union(*(self._scanner._calls[literal] for literal in literals))
            self._folded[id(kind)] = (kind, self._line_at(offset, candidates))

    def _note(self, index: int, offsets: list[int]) -> None:
        """Remember the first and the last line that a heartbeat's pattern matches; a literal that stands elsewhere too
        is tried a few times."""
        known = self._beats.get(index)
        if known is None:
            if (first := self._beat(index, offsets[:BEATS])) is None:
                return
            known = self._beats[index] = [first]
        if (last := self._beat(index, offsets[: -BEATS - 1 : -1])) is not None:
            self._beats[index] = [known[0], last]

    def _beat(self, index: int, offsets: list[int]) -> Line | None:
        for offset in offsets:
            line = self._line_at(offset, frozenset((index,)))
            if self._scanner._regex(index).search(line.text, timeout=0.1):
                return line
        return None

    def _line_at(self, offset: int, candidates: frozenset[int]) -> Line:
        """The line that holds an offset of the buffer, by itself."""
        start = self._line_start(offset)
        text = self._buffer[start : min(self._line_end(offset), start + WINDOW_AFTER)].decode("utf-8", "replace")
        number = self._number + self._buffer.count(b"\n", self._counted, offset)
        return Line(number, text.rstrip("\r\n"), candidates, True)

    def _emit(self, horizon: int) -> Iterator[Line]:
        """Give out the wanted lines before ``horizon``, and drop the buffer up to there."""
        for start, end in self._wanted(horizon):
            gap = start > self._emitted
            yield from self._lines(start, end, gap)
            self._emitted = end
        buffer = self._buffer
        self._number, self._counted = self._number_at(horizon), 0
        self._ends_open = not buffer.endswith(b"\n") if buffer else self._ends_open
        self._buffer = buffer[horizon:]
        self._emitted = 0 if self._emitted >= horizon else -1
        self._hits = [(hit[0] - horizon, *hit[1:]) for hit in self._hits if hit[0] + AFTER >= horizon]

    def _wanted(self, horizon: int) -> Iterator[tuple[int, int]]:
        """Spans of the wanted lines before ``horizon``, in order, touching none of each other."""
        current_start, current_end = -1, -1
        spans = []
        reach = -1
        for offset, _, alone in self._hits:
            if alone:
                if offset >= max(0, reach):
                    spans.append((self._line_start(offset), self._line_end(offset)))
                    reach = max(reach, spans[-1][1])
            else:
                end = self._line_end(offset + AFTER) if offset + AFTER < len(self._buffer) else len(self._buffer)
                spans.append((self._line_start(max(0, offset - BEFORE)), end))
                reach = max(reach, end)
        for start, end in sorted(spans):
            end = min(end, horizon)
            if start >= end:
                continue
            if start > current_end:
                if current_end > 0:
                    yield current_start, current_end
                current_start, current_end = start, end
            else:
                current_end = max(current_end, end)
        if current_end > 0:
            yield current_start, current_end

    def _lines(self, start: int, end: int, gap: bool) -> Iterator[Line]:
        at = bisect_left(self._hits, (start,))
        number = self._number_at(start)
        while start < end:
            stop = self._line_end(start)
            first, at = at, bisect_left(self._hits, (stop,), at)
            inside = self._hits[first:at]
            text = self._buffer[start:stop]
            for low, high in _segments(text, [hit[0] - start for hit in inside]):
                called = [
                    self._scanner._calls[literal] for offset, literal, _ in inside if low <= offset - start < high
                ]
                candidates = frozenset().union(*called) if called else frozenset()
                yield Line(number, text[low:high].decode("utf-8", "replace"), candidates, gap)
                gap = False
            number += text.endswith(b"\n")
            start = stop

    def _number_at(self, offset: int) -> int:
        """The line number at an offset of the buffer, not before the last one asked for: newlines are counted once, and
        only when needed."""
        self._number += self._buffer.count(b"\n", self._counted, offset)
        self._counted = offset
        return self._number

    def _line_start(self, offset: int) -> int:
        """Where the line, or the piece of an endless line, that holds ``offset`` begins."""
        start = self._buffer.rfind(b"\n", 0, offset) + 1
        return start + (offset - start) // PIECE * PIECE

    def _line_end(self, offset: int) -> int:
        """Where it ends, its newline included."""
        end = self._buffer.find(b"\n", offset) + 1 or len(self._buffer)
        return min(end, self._line_start(offset) + PIECE)


def _segments(line: bytes, hits: list[int]) -> Iterator[tuple[int, int]]:
    """What to read of a line: the parts between carriage returns that hold a hit or are the last, cut to windows where
    they are long."""
    end = len(line.rstrip(b"\r\n"))
    start = 0
    while start <= end:
        stop = line.find(b"\r", start, end)
        stop = end if stop < 0 else stop
        inside = [hit for hit in hits if start <= hit < stop]
        if inside or stop == end:
            yield from _windows(start, stop, inside)
        start = stop + 1


def _windows(start: int, stop: int, hits: list[int]) -> Iterator[tuple[int, int]]:
    if stop - start <= WINDOW_BEFORE + WINDOW_AFTER:
        yield start, stop
        return
    reach, given = start, 0
    for hit in hits or [start]:
        if hit >= reach and given < WINDOWS:
            low, reach = max(reach, hit - WINDOW_BEFORE), min(stop, hit + WINDOW_AFTER)
            yield low, reach
            given += 1
