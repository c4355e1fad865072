"""Bad nodes: hosts with which jobs fail more often than chance would have it, and whether it is one device of theirs.

Only failures count that one machine can be at fault for; rules say so (``suspect``). Two exact tests look at them,
because a bad node shows itself in two ways.

*Named.* Of all hosts in all jobs of a size, healthy jobs included, the logs name some as the origin of a failure. If no
host is worse than another, those of one host are drawn from all: hypergeometric in each class of sizes, added up. That
takes jobs to be placed without regard to what they run, which is not always so. Hence a second look, within jobs: of k
hosts of a failed job with g named ones each is named with probability g / k, whatever the job runs. A host that is not
also named more often than its neighbours (Poisson-binomial) is not accused.

*Unnamed.* Of jobs whose logs name no host (only fallout is left) a host has as many as its share of jobs of that size,
if it is no worse. This says less, and so it has to be less likely by chance.

What befell a host within an hour counts once. Bad nodes that were found are left out, and the others judged again: a
bad node spoils the record of those that share its jobs, and hides those that are less bad. Every host is a question
in each test; Holm's correction bounds the chance of even one false accusation among all of them, because draining a
healthy node is dear.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, NamedTuple, TypeVar

from logdoctor.batch.fleet.exact import at_least, holm, hypergeometric

LEVEL = 0.05
"""The chance of accusing any healthy host that is accepted."""
LEAST = 3
"""Failures from which on a host can be accused."""
TIMES = 3.0
"""How many times the expected count it takes at least."""
INCIDENT = timedelta(hours=1)
"""Failures of a host that lie no further apart are one: what took it down took all jobs on it along."""
NEIGHBOURS = 0.05
"""How unlikely, uncorrected, the count of a host within its jobs must be at most."""

Way = Literal["named", "unnamed"]
WEIGHTS: Mapping[Way, float] = {"named": 0.8, "unnamed": 0.2}
"""How much of the level either test may use up."""


class Blamed(NamedTuple):
    """A job that failed of what a node can be at fault for, and which of its hosts the logs name."""

    job: str
    hosts: frozenset[str]
    guilty: frozenset[str]
    devices: frozenset[tuple[str, str]] = frozenset()
    """Host and PCI address, where they name one."""
    per_host: int | None = None
    """Ranks, and so GPUs, of each host, where that is known."""
    time: datetime | None = None
    """When it failed."""


class Run(NamedTuple):
    """Any other job."""

    job: str
    hosts: frozenset[str]
    failed: bool
    """In a way that a node can be behind, with logs that do not say which."""
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """The device of a bad node that its failures point to."""

    device: str
    failures: int
    """Jobs in which it is named."""
    of: int
    """Jobs in which a device of this host is named."""
    p: float
    """That one of the host's devices is named as often by chance; corrected for their number."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A host in one of the tests."""

    host: str
    way: Way
    failures: int
    expected: float
    """Failures, if it were as good as the others."""
    jobs: int
    """Jobs on it that the test looked at."""
    p: float
    """Corrected for all hosts and both tests, by Holm's method."""
    names: tuple[str, ...]
    """The jobs in which it failed."""
    among: int = 0
    """Failed jobs on it and other hosts, of which some are named."""
    among_failures: int = 0
    """In how many of these it is named."""
    among_expected: float = 0.0
    """In how many of these it would be named, if it were as good as its neighbours."""
    among_p: float = 1.0
    """That it is named as often among its neighbours by chance; not corrected."""
    device: Device | None = None


@dataclass(frozen=True, slots=True)
class Nodes:
    """What the tests found, and what they looked at."""

    suspects: tuple[Suspect, ...] = ()
    """Those that are accused, the surest first; a host at most once."""
    counts: tuple[Suspect, ...] = ()
    """Every host with a failure, in each test before any was left out: for a picture of all."""
    hosts: int = 0
    """Hosts that were tested."""
    blamed: int = 0
    """Failed jobs whose logs name a host."""
    unnamed: int = 0
    """Failed jobs whose logs do not, though a node can be behind."""
    level: float = LEVEL


@dataclass
class _Tally:
    """One host in one test."""

    parts: list[list[float]] = field(default_factory=list)
    expected: float = 0.0
    jobs: int = 0
    failed: list[str] = field(default_factory=list)

    def p(self) -> float:
        """Uncorrected; 1 where there are no more than expected, which is not worth the time."""
        return at_least(self.parts, len(self.failed)) if len(self.failed) > self.expected else 1.0


Tallies = Mapping[str, _Tally]


def accuse(blamed: Iterable[Blamed], runs: Iterable[Run]) -> Nodes:
    """Test all hosts of these jobs."""
    blamed, runs = _apart(blamed), _apart(runs)
    among = _among(blamed)
    found: dict[str, Suspect] = {}
    counts: list[Suspect] = []
    hosts: set[str] = set()
    ways: dict[Way, Callable[[Collection[str]], Tallies]] = {
        "named": partial(_named, blamed, runs),
        "unnamed": partial(_unnamed, runs),
    }
    for way, tallied in ways.items():
        tallies = tallied(found.keys())
        hosts |= tallies.keys()
        judged = _judged(way, tallies, among)
        counts += judged
        while bad := [one for one in judged if _is_bad(one)]:
            worst = min(bad, key=lambda one: (one.p, -one.failures, one.host))
            found[worst.host] = worst
            judged = _judged(way, tallied(found.keys()), among)
    devices = _devices(blamed)
    return Nodes(
        suspects=tuple(_with_device(one, devices) for one in sorted(found.values(), key=lambda one: (one.p, one.host))),
        counts=tuple(sorted(counts, key=lambda one: (-one.failures, one.host, one.way))),
        hosts=len(hosts),
        blamed=len(blamed),
        unnamed=sum(run.failed for run in runs),
    )


_Job = TypeVar("_Job", Blamed, Run)


def _apart(jobs: Iterable[_Job]) -> list[_Job]:
    """The jobs without those that failed in an incident of which another is there already."""
    kept: list[_Job] = []
    last: dict[str, datetime] = {}
    for job in sorted(jobs, key=lambda job: (job.time or datetime.max, job.job)):
        struck = job.guilty if isinstance(job, Blamed) else job.hosts if job.failed else frozenset[str]()
        if job.time is not None and struck:
            if all(host in last and job.time - last[host] < INCIDENT for host in struck):
                continue
            last.update(dict.fromkeys(struck, job.time))
        kept.append(job)
    return kept


def _is_bad(one: Suspect) -> bool:
    stands_out = one.p <= LEVEL and one.failures >= LEAST and one.failures >= TIMES * one.expected
    return stands_out and (one.way == "unnamed" or not one.among or one.among_p <= NEIGHBOURS)


def _named(blamed: Sequence[Blamed], runs: Sequence[Run], gone: Collection[str]) -> Tallies:
    marked: Counter[int] = Counter()
    jobs: dict[int, Counter[str]] = defaultdict(Counter)
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    every: list[Blamed | Run] = [*blamed, *runs]
    for job in every:
        hosts = job.hosts.difference(gone)
        jobs[_size(job.hosts)].update(hosts)
        if isinstance(job, Blamed) and (job.guilty < job.hosts or len(job.hosts) == 1):
            for host in job.guilty & hosts:
                marked[_size(job.hosts)] += 1
                tallies[host].failed.append(job.job)
    for size, counts in jobs.items():
        whole = sum(counts.values())
        for host, count in counts.items():
            _add(tallies[host], whole, marked[size], count)
    return tallies


def _unnamed(runs: Sequence[Run], gone: Collection[str]) -> Tallies:
    classes: dict[int, list[Run]] = defaultdict(list)
    for run in runs:
        if run.hosts.isdisjoint(gone):
            classes[_size(run.hosts)].append(run)
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for members in classes.values():
        jobs: Counter[str] = Counter()
        for run in members:
            jobs.update(run.hosts)
            if run.failed:
                for host in run.hosts:
                    tallies[host].failed.append(run.job)
        failures = sum(run.failed for run in members)
        for host, count in jobs.items():
            _add(tallies[host], len(members), failures, count)
    return tallies


def _among(blamed: Iterable[Blamed]) -> Tallies:
    """Each host within its failed jobs."""
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for job in blamed:
        if not job.guilty < job.hosts:  # where all are named, none stands out
            continue
        share = len(job.guilty) / len(job.hosts)
        part = [1 - share, share]
        for host in job.hosts:
            tally = tallies[host]
            tally.parts.append(part)
            tally.expected += share
            tally.jobs += 1
            if host in job.guilty:
                tally.failed.append(job.job)
    return tallies


def _size(hosts: Collection[str]) -> int:
    """The class of sizes: 1, 2 to 3, 4 to 7, 8 to 15, ..."""
    return len(hosts).bit_length()


def _add(tally: _Tally, whole: int, marked: int, count: int) -> None:
    """Add a class in which so many of the whole are marked, and so many are the host's."""
    tally.jobs += count
    if marked:
        tally.expected += count * marked / whole
        tally.parts.append(hypergeometric(whole, marked, count))


def _judged(way: Way, tallies: Tallies, among: Tallies) -> list[Suspect]:
    """Every host with a failure, its p-value corrected for all that could have been accused."""
    hosts = sorted(host for host, tally in tallies.items() if tally.failed)
    tests = sum(tally.jobs >= LEAST for tally in tallies.values())
    chances = [p if (p := tallies[host].p()) >= 1 else p / WEIGHTS[way] for host in hosts]
    judged = []
    for host, p in zip(hosts, holm(chances, tests), strict=True):
        tally, near = tallies[host], among.get(host, _Tally())
        judged.append(
            Suspect(
                host=host,
                way=way,
                failures=len(tally.failed),
                expected=tally.expected,
                jobs=tally.jobs,
                p=p,
                names=tuple(tally.failed),
                among=near.jobs,
                among_failures=len(near.failed),
                among_expected=near.expected,
                among_p=near.p(),
            )
        )
    return judged


def _devices(blamed: Iterable[Blamed]) -> dict[str, tuple[Counter[str], int, int]]:
    """Host -> how often each device is named, in how many jobs one is named, and how many devices it has at most."""
    found: dict[str, tuple[Counter[str], int, int]] = {}
    for job in blamed:
        for host in {host for host, _ in job.devices}:
            counts, jobs, most = found.get(host, (Counter(), 0, 0))
            counts.update(device for at, device in job.devices if at == host)
            found[host] = (counts, jobs + 1, max(most, job.per_host or 0))
    return found


def _with_device(suspect: Suspect, devices: Mapping[str, tuple[Counter[str], int, int]]) -> Suspect:
    """The suspect with its one device, if each of its devices would not be named as often.

    Where the logs do not tell how many devices a host has, it has as many as are named, and at least two.
    """
    if suspect.host not in devices:
        return suspect
    counts, jobs, most = devices[suspect.host]
    number = max(most, len(counts), 2)
    device, failures = min(counts.items(), key=lambda item: (-item[1], item[0]))
    p = min(1.0, number * at_least([[1 - 1 / number, 1 / number]] * jobs, failures))
    return replace(suspect, device=Device(device, failures, jobs, p)) if p <= LEVEL else suspect
