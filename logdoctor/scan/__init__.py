"""Raw bytes to the lines worth reading, at the speed of memory.

No line is touched in Python unless a literal of some rule or fact stands in it or near it. Around a hit the
neighbouring lines come along, so that the messages it belongs to can be put together. What is given out depends on the
bytes alone, not on how they are cut into blocks, nor on who searches them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy, deepcopy
from functools import cached_property
from typing import NamedTuple

from logdoctor.model import Line
from logdoctor.rulebook import Rulebook
from logdoctor.scan.beats import Beat
from logdoctor.scan.chunks import PIECE, Chunk, Place, context_start, cut, line_end, line_start, place
from logdoctor.scan.folding import ALONE, DIGITS, FREELY, SEEN, WITH_CONTEXT, Folding, Kind
from logdoctor.scan.matcher import LITERAL, SHIFT, Matchers
from logdoctor.scan.newlines import newlines
from logdoctor.scan.search import Search

BEFORE, AFTER = 2048, 4096
"""Bytes of context around a hit, extended to whole lines."""
WINDOW_BEFORE, WINDOW_AFTER, WINDOWS = 4096, 12288, 16
"""What is read of a long line: bytes before and after a hit, and how often."""
TIMEOUT = 0.1
"""Seconds that a heartbeat's pattern may take on a line."""
CROWDED = 1024
"""Bytes of a chunk in which a line that is only counted makes it crowded: then the next one is sifted first."""
HEAD_LINES, HEAD = 64, 64 << 10
"""The first lines of a source that tell its grammars, and the bytes in which they are looked for."""


class Scanner:
    """What to look for, made once for a rulebook."""

    def __init__(self, rulebook: Rulebook, threads: int | None = None) -> None:
        """``threads`` search large sources at the same time; by default one on each processor."""
        called: dict[str, list[int]] = {**{anchor: [] for anchor in rulebook.anchors}, **rulebook.literals}
        self._called, beats = list(called.values()), rulebook.heartbeats
        self._rulebook, anchors = rulebook, set(rulebook.anchors)
        self._anchors = frozenset(number for number, literal in enumerate(called) if literal in anchors)
        self.beats = {
            number: tuple(index for index in indexes if index in beats)
            for number, indexes in enumerate(self._called)
            if not beats.isdisjoint(indexes)
        }
        """For each literal of a heartbeat the heartbeats that it calls for."""
        self.once = frozenset(
            number
            for number, indexes in self.beats.items()
            if number not in self._anchors and len(indexes) == len(self._called[number])
        )
        """The literals of heartbeats alone: most lines that hold one are not wanted."""
        self.literals = [literal.encode() for literal in called]
        self._lone: dict[int, bool] = {}
        self._candidates: dict[tuple[int, ...], frozenset[int]] = {}
        self._search = Search(Matchers(self.literals, self.once), threads)

    def matching(self, index: int) -> Callable[[str], bool]:
        """Whether the pattern of that index matches a line; one that takes too long does not."""

        def matches(line: str) -> bool:
            try:
                return self._rulebook.regex(index).search(line, timeout=TIMEOUT) is not None
            except TimeoutError:
                return False

        return matches

    def candidates(self, literals: tuple[int, ...]) -> frozenset[int]:
        """The patterns that a line with these literals calls for."""
        found = self._candidates.get(literals)
        if found is None:
            if len(self._candidates) >= 1 << 12:
                self._candidates.clear()
            called = frozenset().union(*(self._called[literal] for literal in literals))
            found = self._candidates[literals] = called - self._rulebook.heartbeats
        return found

    def lone(self, literal: int) -> bool:
        """Whether the line of a literal alone is wanted, without context: it calls for facts only."""
        found = self._lone.get(literal)
        if found is None:
            called = [index for index in self._called[literal] if index not in self._rulebook.heartbeats]
            found = literal not in self._anchors and all(map(self._rulebook.is_fact, called))
            self._lone[literal] = found
        return found

    def chunks(self, blocks: Iterable[bytes]) -> Iterator[tuple[Chunk, Sequence[int] | None]]:
        """The bytes of one source as chunks, each with the hits in it; None for one that is still to be searched."""
        return self._search.hits(cut(blocks, BEFORE))

    def find(self, data: bytes, start: int = 0) -> Sequence[int]:
        """The hits from ``start`` on."""
        return self._search.find(data, start)

    @cached_property
    def masked(self) -> list[tuple[bytes, bytes]]:
        """All literals, each with its mask."""
        return [(literal, literal.translate(None, DIGITS)) for literal in self.literals]


class _Span(NamedTuple):
    """Lines that are wanted: those that hold any byte from ``low`` to ``high`` of the source."""

    low: int
    high: int
    alone: bool


class Scan:
    """One pass over one source. Chunks are fed in order, each with its hits."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._chunk = Chunk(b"", 0, 0)
        self._spans: list[_Span] = []
        """What is wanted and was not yet given out."""
        self._hits: dict[int, list[tuple[int, int]]] = {}
        """For each line that is to be read, by where it starts in the source: its literals, with their place in it."""
        self._alone: set[int] = set()
        """Where those of them start of whose kind there were so many that they come without the lines around them."""
        self._emitted = 0
        """Where in the source the last line given out ended."""
        self._number, self._counted = 1, 0
        """The line number at an offset of the source, and that offset; nothing before it will be asked for again."""
        self._beats: dict[int, Beat] = {}
        self._folding = Folding()
        self._crowded = False
        """Whether most of what the last chunk held repeats."""
        self.bytes = 0
        self._head = b""
        self.head: list[str] = []
        """Its first lines; known once the first chunk was fed."""

    def feed(self, chunk: Chunk, hits: Sequence[int] | None = None) -> list[Line]:
        """The lines that are known to be wanted now that these bytes came, and these hits in them; they are looked for
        if not given."""
        self._chunk = chunk
        self.bytes += len(chunk.data) - chunk.new
        if not self.head_known:
            self._head += chunk.data[chunk.new : chunk.new + HEAD - len(self._head)]
            self.head = self._head.decode("utf-8", "replace").split("\n")[:HEAD_LINES]
        counted = self._folding.counted
        places: list[Place] = []
        beats: Sequence[int] = ()
        if hits is None:
            hits, places, beats = self._searched()
        literals = [hit & LITERAL for hit in hits]
        places += self._beat({*literals, *beats})
        if not self._scanner.once.isdisjoint(literals):
            hits = [hit for hit in hits if hit & LITERAL not in self._scanner.once]
            literals = [hit & LITERAL for hit in hits]
        places += self._fold([hit >> SHIFT for hit in hits], literals)
        self._crowded = self._folding.counted - counted > len(chunk.data) // CROWDED
        border = chunk.at + context_start(chunk.data, BEFORE)  # a hit to come wants nothing before it
        spans = self._due(border)
        numbers = self._count([*(noted.at for noted in places), *(start for start, _ in spans), border])
        for noted in places:
            noted.number = numbers[noted.at]
        lines = self._give_out(spans, numbers)
        self._number, self._counted = numbers[border], border
        return lines

    def rest(self) -> list[Line]:
        """All that is still wanted if the source ends here: lines held back, heartbeats, the last of repeated lines."""
        end = self._chunk.at + len(self._chunk.data)
        spans = self._due(end)
        numbers = self._count([start for start, _ in spans])
        beats = [(place, frozenset((index,))) for index, beat in self._beats.items() for place in beat.places]
        lasts = sorted((kind.last.at, kind, kind.last) for kind in self._folding.folded if kind.last)
        before = [0, *(last.number for _, _, last in lasts)]
        return [
            *self._give_out(spans, numbers),
            *(Line(place.number, place.text, calls, True) for place, calls in sorted(beats, key=lambda b: b[0].at)),
            *(
                Line(
                    last.number,
                    last.text,
                    self._scanner.candidates(kind.literals),
                    last.number != number + 1,  # the lines of a traceback are counted each by itself
                    kind.counted,
                    alone=True,
                )
                for number, (_, kind, last) in zip(before, lasts, strict=False)
            ),
        ]

    def twin(self) -> Scan:
        """The same, to go on differently."""
        twin = copy(self)
        twin._spans, twin._hits, twin._folding = list(self._spans), dict(self._hits), deepcopy(self._folding)
        twin._alone = set(self._alone)
        twin._beats = {index: copy(beat) for index, beat in self._beats.items()}
        return twin

    @property
    def lines(self) -> int:
        """Lines so far; one without a newline counts."""
        data = self._chunk.data
        after = newlines(data, self._counted - self._chunk.at, len(data))
        return self._number - 1 + after + (data[-1:] not in (b"", b"\n"))

    @property
    def head_known(self) -> bool:
        """Whether further bytes cannot change :attr:`head`."""
        return len(self._head) >= HEAD or self._head.count(b"\n") >= HEAD_LINES

    @property
    def folded(self) -> int:
        """How many lines were counted, but not read."""
        return self._folding.counted - len(self._folding.folded)

    def _searched(self) -> tuple[Sequence[int], list[Place], Sequence[int]]:
        """The hits in the newest chunk. Where lines repeat and repeat, those are counted at once and not searched: of
        each kind the last one is given, and the literals of heartbeats in any of them."""
        chunk = self._chunk
        if not self._crowded:
            return self._scanner.find(chunk.data, chunk.new), [], ()
        sifted = self._folding.sift(chunk)
        return sifted.hits(self._scanner.find), sifted.lasts, sifted.beats

    def _beat(self, literals: set[int]) -> list[Place]:
        """Look for heartbeats; gives the lines that were noted."""
        scanner = self._scanner
        held: dict[int, list[bytes]] = {}
        for literal in scanner.beats.keys() & literals:
            for index in scanner.beats[literal]:
                held.setdefault(index, []).append(scanner.literals[literal])
        places = []
        for index, texts in held.items():
            if index not in self._beats:
                self._beats[index] = Beat(scanner.matching(index))
            places += self._beats[index].take(self._chunk, texts)
        return places

    def _fold(self, offsets: Sequence[int], literals: Sequence[int]) -> list[Place]:
        """Note the lines that are to be read; of those that repeat and repeat, which are only counted, give the last
        ones. The loop runs once for each line with a hit: half of a log, where all goes wrong."""
        data, base = self._chunk.data, self._chunk.at
        find, rfind, known = data.find, data.rfind, self._folding.known
        lasts: dict[Kind, int] = {}
        at, count, end = 0, len(offsets), 0
        while at < count:
            offset = offsets[at]
            start = rfind(b"\n", end, offset) + 1 or end
            end = find(b"\n", offset) + 1 or len(data)
            if end - start > PIECE:
                start = line_start(data, offset)
                end = line_end(data, start)
            first = at
            while at < count and offsets[at] < end:
                at += 1
            inside = tuple(literals[first:at])
            line = data[start : end if end - start < SEEN else start + SEEN]
            key = hash((line.translate(None, DIGITS), inside))  # the hash alone: kinds are many, and lines are long
            kind = known(key) or self._folding.new(key, inside)
            if kind.count >= ALONE or (kind.count >= FREELY and self._folding.heard(key, line)):
                if kind.count >= ALONE and not kind.learnt:
                    self._folding.learn(kind, line, self._scanner.masked, self._scanner.beats.keys())
                self._folding.count(kind)
                lasts[kind] = start
            else:
                kind.count += 1
                self._want(kind, base + start, [base + offset for offset in offsets[first:at]])
        for kind, start in lasts.items():
            kind.last = place(self._chunk, start)
        return [kind.last for kind in lasts if kind.last]

    def _want(self, kind: Kind, start: int, offsets: Sequence[int]) -> None:
        """Note a line that is to be read, and whether with those around it."""
        lone = self._scanner.lone
        self._hits[start] = [(at - start, literal) for at, literal in zip(offsets, kind.literals, strict=True)]
        if kind.count > WITH_CONTEXT:
            self._alone.add(start)
        calling = [at for at, literal in zip(offsets, kind.literals, strict=True) if not lone(literal)]
        if calling and kind.count <= WITH_CONTEXT:
            self._spans.append(_Span(calling[0] - BEFORE, calling[-1] + AFTER, False))
        else:
            self._spans.append(_Span(start, start, True))

    def _due(self, border: int) -> list[tuple[int, int]]:
        """Where the wanted lines begin and end that can be given out, as no line before them can be wanted any more.

        That is so for lines before ``border``, and for all up to the end of the context of a hit.
        """
        data, base = self._chunk.data, self._chunk.at
        end = base + len(data)
        for span in self._spans:
            if not span.alone:
                border = max(border, self._line_end(span.high))
        due: list[tuple[int, int]] = []
        left = []
        for span in sorted(self._spans):
            start, stop = self._line_start(span.low), self._line_end(span.high)
            if start >= border and span.alone:
                left.append(span)
                continue
            start = max(start, due[-1][1] if due else self._emitted)
            if start < stop:
                if due and due[-1][1] == start:
                    start = due.pop()[0]
                due.append((start, stop))
            if span.high >= end:
                left.append(span)
        self._spans = left
        return due

    def _give_out(self, spans: Sequence[tuple[int, int]], numbers: Mapping[int, int]) -> list[Line]:
        lines: list[Line] = []
        for start, stop in spans:
            lines += self._lines(start, stop, numbers[start], start > self._emitted)
            self._emitted = stop
        return lines

    def _lines(self, start: int, stop: int, number: int, gap: bool) -> Iterator[Line]:
        data, base = self._chunk.data, self._chunk.at
        start, stop = start - base, stop - base
        while start < stop:
            end = line_end(data, start)
            line, at = data[start:end], base + start
            alone = at in self._alone
            for low, high, literals in _parts(line, self._hits.pop(at, ())):
                text = line[low:high].decode("utf-8", "replace")
                yield Line(number, text, self._scanner.candidates(literals), gap, alone=alone)
                gap = False
            self._alone.discard(at)
            number += line.endswith(b"\n")
            start = end

    def _count(self, offsets: Iterable[int]) -> dict[int, int]:
        """The line numbers at offsets of the source: the newlines are counted in one go, however many are asked for."""
        number, at, numbers = self._number, self._counted, {}
        data, base = self._chunk.data, self._chunk.at
        for offset in sorted(set(offsets)):
            number += newlines(data, at - base, offset - base)
            numbers[offset], at = number, offset
        return numbers

    def _line_start(self, offset: int) -> int:
        """Where in the source the line begins that holds an offset; the start of the data at hand, if it lies before
        them."""
        base = self._chunk.at
        return base + line_start(self._chunk.data, max(0, offset - base))

    def _line_end(self, offset: int) -> int:
        """Where it ends; the end of the data at hand, if it lies behind them."""
        data, base = self._chunk.data, self._chunk.at
        if offset - base >= len(data):
            return base + len(data)
        return base + line_end(data, line_start(data, max(0, offset - base)))


def _parts(line: bytes, hits: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """What to read of a line, with the literals in it: all of it, unless it is long or a progress bar has rewritten
    it."""
    end = len(line.rstrip(b"\r\n"))
    if end <= WINDOW_BEFORE + WINDOW_AFTER and line.find(b"\r", 0, end) < 0:
        yield 0, end, tuple([literal for _, literal in hits])
        return
    for low, high in _segments(line, end, [offset for offset, _ in hits]):
        yield low, high, tuple([literal for offset, literal in hits if low <= offset < high])


def _segments(line: bytes, end: int, hits: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The parts between carriage returns that hold a hit or are the last, cut to windows where they are long."""
    start = 0
    while start <= end:
        stop = line.find(b"\r", start, end)
        stop = end if stop < 0 else stop
        inside = [hit for hit in hits if start <= hit < stop]
        if inside or stop == end:
            yield from _windows(start, stop, inside)
        start = stop + 1


def _windows(start: int, stop: int, hits: Sequence[int]) -> Iterator[tuple[int, int]]:
    if stop - start <= WINDOW_BEFORE + WINDOW_AFTER:
        yield start, stop
        return
    reach, given = start, 0
    for hit in hits or [start]:
        if hit >= reach and given < WINDOWS:
            low, reach = max(reach, hit - WINDOW_BEFORE), min(stop, hit + WINDOW_AFTER)
            yield low, reach
            given += 1
