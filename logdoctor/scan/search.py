"""Search chunks for literals on other processors, ahead of whoever uses the hits."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from logdoctor.scan.chunks import Chunk
from logdoctor.scan.matcher import LITERAL, Matcher, Matchers

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

WORTH = 256 << 10
"""Bytes from which on a chunk is worth handing to another thread."""
DENSE = 32
"""Hits that a thread notes in a chunk before it gives up: for each hit it needs the interpreter, which it shares with
whoever uses the hits, so what holds many is searched there."""
MOST = 4
"""Threads that search, where it is not said how many: more wait for each other, and for what has to be read."""
LEARNT = 8
"""Chunks from which is told which literals stand in every one, or that all hold many."""
RETRIED = 32
"""One of so many chunks is handed to a thread where those before it held many hits."""


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
        threads: how many search at the same time, the caller's own included; by default one on each processor, up
            to :data:`MOST`.
        """
        self._matchers = matchers
        self._threads = threads or min(processors(), MOST)
        self._pool: ThreadPoolExecutor | None = None

    def find(self, data: bytes, start: int = 0) -> Sequence[int]:
        """The hits from ``start`` on."""
        return self._matchers.after(len(data) - start).find(data, start) or ()

    def hits(self, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, Sequence[int] | None]]:
        """The chunks in their order, each with the hits in its new lines; None for one that is still to be searched."""
        ahead: deque[_Ahead] = deque()
        learnt = _Learnt(self._matchers)
        for number, chunk in enumerate(chunks):
            if self._threads > 1 and len(chunk.data) >= WORTH and learnt.worth(number):
                engine = self._matchers.without(learnt.literals, len(chunk.data) - chunk.new)
                ahead.append(_Ahead(chunk, learnt.literals, engine, self._others()))
                if len(ahead) > self._threads:
                    yield learnt.complete(_first(ahead))
                continue
            while ahead:
                yield learnt.complete(_first(ahead))
            yield chunk, None
        while ahead:
            yield learnt.complete(_first(ahead))

    def _others(self) -> ThreadPoolExecutor:
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # 10 ms that little input need not pay

            self._pool = ThreadPoolExecutor(self._threads - 1, "search")
        return self._pool


class _Ahead:
    """A chunk that is searched ahead."""

    def __init__(self, chunk: Chunk, without: frozenset[int], engine: Matcher, pool: ThreadPoolExecutor) -> None:
        self.chunk, self.without = chunk, without
        self._engine = engine
        self._found: list[int] | None = None
        self.future = pool.submit(self._search)

    def help(self) -> bool:
        """Search it here, if nobody has begun to."""
        if self.future.cancelled() or not self.future.cancel():
            return False
        self._found = self._search()
        return True

    def found(self) -> list[int] | None:
        """The hits; None where there are more than :data:`DENSE`. Waits for the thread that searches."""
        return self._found if self.future.cancelled() else self.future.result()

    def _search(self) -> list[int] | None:
        return self._engine.find(self.chunk.data, self.chunk.new, DENSE)


def _first(ahead: deque[_Ahead]) -> _Ahead:
    """The chunk that was handed out first. Until it is searched, this thread searches what no other has begun."""
    first = ahead.popleft()
    while not first.future.done() and any(one.help() for one in (first, *ahead)):
        pass
    return first


class _Learnt:
    """What the chunks of a source so far tell of those to come.

    For each hit a thread waits for the interpreter, and a few in every chunk make it wait longer than it searches. So
    literals of heartbeats that were in each of the first chunks are left out of the search, and looked for by whoever
    uses the hits, for whom that costs nothing as long as they are there; once one is not, all are searched for again.
    And where chunk after chunk holds many hits, threads are hardly asked.
    """

    def __init__(self, matchers: Matchers) -> None:
        self._matchers = matchers
        self._always = matchers.once
        self._seen = 0
        self._dense = 0
        """How many of the last chunks held more than threads search for, one after the other."""
        self.literals: frozenset[int] = frozenset()

    def worth(self, number: int) -> bool:
        """Whether to hand the chunk of that number to a thread: where all is dense, only now and then."""
        return self._dense < LEARNT or number % RETRIED == 0

    def complete(self, ahead: _Ahead) -> tuple[Chunk, Sequence[int] | None]:
        """The chunk with all its hits, those of the literals that were left out included."""
        chunk, without, hits = ahead.chunk, ahead.without, ahead.found()
        if hits is None:
            self._dense += 1
            return chunk, None
        self._dense = 0
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
