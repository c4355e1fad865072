"""What a line grammar must keep to, so that it takes its own lines and no others."""

from __future__ import annotations

from collections.abc import Iterator

from logdoctor.authoring.library import Library, Problem
from logdoctor.rulebook.grammars import Grammar

GROUPS = frozenset(
    ("time", "level", "host", "pid", "tid", "rank", "process", "file", "lineno", "channel", "repeated", "rest", "text")
)
"""The vocabulary of named groups."""


def loose_grammar(library: Library) -> Iterator[Problem]:
    """A grammar without examples of both kinds, with groups that nothing reads, or that may begin with anything."""
    grammars = {grammar.id: grammar for grammar in library.book.grammars.all}
    for sheet in library.of("formats"):
        for keys, entry in sheet.patterns():
            if entry["kind"] == "anchors":
                continue
            for field in ("samples", "not_samples"):
                if not entry.get(field):
                    yield sheet.problem("loose-grammar", keys, f"'{entry['id']}' has no '{field}:'")
            for message in _loose(grammars[entry["id"]]):
                yield sheet.problem("loose-grammar", keys, f"'{entry['id']}' {message}")


def _loose(grammar: Grammar) -> Iterator[str]:
    named = set(grammar.pattern.groupindex)
    wanted = {"wrapper": "rest", "record": "text"}.get(grammar.kind)
    if unknown := named - GROUPS:
        yield f"has groups that nothing reads: {', '.join(sorted(unknown))}"
    if wanted and named & {"rest", "text"} != {wanted}:
        yield f"must have the group '{wanted}', as it is a {grammar.kind}"
    if grammar.kind == "record" and ("file" in named) != ("lineno" in named):
        yield "must name 'file' and 'lineno' together"
    if grammar.kind == "record" and "file" in named and "time" not in named:
        yield "names 'file' without 'time': equal heads without a time tell nothing"
    if grammar.kind == "name" and named - {"host", "rank", "pid", "process"}:
        yield "may only name 'host', 'rank', 'pid' and 'process', as it reads names of sources"
    if grammar.kind in ("block", "continuation") and named:
        yield f"may not name groups, as it is a {grammar.kind}"
    if not grammar.weak and grammar.kind != "name" and not grammar.first:
        yield "should begin with a literal or a character class, so that few lines meet it"
