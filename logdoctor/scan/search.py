"""Search chunks for literals on other processors, ahead of whoever uses the hits."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from logdoctor.scan.chunks import Chunk
from logdoctor.scan.matcher import LITERAL, Matchers

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

WORTH = 256 << 10
"""Bytes from which on a chunk is worth handing to another thread."""
DENSE = 32
"""Hits that a thread notes in a chunk before it gives up: for each hit it needs the interpreter, which it shares with
whoever uses the hits, so what holds many is searched there."""
LEARNT = 8
"""Chunks from which is told which literals stand in every one."""


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


class Search:
    """Searches the chunks of one source after the other."""

    def __init__(self, matchers: Matchers, threads: int | None = None) -> None:
        """Args:
        threads: how many search at the same time, the caller's own included; by default one on each processor.
        """
        self._matchers = matchers
        self._threads = threads or processors()
        self._pool: ThreadPoolExecutor | None = None

    def find(self, data: bytes, start: int = 0) -> Sequence[int]:
        """The hits from ``start`` on."""
        return self._matchers.after(len(data) - start).find(data, start) or ()

    def hits(self, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, Sequence[int] | None]]:
        """The chunks in their order, each with the hits in its new lines; None for one that is still to be searched."""
        ahead: deque[tuple[Chunk, frozenset[int], Future[list[int] | None]]] = deque()
        hot = _Hot(self._matchers)
        for chunk in chunks:
            if self._threads > 1 and len(chunk.data) >= WORTH:
                engine = self._matchers.without(hot.literals, len(chunk.data) - chunk.new)
                future = self._others().submit(engine.find, chunk.data, chunk.new, DENSE)
                ahead.append((chunk, hot.literals, future))
                if len(ahead) > self._threads:
                    yield hot.complete(*ahead.popleft())
                continue
            while ahead:
                yield hot.complete(*ahead.popleft())
            yield chunk, None
        while ahead:
            yield hot.complete(*ahead.popleft())

    def _others(self) -> ThreadPoolExecutor:
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # 10 ms that little input need not pay

            self._pool = ThreadPoolExecutor(self._threads, "search")
        return self._pool


class _Hot:
    """The literals of heartbeats that stand in every chunk of a source.

    For each hit a thread waits for the interpreter, and a few in every chunk make it wait longer than it searches. So
    literals that were in each of the first chunks are left out of the search, and looked for by whoever uses the hits,
    for whom that costs nothing as long as they are there. Once one is not, all are searched for again.
    """

    def __init__(self, matchers: Matchers) -> None:
        self._matchers = matchers
        self._always = matchers.once
        self._seen = 0
        self.literals: frozenset[int] = frozenset()

    def complete(
        self, chunk: Chunk, without: frozenset[int], future: Future[list[int] | None]
    ) -> tuple[Chunk, Sequence[int] | None]:
        """The chunk with all its hits, those of the literals that were left out included."""
        hits = future.result()
        if hits is None:
            return chunk, None
        self._seen += 1
        if self._seen <= LEARNT:
            self._always &= {hit & LITERAL for hit in hits}
            if self._seen == LEARNT:
                self.literals = self._always
        if without:
            found = self._matchers.present(without, chunk.data, chunk.new)
            if len(found) < len(without):
                self.literals = frozenset()
            hits = [*hits, *found]
        return chunk, hits
