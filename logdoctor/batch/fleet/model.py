"""What is said of many jobs: plain, immutable data. ``jobs`` is a number everywhere, ``examples`` are the names of
some jobs, ``names`` those of all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from logdoctor.batch.fleet.nodes import Nodes
from logdoctor.model import Fix


@dataclass(frozen=True, slots=True)
class Lost:
    """Work that failed jobs did in vain."""

    gpu_hours: float = 0.0
    jobs: int = 0
    """Failed jobs whose logs tell how many GPUs they held and for how long; the sum is over these."""


@dataclass(frozen=True, slots=True)
class Span:
    """A period in equal steps."""

    start: datetime
    step: timedelta
    steps: int


@dataclass(frozen=True, slots=True)
class Cause:
    """A kind of failure: the jobs whose diagnosis has this fingerprint."""

    fingerprint: str
    finding: str
    """The id of the first finding."""
    title: str
    """With ``*`` in place of what differs from job to job."""
    component: str
    severity: str
    jobs: int
    share: float
    """Of the failed jobs."""
    lost: Lost
    hosts: int
    """Different hosts at which its jobs point."""
    first: datetime | None
    last: datetime | None
    trend: tuple[int, ...]
    """Jobs in each step of :attr:`Fleet.span`."""
    examples: tuple[str, ...]
    """Jobs to look at, the surest diagnosis of the shortest logs first."""
    new: bool = False
    """Whether it was first seen after :attr:`Fleet.since`."""


@dataclass(frozen=True, slots=True)
class Link:
    """A version or variable with which a cause occurs more often than without."""

    fingerprint: str
    title: str
    kind: str
    """``version`` or ``variable``."""
    name: str
    value: str
    since: bool
    """Whether this version and all later ones are meant."""
    with_cause: int
    """Jobs that have it and failed of the cause."""
    with_jobs: int
    """Jobs that have it."""
    without_cause: int
    without_jobs: int
    """Jobs that state another value of the same name."""
    p: float
    """Fisher's exact test, corrected by Benjamini and Hochberg's method."""
    also: tuple[str, ...]
    """What exactly the same jobs have besides; the data cannot tell which of them it is."""
    names: tuple[str, ...]
    """The jobs that have it and failed of the cause."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Failures without a known cause, with the same message."""

    template: str
    verdict: str
    finding: str
    jobs: int
    first: datetime | None
    last: datetime | None
    line: str
    """The message in one of them."""
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Detail:
    """What is said of one job."""

    job: str
    state: str
    reason: str
    verdict: str
    """Empty where there is no diagnosis."""
    fingerprint: str
    finding: str
    title: str
    template: str
    """Of its :class:`Cluster`; empty where the cause is known."""
    confidence: float
    host: str
    rank: int | None
    device: str
    time: datetime | None
    gpu_hours: float | None
    source: str
    """Where the first line stands that shows it."""
    line: int
    text: str
    cause: str
    fix: Fix


@dataclass(frozen=True, slots=True)
class Fleet:
    """All that is said of the jobs of one results file."""

    results: str
    jobs: int
    failed: int
    """Jobs with a diagnosis other than healthy."""
    verdicts: dict[str, int] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None
    lost: Lost = field(default_factory=Lost)
    span: Span | None = None
    since: datetime | None = None
    """What was first seen from here on is new."""
    causes: tuple[Cause, ...] = ()
    """Those with a known root cause, the most frequent first."""
    nodes: Nodes = field(default_factory=Nodes)
    links: tuple[Link, ...] = ()
    links_tested: int = 0
    unexplained: tuple[Cluster, ...] = ()
    unreadable: tuple[tuple[str, str, str], ...] = ()
    """Jobs without a whole diagnosis, with their state and the reason; at most a hundred."""

    @property
    def new(self) -> tuple[Cause, ...]:
        """Causes that were first seen after :attr:`since`."""
        return tuple(cause for cause in self.causes if cause.new)
