"""A Ray cluster: a task for each job, and for a large one a task for each part of its files."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from time import monotonic
from typing import Any

from logdoctor.batch.engines import EngineError
from logdoctor.batch.jobs import Job
from logdoctor.batch.outcome import Outcome, undiagnosed
from logdoctor.batch.work import Work
from logdoctor.safetext import harmless

AHEAD = 2
"""Tasks for each processor of the cluster that are handed out before one is free."""
RETRIES = 3
"""How often a task is done again whose node or worker was lost."""
PULSE = 0.5
"""Seconds."""
LOOK = 10.0
"""Seconds after which the size of the cluster is asked for again: it may grow and shrink."""


class Ray:
    """The user's cluster. Its nodes need logdoctor of the same version, and the logs where they are for this one."""

    def __init__(self, work: Work, workers: int | None, timeout: float | None, address: str | None) -> None:
        """``workers`` limits the jobs at a time, ``timeout`` the seconds of one. Without an address a cluster is looked
        for, and else Ray is started here.

        Raises:
            EngineError: Ray is not installed, or there is no cluster at the address.
        """
        try:
            import ray
        except ImportError:
            raise EngineError("--engine ray needs Ray, which is not installed; pip install 'logdoctor[ray]'") from None
        self._work, self._workers, self._timeout, self._ray = work, workers, timeout, ray
        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR", ignore_reinit_error=True)
        except Exception as error:
            where = f"at {harmless(address)}" if address else "here"
            raise EngineError(
                f"no Ray {where}: {harmless(str(error)).splitlines()[0]}; ray status shows whether a cluster runs"
            ) from error
        self._do: Any = ray.remote(num_cpus=1, max_retries=RETRIES)(_do)

    def outcomes(self, jobs: Iterable[Job]) -> Generator[Outcome | None, None, None]:
        try:
            yield from self._through(iter(jobs))
        finally:
            self._ray.shutdown()

    def _through(self, jobs: Iterator[Job]) -> Generator[Outcome | None, None, None]:
        running: dict[Any, tuple[Job, float]] = {}
        room, asked = 0, float("-inf")
        while True:
            if monotonic() - asked > LOOK:
                room, asked = self._room(), monotonic()
            for job in islice(jobs, max(0, room - len(running))):
                running[self._do.remote(self._work, job)] = job, monotonic()
            if not running:
                return
            done, _ = self._ray.wait(list(running), timeout=PULSE, fetch_local=True)
            if done:
                done, _ = self._ray.wait(list(running), num_returns=len(running), timeout=0)
            else:
                yield None
            for task in done:
                job, _ = running.pop(task)
                yield self._outcome(task, job)

    def _room(self) -> int:
        """Tasks that may be handed out and not yet done."""
        processors = int(self._ray.cluster_resources().get("CPU", 0)) or 1
        return self._workers or AHEAD * processors

    def _outcome(self, task: Any, job: Job) -> Outcome:
        try:
            outcome: Outcome = self._ray.get(task)
        except Exception as error:  # whatever ended the task: Ray wraps it
            reason = harmless(str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__)
            return undiagnosed(job, "crashed", f"the task on the cluster ended: {reason}", self._work.version)
        return outcome


def _do(work: Work, job: Job) -> Outcome:
    return work.do(job)
