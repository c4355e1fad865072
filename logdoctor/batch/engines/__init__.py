"""Who does the work: the processors of this machine, or a Ray cluster; one file each, one interface."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Protocol

from logdoctor.batch.jobs import Job
from logdoctor.batch.outcome import Outcome


class EngineError(Exception):
    """The engine cannot be used; ``str()`` is one sentence: what, why, how to mend it."""


class Engine(Protocol):
    """Works on jobs, several at a time."""

    def outcomes(self, jobs: Iterable[Job]) -> Generator[Outcome | None, None, None]:
        """The outcome of each job, as they come; None when none came for half a second. Jobs are taken when there is
        room for them, and a job that kills its worker becomes an outcome that says so. Closing it stops the work.

        Raises:
            EngineError: the work cannot go on.
        """
        ...
