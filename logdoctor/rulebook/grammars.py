"""The line grammars of ``rules/formats``, compiled and arranged so that a line meets only those that can match it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from logdoctor.model import Level
from logdoctor.rulebook.literals import first_characters, required

_NOT_CHANNEL = frozenset(("time", "rest", "level", "repeated", "part"))
"""What lines of one channel say differently."""


@dataclass(frozen=True)
class Grammar:
    """One way in which lines are built; the fields are those of ``docs/formats.md``."""

    id: str
    kind: str
    source: str
    """The pattern's text; for a block that of its first line."""
    component: str | None = None
    order: int = 50
    weak: bool = False
    decode: str | None = None
    level: Level | None = None
    levels: Mapping[str, Level] = field(default_factory=dict)
    body: str | None = None
    last: str | None = None
    after: str | None = None
    introduced_by: str | None = None
    hide: str | None = None
    indented: bool = False
    anchors: tuple[str, ...] = ()
    first: frozenset[str] | None = None
    """The characters that a matching line can begin with; None for any."""
    needs: tuple[str, ...] = ()
    """Texts of which a matching line holds at least one; none if that cannot be said."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.source, re.ASCII | re.DOTALL)

    @cached_property
    def channel(self) -> tuple[str, ...]:
        """The groups of a wrapper that tell its channels apart."""
        return tuple(name for name in self.pattern.groupindex if name not in _NOT_CHANNEL)

    @cached_property
    def parts(self) -> Mapping[str, re.Pattern[str]]:
        """The compiled ``body``, ``last``, ``after``, ``introduced_by`` and ``hide`` of a block, those that it has."""
        named = {name: getattr(self, name) for name in ("body", "last", "after", "introduced_by", "hide")}
        return {name: re.compile(text, re.ASCII) for name, text in named.items() if text}

    def part(self, name: str, line: str) -> bool:
        """Whether the line fits that part of the block."""
        pattern = self.parts.get(name)
        return pattern is not None and pattern.match(line) is not None


class Dispatch:
    """Grammars by the first character of the lines that they can match, in their order."""

    def __init__(self, grammars: Iterable[Grammar]) -> None:
        self._all = sorted(grammars, key=lambda g: (g.order, g.id))
        self._by_first: dict[str, tuple[tuple[Grammar, tuple[str, ...]], ...]] = {}

    def __iter__(self) -> Any:
        return iter(self._all)

    def of(self, line: str) -> tuple[tuple[Grammar, tuple[str, ...]], ...]:
        """The grammars that may match a line, each with what it needs."""
        first = line[:1]
        found = self._by_first.get(first)
        if found is None:
            found = tuple((g, g.needs) for g in self._all if g.first is None or first in g.first)
            self._by_first[first] = found
        return found

    def match(self, line: str) -> tuple[Grammar, re.Match[str]] | None:
        for grammar, needs in self.of(line):
            if needs:  # cheaper than the pattern, which then need not even be compiled
                for text in needs:
                    if text in line:
                        break
                else:
                    continue
            if matched := grammar.pattern.match(line):
                return grammar, matched
        return None


class Grammars:
    """All grammars of a rulebook, by kind."""

    def __init__(self, grammars: Iterable[Grammar]) -> None:
        self.all = tuple(grammars)
        of_kind = {
            kind: tuple(g for g in self.all if g.kind == kind)
            for kind in ("wrapper", "record", "block", "continuation", "name")
        }
        self.wrappers, self.records = of_kind["wrapper"], of_kind["record"]
        self.blocks, self.continuations = of_kind["block"], of_kind["continuation"]
        self.names = tuple(sorted(of_kind["name"], key=lambda g: (g.order, g.id)))
        self.strict_wrappers = Dispatch(g for g in self.wrappers if not g.weak)
        self.weak_wrappers = tuple(g for g in self.wrappers if g.weak)
        self.heads = Dispatch(self.records)
        self.openings = Dispatch(self.blocks)
        self.joints = Dispatch(self.continuations)

    def of_name(self, source: str) -> dict[str, str]:
        """What the name of a source says of who speaks in it: ``host``, ``rank``, ``pid``, ``process``."""
        said: dict[str, str] = {}
        for grammar in self.names:
            if found := grammar.pattern.search(source):
                said = {**{name: value for name, value in found.groupdict().items() if value}, **said}
        return said

    def with_weak(self, ids: frozenset[str]) -> Dispatch:
        """The wrappers to peel in a source whose first lines show these weak ones."""
        if not ids:
            return self.strict_wrappers
        return Dispatch(g for g in self.wrappers if not g.weak or g.id in ids)


def compiled(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A grammar as the rulebook's cache keeps it, from its entry in a YAML file."""
    plain = {key: entry[key] for key in Grammar.__dataclass_fields__ if key in entry}
    plain["source"] = entry.get("begin") or entry.get("pattern") or ""
    starts = first_characters(plain["source"]) if plain["source"] else None
    plain["first"] = sorted(starts) if starts is not None else None
    plain["needs"] = required(plain["source"], shortest=2) or ()
    return plain


def loaded(plain: Mapping[str, Any]) -> Grammar:
    """The grammar that :func:`compiled` wrote down."""
    values = dict(plain)
    values["first"] = frozenset(plain["first"]) if plain.get("first") is not None else None
    for name in ("anchors", "needs"):
        values[name] = tuple(values.get(name) or ())
    return Grammar(**values)
