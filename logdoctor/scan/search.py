"""Search chunks for literals on other processors, ahead of whoever uses the hits."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from logdoctor.scan.chunks import Chunk
from logdoctor.scan.matcher import Matchers

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

WORTH = 256 << 10
"""Bytes from which on a chunk is worth handing to another thread."""
DENSE = 32
"""Hits that a thread notes in a chunk before it gives up: for each hit it needs the interpreter, which it shares with
whoever uses the hits, so what holds many is searched there."""


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
        ahead: deque[tuple[Chunk, Future[list[int] | None]]] = deque()
        for chunk in chunks:
            if self._threads > 1 and len(chunk.data) >= WORTH:
                engine = self._matchers.after(len(chunk.data) - chunk.new)
                ahead.append((chunk, self._others().submit(engine.find, chunk.data, chunk.new, DENSE)))
                if len(ahead) > self._threads:
                    yield _found(*ahead.popleft())
                continue
            while ahead:
                yield _found(*ahead.popleft())
            yield chunk, None
        while ahead:
            yield _found(*ahead.popleft())

    def _others(self) -> ThreadPoolExecutor:
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # 10 ms that little input need not pay

            self._pool = ThreadPoolExecutor(self._threads - 1, "search")
        return self._pool


def _found(chunk: Chunk, future: Future[list[int] | None]) -> tuple[Chunk, Sequence[int] | None]:
    return chunk, future.result()
