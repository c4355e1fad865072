"""What is known of the run: versions, variables, interfaces and addresses, ranks and hosts, as the logs state them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from logdoctor.model import Fact, Stream

PER_NAME, NAMES = 4096, 8192
"""Different statements that are kept for one name, and names."""


class Facts:
    """All facts of a run, by name. A statement that repeats word for word is kept once, where it stood first."""

    def __init__(self) -> None:
        self._facts: dict[str, dict[tuple[object, ...], Fact]] = {}
        self._latest: dict[str, dict[tuple[str, Stream], Fact]] = {}
        self._in_order: dict[str, tuple[list[Fact], tuple[str, ...]]] = {}
        """What :meth:`all` and :meth:`values` gave: with a thousand ranks they are asked thousands of times."""
        self.dropped = 0
        """Statements beyond :data:`PER_NAME` and :data:`NAMES`, which are not kept."""

    def add(self, fact: Fact) -> None:
        if fact.name not in self._facts and len(self._facts) >= NAMES:
            self.dropped += 1
            return
        known = self._facts.setdefault(fact.name, {})
        key = (fact.value, fact.source, fact.stream, tuple(fact.siblings.items()))
        if key not in known:
            if len(known) < PER_NAME:
                known[key] = fact
                self._in_order.pop(fact.name, None)
            else:
                self.dropped += 1
                return
        latest = self._latest.setdefault(fact.name, {})
        before = latest.get((fact.source, fact.stream))
        if before is None or before.line < fact.line:
            latest[fact.source, fact.stream] = fact

    def join(self, other: Facts) -> None:
        """Take over what others stated."""
        for name in other.names():
            for fact in (*other.all(name), *other.latest(name)):
                self.add(fact)
        self.dropped += other.dropped

    def told_by(self, speaker: Callable[[Fact], Stream]) -> Facts:
        """The same statements, each with all that is known of who made it."""
        complete = Facts()
        complete.dropped = self.dropped
        for name, known in self._facts.items():
            latest = self._latest[name]
            stated = {id(fact): fact for fact in (*known.values(), *latest.values())}
            told = {key: fact._replace(stream=speaker(fact)) for key, fact in stated.items()}
            complete._facts[name] = {key: told[id(fact)] for key, fact in known.items()}
            complete._latest[name] = {(new.source, new.stream): new for new in (told[id(f)] for f in latest.values())}
        return complete

    def __contains__(self, name: str) -> bool:
        return name in self._facts

    def all(self, name: str) -> list[Fact]:
        """Everything stated under this name, in the order of sources and lines."""
        return self._ordered(name)[0]

    def latest(self, name: str) -> list[Fact]:
        """What each stream stated last under this name, also if it had stated it before, in the order of sources and
        lines."""
        return sorted(self._latest.get(name, {}).values(), key=lambda f: (f.source, f.line))

    def names(self, prefix: str = "") -> Iterator[str]:
        """The names that begin so, sorted."""
        return iter(sorted(name for name in self._facts if name.startswith(prefix)))

    def best(
        self, name: str, near: Stream | None = None, source: str | None = None, line: int | None = None
    ) -> Fact | None:
        """The statement nearest to a place: of its own stream, else of its host, of its source, of anybody; of those
        in its source the last one before it, as a log may hold several starts."""
        return min(self.all(name), key=lambda fact: _distance(fact, near, source, line), default=None)

    def values(self, name: str) -> tuple[str, ...]:
        """The different values of a name, in the order in which they were stated."""
        return self._ordered(name)[1]

    def _ordered(self, name: str) -> tuple[list[Fact], tuple[str, ...]]:
        known = self._in_order.get(name)
        if known is None:
            facts = sorted(self._facts.get(name, {}).values(), key=lambda f: (f.source, f.line))
            known = self._in_order[name] = facts, tuple(dict.fromkeys(fact.value for fact in facts))
        return known

    def tied(self, name: str, value: str) -> Iterator[Mapping[str, str]]:
        """What lines that state this value under any name that ends in ``.name`` say besides."""
        for full in self.names():
            if full.rpartition(".")[2] == name:
                yield from (fact.siblings for fact in self.all(full) if fact.value == value)


def _distance(fact: Fact, near: Stream | None, source: str | None, line: int | None) -> tuple[int, bool, int]:
    if near and fact.stream == near and (near.pid is not None or near.rank is not None):
        of = 0
    elif near and near.host and fact.stream.host == near.host:
        of = 1
    else:
        of = 2 if source and fact.source == source else 3
    if line is None or fact.source != source:
        return of, False, 0
    return of, fact.line > line, abs(line - fact.line)
