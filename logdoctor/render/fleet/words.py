"""What every form of the fleet says in the same words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from logdoctor.batch.fleet.model import Fleet, Link, Span
from logdoctor.batch.fleet.nodes import Suspect
from logdoctor.render.words import plural

TINY = 1e-99
"""A chance below which it does not matter how small it is."""
VERDICTS = {
    "root-cause": "with a root cause",
    "consequence-only": "with only fallout in their logs",
    "unknown-failure": "that no rule explains",
    "healthy": "healthy",
}


def summary(fleet: Fleet) -> str:
    """How many jobs, when, and how they ended."""
    if not fleet.jobs:
        return "No jobs are in these results."
    when = f" from {fleet.first:%Y-%m-%d} to {fleet.last:%Y-%m-%d}" if fleet.first and fleet.last else ""
    parts = [f"{number:,} {VERDICTS[verdict]}" for verdict, number in fleet.verdicts.items()]
    undiagnosed = fleet.jobs - sum(fleet.verdicts.values())
    parts += [f"{undiagnosed:,} not diagnosed"] if undiagnosed else []
    return f"{fleet.jobs:,} {plural(fleet.jobs, 'job')}{when}: {', '.join(parts)}."


def lost(fleet: Fleet) -> str:
    """What the failures cost, and of how many that is known."""
    if not fleet.lost.jobs:
        return "How many GPU-hours were lost is in no log." if fleet.failed else ""
    of = (
        "the failed jobs" if fleet.lost.jobs == fleet.failed else f"{fleet.lost.jobs:,} of {fleet.failed:,} failed jobs"
    )
    return f"{hours(fleet.lost.gpu_hours)} GPU-hours were lost in {of}" + (
        "." if fleet.lost.jobs == fleet.failed else "; the logs of the others do not tell."
    )


def hours(count: float) -> str:
    return f"{count:,.0f}" if count >= 10 else f"{count:.1f}"


def tested(fleet: Fleet) -> str:
    """What the search for bad nodes looked at."""
    nodes = fleet.nodes
    if not nodes.hosts:
        return "The logs name no hosts."
    seen = f"{nodes.hosts:,} {plural(nodes.hosts, 'host')} tested"
    failures = nodes.blamed + nodes.unnamed
    seen += f" with {failures:,} {plural(failures, 'failure')} that a node can be at fault for"
    if not nodes.suspects:
        return f"No host fails more often than chance would have it ({seen})."
    return f"{seen[0].upper()}{seen[1:]}; the chance of accusing any healthy one is below {nodes.level:.0%}."


def suspect(one: Suspect) -> str:
    """What speaks against a host."""
    what = "first to fail in" if one.way == "named" else "took part in"
    jobs = f"{one.failures} of {one.jobs} jobs" + (
        "" if one.way == "named" else " that failed with only fallout in their logs"
    )
    return f"{what} {jobs}, {number(one.expected)} expected ({chance(one.p)})"


def neighbours(one: Suspect) -> str:
    """How it compares with the hosts of the same jobs; empty where that is unknown."""
    if one.way != "named" or not one.among:
        return ""
    return (
        f"named in {one.among_failures} of {one.among} failed jobs with others, {number(one.among_expected)} expected"
    )


def device(one: Suspect) -> str:
    """Which of its devices; empty where no one stands out."""
    if not one.device:
        return ""
    return f"device {one.device.device} in {one.device.failures} of {one.device.of}"


def setting(link: Link) -> str:
    """``vllm 0.11.0 and later``, ``NCCL_IB_DISABLE=1``."""
    if link.kind == "variable":
        return f"{link.name}={link.value}"
    return f"{link.name} {link.value}" + (" and later" if link.since else "")


def linked(link: Link) -> str:
    """How a cause and a setting go together."""
    with_, without = (f"{cause:,} of {jobs:,} jobs" for cause, jobs in (
        (link.with_cause, link.with_jobs), (link.without_cause, link.without_jobs)))  # fmt: skip
    also = f"; the same jobs have {', '.join(link.also)}" if link.also else ""
    return f"{with_} with it, {without} without ({chance(link.p)}){also}"


def chance(p: float) -> str:
    return f"p {'' if p < TINY else '= '}{small(p)}"


def small(p: float) -> str:
    """A probability as people write it."""
    return f"< {TINY:.0e}" if p < TINY else f"{p:.0e}" if p < 0.001 else f"{p:.2g}"


def number(value: float) -> str:
    """A count that need not be whole."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def per(span: Span | None, most: int) -> str:
    """How long a step of the trend is, when it is shown in at most so many."""
    if span is None:
        return ""
    seconds = span.step.total_seconds() * -(-span.steps // most)
    for name, length in (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            count = int(seconds // length)
            return f"per {name}" if count == 1 else f"per {count} {name}s"
    return f"per {seconds:.0f} s"


def merged(trend: Sequence[int], most: int) -> Iterator[int]:
    """The trend in at most so many steps."""
    width = max(1, -(-len(trend) // most))
    for first in range(0, len(trend), width):
        yield sum(trend[first : first + width])
