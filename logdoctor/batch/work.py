"""What is done with a job, in whatever process, on whatever machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from logdoctor import __version__, core, rulebook
from logdoctor.batch.jobs import Job, LogFile
from logdoctor.batch.outcome import Outcome, diagnosed
from logdoctor.sources import SourceError

PART = 256 << 20
"""Bytes of logs from which on a job may be read in parts."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a part of a job's logs gave."""

    share: core.Share
    failures: tuple[str, ...]
    """What could not be read."""


@dataclass(frozen=True, slots=True)
class Work:
    """How jobs are diagnosed."""

    rules: tuple[Path, ...] = ()
    """Folders with more rules."""
    masked: bool = False
    """Whether secrets and people stay out of the outcome."""

    @property
    def version(self) -> str:
        """What decides an outcome besides the logs."""
        return f"{__version__}+{rulebook.load(self.rules).digest}{'+masked' if self.masked else ''}"

    def do(self, job: Job) -> Outcome:
        """Diagnose a job."""
        run, failures = self._read(job)
        return self._outcome(job, run, failures)

    def read(self, job: Job) -> Read:
        """Read a part of the logs of a job."""
        run, failures = self._read(job)
        return Read(run.share(), tuple(failures))

    def conclude(self, job: Job, parts: Sequence[Read]) -> Outcome:
        """The outcome of a job whose logs were read in parts."""
        run = core.Run(rulebook.load(self.rules), threads=1)
        for part in parts:
            run.join(part.share)
        return self._outcome(job, run, [failure for part in parts for failure in part.failures])

    def _read(self, job: Job) -> tuple[core.Run, list[str]]:
        """The logs, read, and what could not be."""
        failures: list[str] = []

        def warn(sentence: str, failure: bool) -> None:
            failures.extend([sentence] * failure)

        run = core.Run(rulebook.load(self.rules), warn, threads=1)  # the other processors have jobs of their own
        for source in job.sources():
            if isinstance(source, SourceError):
                run.complain(source)
            else:
                run.read(source)
        return run, failures

    def _outcome(self, job: Job, run: core.Run, failures: Sequence[str]) -> Outcome:
        diagnosis = run.conclusion(
            lambda name: next((s for s in job.sources() if not isinstance(s, SourceError) and s.name == name), None)
        )
        if self.masked:
            from logdoctor.redact import Redactor

            diagnosis = Redactor().diagnosis(diagnosis)
        return diagnosed(job, diagnosis, failures, self.version)


def parts(job: Job, size: int = PART) -> Iterator[Job]:
    """The job, or, if it is large, parts of about that many bytes, each of whole files. Names of sources are the same
    in a part as in the whole."""
    if job.bytes <= size or len(job.files) < 2:
        yield job
        return
    taken: list[LogFile] = []
    total = 0
    for file in job.files:
        if taken and total + file.size > size:
            yield replace(job, files=tuple(taken))
            taken, total = [], 0
        taken.append(file)
        total += file.size
    yield replace(job, files=tuple(taken))
