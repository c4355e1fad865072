"""Differentials whose entries cannot win, and causes that explain each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from logdoctor.authoring.library import Library, Problem


def unreachable_cause(library: Library) -> Iterator[Problem]:
    """An entry of a differential behind one that has no condition, or has the same: the first that holds wins."""
    for sheet in library.of("rule"):
        before: list[tuple[str, object]] = []
        for keys, cause in sheet.causes():
            for other, condition in before:
                if condition is None or condition == cause.get("when"):
                    has = "no condition" if condition is None else "the same condition"
                    message = f"'{cause['id']}' can never win: '{other}' stands before it and has {has}"
                    yield sheet.problem("unreachable-cause", keys, message)
                    break
            before.append((cause["id"], cause.get("when")))


def cycle(library: Library) -> Iterator[Problem]:
    """Causes that explain each other, over however many steps: all of them would be fallout."""
    edges: dict[str, set[str]] = defaultdict(set)
    book = library.book
    for id in book.rule_ids:
        rule = book.rule(id)
        own = {case.id for case in rule.cases}
        for name in rule.explains:
            for cause in own:
                edges[cause] |= _named(name, library)
        for name in rule.consequence_of:
            for cause in _named(name, library):
                edges[cause] |= own
    checked = {sheet.content["id"]: sheet for sheet in library.of("rule")}
    for way in _cycles(edges, library.owners):
        sheet = next((checked[library.owners[id]] for id in way if library.owners.get(id) in checked), None)
        if sheet:
            keys = next(((edge,) for edge in ("explains", "consequence_of") if edge in sheet.content), ())
            yield sheet.problem("cycle", keys, " explains ".join(way))


def _named(name: str, library: Library) -> set[str]:
    """The causes that an edge speaks of."""
    if name.startswith("layer:"):
        layer = name.partition(":")[2]
        return {case.id for id in library.book.rule_ids for case in library.book.rule(id).cases if case.layer == layer}
    return {case.id for case in library.book.rule(name).cases} if name in library.book.rule_ids else {name}


def _cycles(edges: Mapping[str, set[str]], owners: Mapping[str, str]) -> Iterator[list[str]]:
    """Each way from a cause back to itself, but for ways within a rule: of its causes only one holds for an event."""
    done: set[str] = set()
    for start in list(edges):
        stack = [(start, iter(sorted(edges[start])))]
        way = [start]
        while stack:
            at, effects = stack[-1]
            effect = next((e for e in effects if e not in done and owners.get(e) != owners.get(at)), None)
            if effect is None:
                done.add(at)
                stack.pop()
                way.pop()
            elif effect in way:
                yield [*way[way.index(effect) :], effect]
            else:
                stack.append((effect, iter(sorted(edges.get(effect, ())))))
                way.append(effect)
        done.add(start)
