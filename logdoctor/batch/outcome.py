"""What becomes of a job: rows for the tables of the results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from typing import Any, Literal

from logdoctor.batch.fingerprint import fingerprint
from logdoctor.batch.jobs import Job
from logdoctor.model import Actor, Diagnosis, Finding, Timeline
from logdoctor.render.json import document

State = Literal["diagnosed", "partial", "unreadable", "crashed", "timed-out"]
Row = dict[str, Any]

TEXT = 2000
"""Characters of a line or a reason that are kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A job that was worked on."""

    job: str
    state: State
    reason: str | None
    verdict: str | None
    bytes: int
    """Unpacked."""
    rows: Mapping[str, Sequence[Row]]
    """By table, as ``store/schema.sql`` names tables and columns; plain data."""


def diagnosed(job: Job, diagnosis: Diagnosis, failures: Sequence[str], rulebook: str) -> Outcome:
    """The outcome of a job that was read, as far as it could be. ``failures`` say what could not."""
    stats = diagnosis.stats
    if not stats.bytes and not failures:
        failures = ["its logs are empty"]
    if not stats.bytes:
        return undiagnosed(job, "unreadable", "; ".join(failures), rulebook)
    state: State = "partial" if failures else "diagnosed"
    reason = "; ".join(failures)[:TEXT] or None
    rows = {"jobs": [_job(job, diagnosis, state, reason, rulebook)], **_details(job.name, diagnosis)}
    return Outcome(job.name, state, reason, diagnosis.verdict, stats.bytes, rows)


def undiagnosed(job: Job, state: State, reason: str, rulebook: str) -> Outcome:
    """The outcome of a job that there is no diagnosis of."""
    return Outcome(job.name, state, reason[:TEXT], None, 0, {"jobs": [_base(job, state, reason[:TEXT], rulebook)]})


def timed_out(job: Job, seconds: float | None, rulebook: str) -> Outcome:
    """The outcome of a job that was given up after so many seconds."""
    return undiagnosed(
        job, "timed-out", f"its diagnosis took more than {seconds:g} s; --timeout gives it more", rulebook
    )


def _base(job: Job, state: State, reason: str | None, rulebook: str) -> Row:
    return {
        "job": job.name,
        "paths": job.paths,
        "state": state,
        "reason": reason,
        "modified_at": _stamp(datetime.fromtimestamp(job.modified, timezone.utc)) if job.modified else None,
        "files": len(job.files),
        "bytes": 0,
        "lines": 0,
        "seconds": 0.0,
        "inputs": job.digest,
        "rulebook": rulebook,
        "diagnosed_at": _stamp(datetime.now(timezone.utc)),
    }


def _job(job: Job, diagnosis: Diagnosis, state: State, reason: str | None, rulebook: str) -> Row:
    stats, first = diagnosis.stats, _first(diagnosis)
    clock = _Clock(job.modified)
    times = [clock.read(mark.time) for lane in diagnosis.timeline.lanes for mark in lane.marks]
    known = sorted(time for time in times if time)
    ranks = diagnosis.cluster.world_size or len(diagnosis.cluster.ranks) or None
    row = {
        **_base(job, state, reason, rulebook),
        "verdict": diagnosis.verdict,
        "fingerprint": fingerprint(diagnosis.verdict, first),
        "started_at": _stamp(known[0]) if known else None,
        "ended_at": _stamp(known[-1]) if known else None,
        "ranks": ranks,
        "gpu_hours": ranks * (known[-1] - known[0]).total_seconds() / 3600 if known and ranks else None,
        "bytes": stats.bytes,
        "lines": stats.lines,
        "seconds": stats.seconds,
    }
    if first is None:
        return row
    guilty = next((actor for actor in first.guilty if actor.host), first.guilty[0] if first.guilty else Actor())
    failed = min(filter(None, (clock.read(evidence.time) for evidence in first.evidence)), default=None)
    return {
        **row,
        "finding": first.id,
        "title": first.title,
        "component": first.component,
        "severity": first.severity,
        "layer": first.layer,
        "confidence": first.confidence,
        "host": guilty.host,
        "rank": guilty.rank,
        "device": guilty.device,
        "failed_at": _stamp(failed) if failed else None,
    }


def _first(diagnosis: Diagnosis) -> Finding | None:
    """The finding that a job is counted under; advice is none."""
    if diagnosis.verdict == "healthy":
        return None
    return next((finding for finding in diagnosis.findings if finding.role != "advice"), None)


def _details(job: str, diagnosis: Diagnosis) -> dict[str, list[Row]]:
    found = list(enumerate(diagnosis.findings))
    lean = diagnosis._replace(timeline=Timeline())
    cluster = diagnosis.cluster
    settings = {"version": cluster.versions, "variable": cluster.env}
    return {
        "findings": [
            {
                "job": job,
                "place": place,
                "finding": finding.id,
                "title": finding.title,
                "component": finding.component,
                "severity": finding.severity,
                "layer": finding.layer,
                "role": finding.role,
                "confidence": finding.confidence,
                "count": finding.count,
            }
            for place, finding in found
        ],
        "evidence": [
            {
                "job": job,
                "place": place,
                "source": evidence.source,
                "line": evidence.line,
                "text": evidence.text[:TEXT],
                "host": evidence.stream.host,
                "rank": evidence.stream.rank,
                "pid": evidence.stream.pid,
                "time": evidence.time,
            }
            for place, finding in found
            for evidence in finding.evidence
        ],
        "guilty": [
            {"job": job, "place": place, **actor._asdict()} for place, finding in found for actor in finding.guilty
        ],
        "hosts": [{"job": job, "host": host} for host in sorted(_hosts(diagnosis))],
        "settings": [
            {"job": job, "kind": kind, "name": name, "value": value}
            for kind, named in settings.items()
            for name, values in named.items()
            for value in values
        ],
        "diagnoses": [{"job": job, "diagnosis": json.dumps(document(lean), separators=(",", ":"))}],
    }


def _hosts(diagnosis: Diagnosis) -> set[str]:
    """The hosts that the logs name: in what they state, and in who speaks."""
    spoke = {lane.stream.host for lane in diagnosis.timeline.lanes if lane.stream.host}
    guilty = {actor.host for finding in diagnosis.findings for actor in finding.guilty if actor.host}
    return {host for host in spoke | guilty | set(diagnosis.cluster.hosts) if not _nobody(host)}


def _nobody(host: str) -> bool:
    """Whether this address means no host, or any: ``0.0.0.0``, ``127.0.1.1``, ``::``."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_unspecified or address.is_loopback


class _Clock:
    """Reads the times of a job's logs. A log without years was written in the year before its file changed last."""

    def __init__(self, modified: float) -> None:
        self._latest = (
            datetime.fromtimestamp(modified, timezone.utc).replace(tzinfo=None) + timedelta(days=1)
            if modified
            else None
        )

    def read(self, time: str | None) -> datetime | None:
        """A moment, in UTC where the log states a zone, else as the log has it; None where it cannot be placed."""
        if not time:
            return None
        if time.startswith("--"):
            return self._dated(time[2:])
        try:
            moment = datetime.fromisoformat(time.replace("Z", "+00:00"))
        except ValueError:
            return None
        return moment.astimezone(timezone.utc).replace(tzinfo=None) if moment.tzinfo else moment

    def _dated(self, rest: str) -> datetime | None:
        if self._latest is None:
            return None
        for year in (self._latest.year, self._latest.year - 1):
            try:
                moment = datetime.fromisoformat(f"{year}-{rest}")
            except ValueError:  # 29 February
                continue
            if moment <= self._latest:
                return moment
        return None


def _stamp(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(sep=" ")
