"""The plain, immutable data that every room speaks.

Data flows one way: ``sources`` give bytes, ``scan`` gives lines, ``formats`` gives records, ``facts`` and the
rulebook's signatures give facts and events, ``diagnosis`` gives findings, ``render`` shows them. This module imports
none of them.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning", "info"]
Role = Literal["root-cause", "contributing", "consequence", "advice"]
Verdict = Literal["root-cause", "consequence-only", "unknown-failure", "healthy"]
Level = Literal["debug", "info", "warning", "error", "fatal"]

#: How near to the origin of trouble a message stands; a lower layer explains a higher one.
Layer = Literal["host", "fault", "peer", "wait", "relay", "advice"]
LAYERS: tuple[Layer, ...] = ("host", "fault", "peer", "wait", "relay", "advice")


NOTHING: Mapping[str, Any] = {}
"""What there is where nothing was said."""


class Stream(NamedTuple):
    """Who said something, as far as the prefixes of the line tell."""

    host: str | None = None
    """Host name or IP address."""
    rank: int | None = None
    """Global rank."""
    pid: int | None = None
    process: str | None = None
    """The name a process gives itself, such as ``EngineCore_DP0`` or ``RayWorkerWrapper``."""
    component: str | None = None
    """The software that speaks: ``vllm``, ``nccl``, ``gloo``, ``ray``, ``kernel``, ..."""

    def __deepcopy__(self, memo: object) -> "Stream":
        return self  # it never changes


class Actor(NamedTuple):
    """A process or device of the run, as far as it is known."""

    host: str | None = None
    rank: int | None = None
    """Global rank."""
    pid: int | None = None
    device: str | None = None
    """The PCI address of a GPU or a network card, as the log wrote it."""

    def __str__(self) -> str:
        who = [f"rank {self.rank}"] if self.rank is not None else []
        who += [f"device {self.device}"] if self.device else []
        who += [f"pid {self.pid}"] if self.pid is not None else []
        return ", ".join(who) + (f"{' on ' if who else ''}{self.host}" if self.host else "")


class Line(NamedTuple):
    """A decoded line of a source that is worth reading."""

    number: int
    """1-based."""
    text: str
    candidates: frozenset[int] = frozenset()
    """Indexes of the rulebook's patterns whose required literals were seen in it."""
    gap: bool = False
    """Whether lines before it were left out."""
    repeats: int = 1
    """How many lines like this one it stands for, itself included."""
    alone: bool = False
    """Whether it is one of so many of its kind that the lines around it were left out."""


class Record(NamedTuple):
    """One message with all its continuation lines, its prefixes taken off."""

    source: str
    lines: tuple[str, ...]
    """The text of each line without prefixes."""
    numbers: tuple[int, ...]
    """The 1-based line number of each of ``lines`` in the source."""
    stream: Stream
    level: Level | None = None
    time: str | None = None
    """As the log wrote it; :func:`logdoctor.formats.times.normalise` reads it."""
    since: str | None = None
    """The last time that the source showed before, where the record has none of its own."""
    raw: tuple[str, ...] = ()
    """The lines as they stood in the log (capped); what evidence quotes."""
    candidates: frozenset[int] = frozenset()
    """Which patterns (by their index in the rulebook) may match, as their required literals were seen."""
    repeats: int = 1
    """How often the log says that this message occurred (``[repeated 7x across cluster]``)."""
    alone: bool = False
    """Whether all its lines are :attr:`Line.alone`, so that others of the message may be missing."""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def first_line(self) -> int:
        return self.numbers[0]

    def __deepcopy__(self, memo: object) -> "Record":
        return self  # it never changes


class Event(NamedTuple):
    """An occurrence of a rule's signature in a record."""

    rule: str
    record: Record
    line: int
    """1-based number of the line that carries the signature."""
    end_line: int
    values: Mapping[str, str] = NOTHING
    """The signature's named groups."""

    def __deepcopy__(self, memo: object) -> "Event":
        return self  # it never changes


class Fact(NamedTuple):
    """Something that a log states about the run, such as ``nccl.bootstrap.interface = eth0``."""

    name: str
    value: str
    source: str
    line: int
    stream: Stream
    siblings: Mapping[str, str] = NOTHING
    """What the same line said besides: the address of an interface, the rank of a host."""
    text: str = ""
    """The line as it stands in the log (capped)."""
    time: str | None = None
    """When it was said, or when its source last showed the time before; as the log wrote it."""

    def __deepcopy__(self, memo: object) -> "Fact":
        return self  # it never changes


class Quote(NamedTuple):
    """A line as it stands in a log."""

    number: int
    """1-based."""
    text: str


class Evidence(NamedTuple):
    """A place in a log that shows a finding."""

    source: str
    line: int
    end_line: int
    text: str
    stream: Stream
    time: str | None = None
    """ISO 8601; without year (``--05-01T09:14:33``) or zone where the log has none."""
    context: tuple[Quote, ...] = ()
    """The lines around it, itself included, where they were kept (:class:`logdoctor.scan.excerpts.Excerpts`)."""


class EnvSetting(NamedTuple):
    """An environment variable to set, or to unset where ``value`` is None."""

    name: str
    value: str | None
    where: str = "all nodes"
    origin: str = ""
    """Where the value comes from: a log line, a command that computes it on the node, or the reader."""


class Flag(NamedTuple):
    """A command-line option to set, or to drop where ``value`` is None and ``drop`` is true."""

    name: str
    value: str | None
    of: str
    """The command that takes it: ``vllm serve``, ``docker run``, ``ray start``, ..."""
    drop: bool = False


class Fix(NamedTuple):
    """What to change, ready to copy, and how to check that it helped."""

    summary: str = ""
    env: tuple[EnvSetting, ...] = ()
    flags: tuple[Flag, ...] = ()
    commands: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    ray_port: str = ""
    """The port of the run's Ray head, as far as its logs tell: Ray has to be started again for new settings."""


class Missing(NamedTuple):
    """A piece of evidence that would decide the case, and how to get it."""

    what: str
    why: str
    how: str


class Finding(NamedTuple):
    """A rule (or an unrecognised failure) applied to what the logs hold."""

    id: str
    rule: str
    """The rule it came from; equals ``id`` when the rule has no differential."""
    title: str
    component: str
    severity: Severity
    layer: Layer
    role: Role
    confidence: float
    """0 to 1."""
    cause: str
    fix: Fix
    evidence: tuple[Evidence, ...]
    count: int  # type: ignore[assignment]  # what tuples count by it is of no use here
    """How many occurrences the logs hold, those counted only by ``[repeated Nx]`` included."""
    guilty: tuple[Actor, ...] = ()
    """Where the trouble is: the processes, devices or hosts to look at; not those that only report it."""
    why: tuple[str, ...] = ()
    """The reasoning: one sentence for each step that led to this finding, its role and its place."""
    caused_by: tuple[str, ...] = ()
    explains: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


class Cluster(NamedTuple):
    """The picture of the run that the logs give."""

    world_size: int | None = None
    hosts: tuple[str, ...] = ()
    ranks: tuple[int, ...] = ()
    env: Mapping[str, tuple[str, ...]] = NOTHING
    versions: Mapping[str, tuple[str, ...]] = NOTHING
    differences: tuple[str, ...] = ()
    launcher: str | None = None
    """What starts the processes, as the name of a syntax of fixes: ``k8s``, ``docker``, ``slurm``, ..."""
    networks: Mapping[str, tuple[str, ...]] = NOTHING
    """Interfaces, transports and providers that the logs name, such as ``nccl.bootstrap.interface``."""


class Mark(NamedTuple):
    """A moment of a lane."""

    kind: Literal["finding", "progress", "first", "last"]
    """A finding's first occurrence there; a sign that the run went on; the first or the last line that was read."""
    source: str
    line: int
    time: str | None
    """ISO 8601, as far as the log has it."""
    at: float | None
    """Seconds since the timeline's start; None where the clock is unknown or cannot be compared with the others."""
    finding: str = ""
    """The id of the finding."""
    count: int = 1  # type: ignore[assignment]
    """How often the lane shows it."""
    text: str = ""
    """The line (capped)."""


class Lane(NamedTuple):
    """What one rank, process, host or, where no more is known, one source went through."""

    stream: Stream
    source: str
    """The source of its first mark."""
    marks: tuple[Mark, ...]
    """In the order of time; of lines where there is no time."""


class Timeline(NamedTuple):
    """The run as lanes over time: where the failure began, and how it spread."""

    start: str | None = None
    """The earliest time of all, ISO 8601; from here ``Mark.at`` counts."""
    lanes: tuple[Lane, ...] = ()
    """By rank, those of a host without a rank before its first; then the others by host and source."""
    omitted: int = 0
    """Lanes that are not kept."""


class Stats(NamedTuple):
    """What was read, and what was left out."""

    bytes: int = 0
    lines: int = 0
    records: int = 0
    sources: int = 0
    seconds: float = 0.0
    omitted: tuple[str, ...] = ()
    """One sentence for each thing that was not read or not kept."""


class Diagnosis(NamedTuple):
    """The findings in causal order, the root cause first, and all that belongs to them."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    missing: tuple[Missing, ...] = ()
    cluster: Cluster = Cluster()
    unexplained: tuple[Evidence, ...] = ()
    """Error records that no rule knows and no finding explains."""
    stats: Stats = Stats()
    timeline: Timeline = Timeline()
    novel: tuple[Evidence, ...] = ()
    """Lines shortly before a failure that no rule knows which are like none that the log held before."""
    masked: Mapping[str, int] | None = None
    """How often each kind of thing was masked; None if nothing was looked for."""
