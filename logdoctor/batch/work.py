"""What is done with a job, in whatever process, on whatever machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from logdoctor import __version__, core, rulebook
from logdoctor.batch.jobs import Job
from logdoctor.batch.outcome import Outcome, diagnosed


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
        failures: list[str] = []
        diagnosis = core.explain(
            job.sources(),
            rulebook.load(self.rules),
            lambda sentence, failure: failures.extend([sentence] * failure),
        )
        if self.masked:
            from logdoctor.redact import Redactor

            diagnosis = Redactor().diagnosis(diagnosis)
        return diagnosed(job, diagnosis, failures, self.version)
