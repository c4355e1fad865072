"""Who is who: "pid 1978 on 10.41.0.8", "rank 9" and the kernel's "PCI:0000:3b:00" become one actor.

A prefix says a part of who speaks, the name of the file another, and lines such as ``comm 0x.. rank 9 nranks 64 ..
busId 3b000`` tie the parts together. What is ambiguous stays unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TypeVar

from logdoctor.facts import Facts
from logdoctor.model import Actor, Fact, Stream

T = TypeVar("T")

_SIZE = ("nranks", "world_size")
"""Groups of a fact that say how many ranks its rank counts among."""


class Identities:
    """What the logs of a run tell of its processes."""

    def __init__(self, facts: Facts, names: Iterable[str], named: Callable[[str], Mapping[str, str]]) -> None:
        """``names`` are the facts that say who speaks, ``named`` tells what a source's name says of its content."""
        statements = _lines(fact for name in names for fact in _family(facts, name))
        self.world = _world(statements)
        """The number of ranks; None if no line tells."""
        self._named = named
        self._files: dict[str, Mapping[str, str]] = {}
        self._stream = cache(self._complete)
        self._alias = {
            fact.siblings["address"]: fact.stream.host
            for fact in statements
            if fact.stream.host and "address" in fact.siblings
        }
        """Address -> name of a host."""
        ranks, hosts = defaultdict(set), defaultdict(set)
        for fact in (fact for name in facts.names() for fact in facts.all(name)):
            if fact.stream.rank is not None:
                ranks[fact.source].add(fact.stream.rank)
        by_process: dict[tuple[str | None, int | None], set[int]] = defaultdict(set)
        by_device: dict[tuple[str | None, str], set[int]] = defaultdict(set)
        homes: dict[int, set[tuple[str | None, int | None]]] = defaultdict(set)
        for fact in statements:
            host = self.host(fact.stream.host or self._file(fact.source).get("host"))
            if host:
                hosts[fact.source].add(host)
            if (rank := self._rank(fact)) is None:
                continue
            ranks[fact.source].add(rank)
            by_process[host, fact.stream.pid].add(rank)
            homes[rank].add((host, fact.stream.pid))
            if bus := fact.siblings.get("bus"):
                by_device[host, _bus(bus)].add(rank)
        self._source_rank = _one_each(ranks)
        self._source_host = {source: _only(found) for source, found in hosts.items()}
        self._by_process = {key: _only(found) for key, found in by_process.items()}
        self._by_device = {key: _only(found) for key, found in by_device.items()}
        self._homes = {rank: _only(found) for rank, found in homes.items()}

    def speaker(self, fact: Fact) -> Stream:
        """Who states a fact: a line that names a rank and the size of the world is that rank's own."""
        stream = self._stream(fact.source, fact.stream)
        if stream.rank is None and (rank := self._rank(fact)) is not None:
            return stream._replace(rank=rank)
        return stream

    def stream(self, source: str, stream: Stream) -> Stream:
        """The stream with all that is known of who speaks in it."""
        return self._stream(source, stream)

    def _complete(self, source: str, stream: Stream) -> Stream:
        said = self._file(source)
        kernel = stream.component == "kernel"
        host = self.host(stream.host or said.get("host")) or self._source_host.get(source)
        pid = stream.pid if stream.pid is not None else _integer(said.get("pid"))
        rank = stream.rank
        if rank is None and not kernel:
            rank = self._by_process.get((host, pid)) if pid is not None else None
            if rank is None and pid is None:
                rank = self._source_rank.get(source, _integer(said.get("rank")))
        if rank is not None and (home := self._homes.get(rank)):
            host = host or home[0]
            pid = pid if pid is not None else home[1]
        return stream._replace(host=host, pid=pid, rank=rank, process=stream.process or said.get("process"))

    def actor(self, stream: Stream, *, host: str = "", pid: str = "", device: str = "", rank: str = "") -> Actor:
        """Who is meant by what a message says of a process or a device, where it says so, or else by who speaks."""
        where = self.host(host) or stream.host
        if rank.isdigit():
            home = self._homes.get(int(rank)) or (None, None)
            return Actor(self.host(host) or home[0], int(rank), home[1], None)
        if device:
            return Actor(where, self._by_device.get((where, _bus(device))), _integer(pid), device)
        if pid.isdigit():
            return Actor(where, self._by_process.get((where, int(pid))), int(pid), None)
        if host and where != stream.host:
            return Actor(where, None, None, None)
        own = stream.component != "kernel"
        return Actor(where, stream.rank if own else None, stream.pid if own else None, None)

    def ranks(self, sources: Iterable[str]) -> set[int]:
        """The ranks that sources belong to as a whole."""
        named = [self.stream(source, Stream()).rank for source in sources]
        return {rank for rank in named if rank is not None}

    def host(self, name: str | None) -> str | None:
        """The one name of a host that is known under several."""
        return self._alias.get(name, name) if name else None

    def _rank(self, fact: Fact) -> int | None:
        """The global rank of who states a fact."""
        size = next((fact.siblings[key] for key in _SIZE if key in fact.siblings), None)
        said = fact.siblings.get("rank")
        if fact.stream.rank is None and said is not None and size is not None and size == str(self.world):
            return _integer(said)
        return fact.stream.rank

    def _file(self, source: str) -> Mapping[str, str]:
        if source not in self._files:
            self._files[source] = self._named(source)
        return self._files[source]


def _lines(facts: Iterable[Fact]) -> list[Fact]:
    """One fact for each line that states some; it holds all of them as its siblings."""
    return list({(fact.source, fact.line, id(fact.siblings)): fact for fact in facts}.values())


def _family(facts: Facts, name: str) -> Iterator[Fact]:
    """What one kind of line states: ``torch`` gives ``torch.rank`` and ``torch.world_size``, not ``torch.work.seq``."""
    for full in facts.names(name):
        if full == name or (full.startswith(f"{name}.") and "." not in full[len(name) + 1 :]):
            yield from facts.all(full)


def _one_each(ranks: Mapping[str, set[int]]) -> dict[str, int]:
    """The rank of each source, in a run that has a source for each rank. Of a single log nothing is concluded: what
    has no prefix in it may be anybody's."""
    single = {source: next(iter(found)) for source, found in ranks.items() if len(found) == 1}
    return single if len(set(single.values())) > 1 and len(single) > len(ranks) / 2 else {}


def _world(statements: Iterable[Fact]) -> int | None:
    sizes = [fact.siblings[key] for fact in statements for key in _SIZE if fact.siblings.get(key, "").isdigit()]
    return max(map(int, sizes), default=None)


def _only(found: set[T]) -> T | None:
    return next(iter(found)) if len(found) == 1 else None


def _integer(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _bus(text: str) -> str:
    """The bus and device of a PCI address: NCCL prints ``3b000``, the kernel ``0000:3b:00`` or ``0000:3b:00.0``."""
    digits = text.lower()
    if ":" not in digits:
        digits = digits.rjust(5, "0")
        return f"{digits[-5:-3]}:{digits[-3:-1]}"
    parts = digits.partition(".")[0].split(":")
    return ":".join(parts[-2:])
