"""A Ray cluster: a task for each job; where one is large, or its logs lie on several nodes, one for each part."""

from __future__ import annotations

import re
import signal
import socket
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic
from types import FrameType
from typing import Any

from logdoctor import __version__
from logdoctor.batch.engines import EngineError
from logdoctor.batch.jobs import Job, Jobs, LogFile, find
from logdoctor.batch.outcome import Outcome, timed_out, undiagnosed
from logdoctor.batch.work import Read, Work, parts
from logdoctor.core import Share
from logdoctor.diagnosis import Observations
from logdoctor.safetext import harmless
from logdoctor.sources import SourceError

AHEAD = 8
"""Tasks for each processor of the cluster handed out before one is free; with two, workers wait for Ray."""
RETRIES = 3
"""How often a task is done again whose node or worker was lost."""
PULSE = 0.5
"""Seconds."""
REACH = 5.0
"""Seconds in which a head must answer."""
LOOK = 10.0
"""Seconds after which the size of the cluster is asked for again: it may grow and shrink."""


@dataclass(eq=False)
class _Course:
    """A job on its way."""

    job: Job
    reading: dict[Any, str] = field(default_factory=dict)
    """Task -> the node whose part it reads."""
    read: list[Any] = field(default_factory=list)
    """The parts that were read, or where they are."""


class Ray:
    """The user's cluster. Its nodes need logdoctor of the same version, and the logs where they are for this one, but
    for those of :meth:`find`."""

    def __init__(self, work: Work, workers: int | None, timeout: float | None, address: str | None) -> None:
        """``workers`` limits the tasks at a time, ``timeout`` the seconds of one. Without an address the cluster of
        ``RAY_ADDRESS`` or of this machine is taken, and else Ray is started here.

        Raises:
            EngineError: Ray is not installed, or there is no cluster.
        """
        try:
            import ray
            from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
        except ImportError:
            raise EngineError("--engine ray needs Ray, which is not installed; pip install 'logdoctor[ray]'") from None
        self._work, self._workers, self._timeout = work, workers, timeout
        self._ray, self._affinity = ray, NodeAffinitySchedulingStrategy
        try:
            _reach(address)
            ray.init(address=address, log_to_driver=False, logging_level="ERROR", ignore_reinit_error=True)
        except Exception as error:
            where = f"at {harmless(address)}" if address else "here"
            raise EngineError(f"no Ray {where}: {_said(error)}; ray status shows whether a cluster runs") from error
        self._task: Any = ray.remote(num_cpus=1, max_retries=RETRIES)(_limited)
        self._nodes = _named([node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")])
        """The nodes that take tasks, by name."""
        self._agree()

    def find(self, roots: Sequence[str], pattern: re.Pattern[str] | None) -> Jobs:
        """The jobs below folders of the nodes' own disks; files of one job may lie on several.

        Raises:
            SourceError: no node has such folders.
        """
        asked = {node: self._on(node).remote(None, _listed, roots, pattern) for node in self._nodes}
        by_job: dict[str, list[LogFile]] = defaultdict(list)
        refused = []
        for node, task in asked.items():
            listed = self._ray.get(task)
            if isinstance(listed, str):
                refused.append(f"on {node} {listed}")
                continue
            for job in listed:
                files = (replace(file, node=node, said={"host": node, **file.said}) for file in job.files)
                by_job[job.name] += files
        if not by_job and refused:
            raise SourceError("; ".join(refused))
        return {name: partial(_of_nodes, name, tuple(by_job[name])) for name in sorted(by_job)}

    def outcomes(self, jobs: Iterable[Job]) -> Generator[Outcome | None, None, None]:
        try:
            yield from self._through(iter(jobs))
        finally:
            self._ray.shutdown()

    def _agree(self) -> None:
        """Find out whether all nodes have this logdoctor. Raises: EngineError: one has another, or none."""
        for node, asked in [(node, self._on(node).remote(None, _version, self._work)) for node in self._nodes]:
            try:
                version = self._ray.get(asked)
            except Exception as error:
                raise EngineError(f"{node} has no logdoctor ({_said(error)}); install {__version__} there") from error
            if version != self._work.version:
                both = f"{version}, here {self._work.version}"
                raise EngineError(f"{node} has another logdoctor, or other rules ({both}); install the same")

    def _through(self, jobs: Iterator[Job]) -> Generator[Outcome | None, None, None]:
        going: dict[Any, _Course] = {}
        room, looked = 0, float("-inf")
        while True:
            if monotonic() - looked > LOOK:
                room, looked = self._room(), monotonic()
            while len(going) < room and (job := next(jobs, None)):
                going |= self._begin(_Course(job))
            if not going:
                return
            done, _ = self._ray.wait(list(going), timeout=PULSE, fetch_local=False)
            if not done:
                yield None
            for task in done:
                course = going.pop(task)
                if task not in course.reading:
                    yield self._outcome(course.job, task)
                    continue
                course.read.append(self._part(task, course.reading.pop(task)))
                if not course.reading:
                    going[self._task.remote(self._timeout, self._work.conclude, course.job, course.read)] = course

    def _begin(self, course: _Course) -> dict[Any, _Course]:
        """The first tasks of a job."""
        by_node: dict[str, list[LogFile]] = defaultdict(list)
        for file in course.job.files:
            by_node[file.node].append(file)
        pieces = [
            (node, part) for node, files in by_node.items() for part in parts(replace(course.job, files=tuple(files)))
        ]
        if len(pieces) < 2 and not any(by_node):
            return {self._task.remote(self._timeout, self._work.do, course.job): course}
        course.reading = {self._on(node).remote(self._timeout, self._work.read, part): node for node, part in pieces}
        return dict.fromkeys(course.reading, course)

    def _on(self, node: str) -> Any:
        """The task, to be done where the files are."""
        if not node:
            return self._task
        return self._task.options(scheduling_strategy=self._affinity(self._nodes[node], soft=False))

    def _part(self, task: Any, node: str) -> Read:
        """What was read; where that failed, which logs are missing."""
        try:
            read: Read = self._ray.get(task)
        except Exception as error:  # whatever ended the task: Ray wraps it
            where = f" on {node}" if node else ""
            return Read(Share(Observations(), (), 0, 0, 0, {}), (f"the logs{where} could not be read: {_said(error)}",))
        return read

    def _outcome(self, job: Job, task: Any) -> Outcome:
        try:
            outcome: Outcome = self._ray.get(task)
        except TimeoutError:
            return timed_out(job, self._timeout, self._work.version)
        except Exception as error:
            return undiagnosed(job, "crashed", f"its task ended: {_said(error)}", self._work.version)
        return outcome

    def _room(self) -> int:
        """Tasks that may be handed out and not yet done."""
        return self._workers or AHEAD * int(self._ray.cluster_resources().get("CPU", 0)) or 1


def _named(nodes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The ids of nodes by host name; where several nodes are one host, a part of the id tells them apart."""
    hosts = Counter(node["NodeManagerHostname"] for node in nodes)
    named = {}
    for node in nodes:
        host, id = node["NodeManagerHostname"], node["NodeID"]
        named[host if hosts[host] == 1 else f"{host}-{id[:6]}"] = id
    return named


def _reach(address: str | None) -> None:
    """Find out at once whether somebody answers there: Ray itself takes minutes. Raises: OSError: nobody does."""
    host, _, port = (address or "").rpartition(":")
    if host and port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=REACH).close()


def _of_nodes(name: str, files: tuple[LogFile, ...]) -> Job:
    return Job(name, tuple(f"{file.node}:{file.path}" for file in files), files)


def _version(work: Work) -> str:
    return work.version


def _listed(roots: Sequence[str], pattern: re.Pattern[str] | None) -> list[Job] | str:
    """The jobs on the disk of this node, or why there are none."""
    try:
        return [listed() for listed in find(roots, pattern).values()]
    except SourceError as error:
        return str(error)


def _limited(timeout: float | None, work: Callable[..., Any], *arguments: Any) -> Any:
    """Do something in a worker of the cluster, for at most so many seconds."""

    def out_of_time(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, timeout or 0)
    try:
        return work(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _said(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return harmless(lines[-1] if lines else type(error).__name__)
