"""Two results of the same jobs: which of them got another diagnosis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from logdoctor.batch.store import connect


class Said(NamedTuple):
    """What results say of a job."""

    state: str
    verdict: str | None
    fingerprint: str | None
    title: str | None


class Change(NamedTuple):
    """A job of both results that they do not say the same of."""

    job: str
    old: Said
    new: Said


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different in the new results."""

    old: Path
    new: Path
    same: int
    """Jobs of both that they say the same of."""
    changed: tuple[Change, ...]
    """By job."""
    gone: tuple[str, ...]
    """Jobs that only the old results have."""
    added: tuple[str, ...]
    """Jobs that only the new ones have."""
    rulebooks: tuple[tuple[str, ...], tuple[str, ...]]
    """The versions of logdoctor and its rules that made the old and the new ones."""

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone or self.added)


def changes(old: Path, new: Path) -> Changes:
    """Compare two results, job by job.

    Raises:
        ResultsError: one of them cannot be read.
    """
    with connect(old):  # says what is wrong with it, if anything is
        pass
    with connect(new) as both:
        path = str(old).replace("'", "''")
        both.execute(f"ATTACH '{path}' AS earlier (READ_ONLY)")

        def ask(sql: str) -> list[tuple[str, ...]]:
            return both.execute(sql).fetchall()

        said = "{0}.state, {0}.verdict, {0}.fingerprint, {0}.title"
        joined = "FROM earlier.jobs AS o JOIN jobs AS n USING (job)"
        differ = "(o.state, o.verdict, o.fingerprint) IS DISTINCT FROM (n.state, n.verdict, n.fingerprint)"
        changed = ask(f"SELECT job, {said.format('o')}, {said.format('n')} {joined} WHERE {differ} ORDER BY job")
        same = ask(f"SELECT count(*) {joined} WHERE NOT ({differ})")
        gone = ask("SELECT job FROM earlier.jobs WHERE job NOT IN (SELECT job FROM jobs) ORDER BY job")
        added = ask("SELECT job FROM jobs WHERE job NOT IN (SELECT job FROM earlier.jobs) ORDER BY job")
        made = [ask(f"SELECT DISTINCT rulebook FROM {jobs} ORDER BY 1") for jobs in ("earlier.jobs", "jobs")]
    return Changes(
        old=old,
        new=new,
        same=int(same[0][0]),
        changed=tuple(Change(job, Said(*row[:4]), Said(*row[4:])) for job, *row in changed),
        gone=tuple(job for (job,) in gone),
        added=tuple(job for (job,) in added),
        rulebooks=(tuple(version for (version,) in made[0]), tuple(version for (version,) in made[1])),
    )
