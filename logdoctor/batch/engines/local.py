"""The processors of this machine: a process for each, each job in one of them."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from itertools import islice
from typing import Any

from logdoctor.batch.engines import EngineError
from logdoctor.batch.jobs import Job
from logdoctor.batch.outcome import Outcome, timed_out, undiagnosed
from logdoctor.batch.work import Work

try:
    from pebble import ProcessExpired, ProcessPool
except ImportError:
    raise EngineError("--engine local needs Pebble, which is not installed; pip install 'logdoctor[batch]'") from None

AHEAD = 2
"""Jobs for each worker that are handed out before it asks."""
TRIES = 2
"""How often a job may kill its worker: the first time it may have been the fault of another job's memory."""
PULSE = 0.5
"""Seconds."""


class Local:
    """Several processes of this machine."""

    def __init__(self, work: Work, workers: int, timeout: float | None = None) -> None:
        """``timeout`` are the seconds that a job may take."""
        self._work, self._workers, self._timeout = work, workers, timeout

    def outcomes(self, jobs: Iterable[Job]) -> Generator[Outcome | None, None, None]:
        # a fresh process for the others to be forked from: this one has threads, which must not be forked
        context: Any = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        pool: Any = ProcessPool(max_workers=self._workers, initializer=_ready, initargs=(self._work,), context=context)
        try:
            yield from self._through(pool, iter(jobs))
        finally:
            pool.stop()
            pool.join()

    def _through(self, pool: Any, jobs: Iterator[Job]) -> Iterator[Outcome | None]:
        running: dict[Any, tuple[Job, int]] = {}

        def start(job: Job, tries: int) -> None:
            running[pool.schedule(_do, args=(self._work, job), timeout=self._timeout)] = job, tries

        while True:
            for job in islice(jobs, AHEAD * self._workers - len(running)):
                start(job, 1)
            if not running:
                return
            done, _ = wait(running, timeout=PULSE, return_when=FIRST_COMPLETED)
            if not done:
                yield None
            for future in done:
                job, tries = running.pop(future)
                error = future.exception()
                if isinstance(error, ProcessExpired) and tries < TRIES:
                    start(job, tries + 1)
                else:
                    yield self._failed(job, error) if error else future.result()

    def _failed(self, job: Job, error: BaseException) -> Outcome:
        if isinstance(error, TimeoutError):
            return timed_out(job, self._timeout, self._work.version)
        if isinstance(error, ProcessExpired):
            return undiagnosed(job, "crashed", _death(int(error.exitcode)), self._work.version)
        return undiagnosed(job, "crashed", f"logdoctor failed: {type(error).__name__}: {error}", self._work.version)


def _death(status: int) -> str:
    if status >= 0:
        return f"the process that read it ended with status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    out_of_memory = "; the kernel does that when memory runs out (dmesg), fewer --workers need less of it"
    return f"the process that read it was killed by {name}{out_of_memory if name == 'SIGKILL' else ''}"


def _ready(work: Work) -> None:
    """Before the first job of a process: Ctrl-C is for the parent, and rules are compiled once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _ = work.version


def _do(work: Work, job: Job) -> Outcome:
    return work.do(job)
