"""What a batch did, and what its results hold now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from logdoctor.batch.fingerprint import template
from logdoctor.batch.outcome import Outcome
from logdoctor.batch.store import connect

CAUSES = 10
"""Kinds of failure that are named."""
UNDONE = 100
"""Jobs without a full diagnosis that are named; all are in the results."""


class Undone(NamedTuple):
    """A job that could not be read, or not all of it."""

    job: str
    state: str
    reason: str


class Cause(NamedTuple):
    """A kind of failure, and how many jobs it struck."""

    fingerprint: str
    title: str
    """What differs from job to job is taken out."""
    jobs: int


@dataclass
class Summary:
    """Filled while the batch goes on."""

    results: Path
    jobs: int
    """Jobs that were found."""
    read: int = 0
    unchanged: int = 0
    """Jobs whose diagnosis in the results still holds."""
    bytes: int = 0
    """Unpacked."""
    states: Counter[str] = field(default_factory=Counter)
    """Of the jobs that were read."""
    undone: list[Undone] = field(default_factory=list)
    stopped: bool = False
    """Whether it was interrupted."""
    started: float = field(default_factory=perf_counter)
    seconds: float = 0.0
    verdicts: dict[str, int] = field(default_factory=dict)
    """Of all jobs in the results."""
    causes: list[Cause] = field(default_factory=list)
    """Of all jobs in the results, the most frequent first."""

    def told(self, job: str, outcome: Outcome | None) -> None:
        """A job is done, or needed not be."""
        self.seconds = perf_counter() - self.started
        if outcome is None:
            self.unchanged += 1
            return
        self.read += 1
        self.bytes += outcome.bytes
        self.states[outcome.state] += 1
        if outcome.reason and len(self.undone) < UNDONE:
            self.undone.append(Undone(job, outcome.state, outcome.reason))

    @property
    def complete(self) -> bool:
        """Whether there is a diagnosis of each job."""
        return not self.stopped and self.states["diagnosed"] == self.read

    def close(self) -> None:
        """Ask the results what they hold now.

        Raises:
            ResultsError: they cannot be read.
        """
        with connect(self.results) as results:
            verdicts = "SELECT verdict, count(*) FROM jobs WHERE verdict IS NOT NULL GROUP BY ALL ORDER BY 2 DESC, 1"
            self.verdicts = dict(results.execute(verdicts).fetchall())
            causes = """
                SELECT fingerprint, mode(title), count(DISTINCT title), count(*) FROM jobs WHERE fingerprint IS NOT NULL
                GROUP BY fingerprint ORDER BY 4 DESC, 1 LIMIT ?"""
            self.causes = [
                Cause(fingerprint, title if titles == 1 else template(title), jobs)
                for fingerprint, title, titles, jobs in results.execute(causes, [CAUSES]).fetchall()
            ]
