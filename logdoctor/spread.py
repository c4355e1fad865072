"""Several sources at the same time, each read by a process of its own.

Threads share the search (:mod:`logdoctor.scan.search`), but not what is done with the lines that it finds: where many
lines matter, only processes make use of all processors.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from threading import active_count
from typing import TYPE_CHECKING, NamedTuple

from logdoctor.scan.search import processors
from logdoctor.sources import Source

if TYPE_CHECKING:
    from logdoctor.core import Run, Share

WORTH = 32 << 20
"""Bytes of all sources together from which on processes are worth their start."""


class _Read(NamedTuple):
    """What a process read."""

    share: Share
    warnings: list[tuple[str, bool]]


_run: Run
_sources: Sequence[Source]
"""What the processes read; they inherit it, as open sources cannot be sent."""


def worth(sources: Sequence[Source]) -> bool:
    """Whether to read these in several processes. Only on Linux, and only while there are no threads: else forking is
    not safe."""
    return (
        len(sources) > 1
        and active_count() == 1
        and sum(source.size or 0 for source in sources) >= WORTH
        and processors() > 1
        and os.uname().sysname == "Linux"
    )


def read(run: Run, sources: Sequence[Source]) -> None:
    """Read the sources for a run, as :meth:`Run.read` does one after the other, and take over what they give in their
    order. What a process that dies leaves unread is read here."""
    import multiprocessing  # 5 ms that nobody else need pay
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    global _run, _sources
    _run, _sources = run, sources
    done = 0
    workers = min(processors(), len(sources))
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), initializer=_alone)
    try:
        for found in pool.map(_share, range(len(sources))):
            for sentence, failure in found.warnings:
                run.warn(sentence, failure)
            run.join(found.share)
            done += 1
    except BrokenProcessPool:  # one was killed, most likely for its memory
        for source in sources[done:]:
            run.read(source)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _alone() -> None:
    """Ctrl-C ends a process without a word: the one that waits for it has them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _share(place: int) -> _Read:
    """What a source gives."""
    from logdoctor.core import Run

    warnings: list[tuple[str, bool]] = []
    run = Run(_run.rulebook, lambda sentence, failure: warnings.append((sentence, failure)), threads=1)
    run.read(_sources[place])
    return _Read(run.share(), warnings)
