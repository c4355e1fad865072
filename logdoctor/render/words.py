"""What every form of a diagnosis says in the same words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from logdoctor.model import Cluster, Diagnosis, Evidence, Finding, Lane, Mark, Stats, Stream

LABELS = {"root-cause": "root cause", "contributing": "contributing", "consequence": "consequence", "advice": "advice"}
ACTORS = 4
"""Processes, devices or hosts to look at that are named one by one."""


def label(diagnosis: Diagnosis, finding: Finding) -> str:
    """How a finding stands to the others, in words."""
    if finding is not diagnosis.findings[0] or finding.role in ("advice", "contributing"):
        return LABELS[finding.role]
    return {
        "unknown-failure": "first failure that nothing explains",
        "consequence-only": "only fallout in these logs; nearest to the cause",
    }.get(diagnosis.verdict, LABELS[finding.role])


def healthy(diagnosis: Diagnosis) -> tuple[str, bool]:
    """What is said where nothing failed, and whether it is good news."""
    stats = diagnosis.stats
    if not stats.lines:
        why = "the logs are empty" if stats.sources or not stats.omitted else "no log could be read"
        return f"Nothing to diagnose: {why}.", False
    found = f"No failure found in {stats.lines:,} {plural(stats.lines, 'line')}"
    found += f" of {stats.sources:,} logs" if stats.sources > 1 else ""
    if any(finding.rule == "unrecognised-failure" for finding in diagnosis.findings):
        return f"{found}, but an error that no rule knows.", False
    doubt = ", as far as it could be read" if stats.omitted else ""
    return f"{found}. This run looks healthy{doubt}.", True


def verdict(diagnosis: Diagnosis) -> str:
    """The verdict in one line."""
    first = diagnosis.findings[0] if diagnosis.findings else None
    if diagnosis.verdict == "healthy" or first is None:
        return healthy(diagnosis)[0]
    return f"{label(diagnosis, first)}: {first.title}"


def actors(finding: Finding) -> str:
    """Whom to look at, in one line."""
    shown = [str(actor) for actor in finding.guilty[:ACTORS]]
    more = len(finding.guilty) - len(shown)
    return "Look at " + "; ".join(shown) + (f"; and {more} more" if more else "")


def run(cluster: Cluster, between: str) -> str:
    """What is known of the run, in one line."""
    parts = [f"{cluster.world_size} {plural(cluster.world_size, 'rank')}"] if cluster.world_size else []
    if hosts := cluster.hosts:
        parts.append(
            f"{plural(len(hosts), 'host')} {', '.join(hosts[:4])}"
            + (f" and {len(hosts) - 4} more" if len(hosts) > 4 else "")
        )
    parts += [f"{name} {'/'.join(values)}" for name, values in list(cluster.versions.items())[:5]]
    return between.join(parts)


def read(stats: Stats) -> str:
    """What was read, in one line."""
    logs = f"{stats.lines:,} {plural(stats.lines, 'line')} of {stats.sources:,} {plural(stats.sources, 'log')}"
    return f"{logs} ({size(stats.bytes)}) in {stats.seconds:.2f} s"


def masked(counts: Mapping[str, int] | None) -> str:
    """What was masked, in one sentence."""
    if counts is None:
        return "Nothing was masked."
    if not counts:
        return "Nothing that had to be masked was found."
    listed = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))
    return f"Masked: {listed}. The same number or name stands for the same thing."


def place(evidence: Evidence | Mark) -> str:
    """Where it stands: ``head.log:12-14``."""
    end = getattr(evidence, "end_line", evidence.line)
    return f"{evidence.source}:{evidence.line}" + (f"-{end}" if end > evidence.line else "")


def who(stream: Stream, with_host: bool = True) -> list[str]:
    """Who speaks, in parts."""
    parts = [
        None if stream.rank is None else f"rank {stream.rank}",
        stream.process,
        f"pid {stream.pid}" if stream.pid is not None and stream.rank is None else None,
        "kernel" if stream.component == "kernel" else None,
        stream.host if with_host else None,
    ]
    return [part for part in parts if part]


def lane(one: Lane) -> str:
    """The name of a lane; the source where no more is known."""
    known = who(one.stream)
    return " · ".join(known if one.stream.rank is not None or one.stream.host else [*known, one.source])


class Wave(NamedTuple):
    """A finding on its way through the run."""

    finding: Finding
    first: Lane
    mark: Mark
    """Its first occurrence of all."""
    lanes: int
    """How many lanes show it."""
    until: float | None
    """When the last of them showed it first; seconds since the timeline's start."""


def cascade(diagnosis: Diagnosis) -> list[Wave]:
    """The findings in the order in which the failure spread: causes before what they explain, then by time."""
    seen: dict[str, list[tuple[Mark, Lane]]] = {}
    for one in diagnosis.timeline.lanes:
        for mark in one.marks:
            if mark.kind == "finding":
                seen.setdefault(mark.finding, []).append((mark, one))
    waves = []
    for finding in diagnosis.findings:
        if finding.role != "advice" and (shown := seen.get(finding.id)):
            mark, first = min(shown, key=lambda pair: _moment(pair[0]))
            until = max((m.at for m, _ in shown if m.at is not None), default=None)
            waves.append(Wave(finding, first, mark, len(shown), until))
    root = diagnosis.findings[0].id if diagnosis.findings else ""
    return sorted(waves, key=lambda wave: (wave.finding.id != root, _moment(wave.mark)))


def _moment(mark: Mark) -> tuple[float, str, int]:
    return (mark.at if mark.at is not None else float("inf"), mark.source, mark.line)


def after(seconds: float | None) -> str:
    """A time since the start, short: ``+12.3 s``, ``+10 min 4 s``; empty if unknown."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"+{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"+{hours} h {minutes} min" if hours else f"+{minutes} min" + (f" {rest} s" if rest else "")


def time(text: str | None) -> str | None:
    """``--05-01T09:14:33.174046`` as people write it: ``05-01 09:14:33.174``."""
    return re.sub(r"(\.\d{3})\d+", r"\1", text.removeprefix("--").replace("T", " ", 1)) if text else None


def plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"


def size(count: int) -> str:
    """Bytes as people write them: ``12.3 MB``."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
