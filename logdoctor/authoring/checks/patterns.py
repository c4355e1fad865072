"""Signatures and facts that another one takes, that cost time on healthy logs, or that can be made to explode."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import regex

from logdoctor.authoring.attack import attacks
from logdoctor.authoring.library import Library, Problem
from logdoctor.rulebook import Rule, Rulebook, healthy
from logdoctor.rulebook.compile import Keys, literals_of
from logdoctor.rulebook.literals import SHORTEST

FEW = 4
"""Lines that every process prints once or twice when it starts."""
MUCH = 0.02
"""The share of a healthy log's lines from which on a literal is hot."""
PATIENCE = 0.2
"""Seconds that a pattern may take on a text made to delay it; a second try has five times as long."""
_FLAGS = regex.ASCII | regex.MULTILINE


def duplicate_signature(library: Library) -> Iterator[Problem]:
    """A signature that stands in another rule too, or twice in one."""
    users: dict[tuple[str, str], list[tuple[str, Keys]]] = defaultdict(list)
    for id, sheet in library.rules.items():
        for keys, entry in sheet.patterns():
            users[_identity(entry)].append((id, keys))
    for sheet in library.of("rule"):
        for keys, entry in sheet.patterns():
            others = [id for id, at in users[_identity(entry)] if (id, at) != (sheet.content["id"], keys)]
            if others:
                yield sheet.problem("duplicate-signature", keys, f"is also a signature of {', '.join(others)}")


def _identity(entry: Mapping[str, Any]) -> tuple[str, str]:
    return entry["pattern"], f"{sorted(entry.get('levels', ()))} {sorted(entry.get('components', ()))}"


def shadowed_signature(library: Library) -> Iterator[Problem]:
    """A signature whose every line in the examples is also one of another rule of the same layer, without an edge
    between the two: which of them names the cause is chance."""
    rules_of = _Recogniser(library.book)
    for sheet in library.of("rule"):
        own = sheet.content["id"]
        lines = [
            line for example in sheet.content["tests"] if example["finds"] != "nothing" for line in _lines(example)
        ]
        for keys, entry in sheet.patterns():
            pattern = regex.compile(entry["pattern"], _FLAGS)
            found = [rules_of(line) for line in lines if pattern.search(line, timeout=1)]
            for other in sorted(frozenset.intersection(*found) - {own} if found else ()):
                if _compete(library.book.rule(own), library.book.rule(other)):
                    message = (
                        f"each line of the examples that it matches is one of {other} too, a rule of the same layer"
                    )
                    yield sheet.problem(
                        "shadowed-signature", keys, f"{message}: let one explain the other, or narrow one"
                    )


def _lines(example: Mapping[str, Any]) -> list[str]:
    logs = example["logs"].values() if "logs" in example else [example["log"]]
    return [line for log in logs for line in log.splitlines()]


class _Recogniser:
    """The rules that recognise a line by itself, whatever is before or after it."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book
        self._known: dict[str, frozenset[str]] = {}

    def __call__(self, line: str) -> frozenset[str]:
        if line not in self._known:
            called = {index for literal, calls in self._book.literals.items() if literal in line for index in calls}
            self._known[line] = frozenset(
                rule
                for index in called
                if (rule := self._rule(index)) and self._book.regex(index).search(line, timeout=1)
            )
        return self._known[line]

    def _rule(self, index: int) -> str | None:
        """The rule of a pattern that needs nothing but the line."""
        pattern = self._book.patterns[index]
        return None if pattern.levels or pattern.components else pattern.rule


def _compete(one: Rule, other: Rule) -> bool:
    """Whether two rules may both be taken for the origin of one line."""
    names = [{rule.id, *(case.id for case in rule.cases)} for rule in (one, other)]
    edges = [{*rule.explains, *rule.consequence_of} for rule in (one, other)]
    layers = [{case.layer for case in rule.cases} for rule in (one, other)]
    certain = any(case.when is None for case in other.cases)  # else its conditions may tell the two apart
    return certain and bool(layers[0] & layers[1]) and not (edges[0] & names[1] or edges[1] & names[0])


def unfindable_literal(library: Library) -> Iterator[Problem]:
    """A literal that is too short to be rare, spans lines, or holds what a JSON string escapes."""
    for sheet in (*library.of("rule"), *library.of("facts")):
        for keys, entry in sheet.patterns():
            for literal in literals_of(entry):
                if len(literal.encode()) < SHORTEST or set(literal) & set('"\n\t'):
                    message = f"the literal {literal!r} must have {SHORTEST} bytes or more, in one line, and no quotes"
                    yield sheet.problem("unfindable-literal", keys, message)


def hot_literal(library: Library) -> Iterator[Problem]:
    """A literal that stands in many lines of healthy logs in which nothing is found: each is read for nothing."""
    logs = [(path.name, text.splitlines(), text) for path, text in healthy.texts() if text.count("\n") > 50]
    steady = healthy.steady_lines()
    for sheet in (*library.of("rule"), *library.of("facts")):
        for keys, entry in sheet.patterns():
            for literal in literals_of(entry):
                for name, lines, text in logs:
                    if text.count(literal) <= FEW:
                        continue
                    wasted = sum(literal in line and not _is_read(literal, line, library.book) for line in lines)
                    if wasted > max(FEW, MUCH * len(lines)):
                        message = (
                            f"the literal {literal!r} stands in {wasted} of {len(lines)} lines of the healthy {name}"
                        )
                        yield sheet.problem("hot-literal", keys, f"{message} in which nothing is found")
                if not (entry.get("heartbeat") or entry.get("progress")):
                    for line in steady:
                        if literal in line:
                            message = f"the literal {literal!r} stands in a line that healthy runs print all the time"
                            yield sheet.problem("hot-literal", keys, f"{message}: {line[:80]}")


def _is_read(literal: str, line: str, book: Rulebook) -> bool:
    """Whether one of the patterns that a literal calls for matches a line."""
    called = {index for looked_for, calls in book.literals.items() if literal.startswith(looked_for) for index in calls}
    return any(book.regex(index).search(line, timeout=1) for index in called)


def exploding_pattern(library: Library) -> Iterator[Problem]:
    """A pattern that takes longer and longer on a text made for it (``(a+)+``): a log is hostile input."""
    for sheet in (*library.of("rule"), *library.of("facts"), *library.of("formats")):
        for keys, entry in sheet.patterns():
            for field in ("pattern", "begin", "body", "last", "after", "introduced_by", "hide"):
                if field in entry and (text := explodes(entry[field], sheet.kind != "formats")) is not None:
                    message = f"takes very long on {text[:60]!r}..., {len(text):,} characters; see 'nested quantifiers'"
                    yield sheet.problem("exploding-pattern", (*keys, field), message)


def explodes(pattern: str, anywhere: bool = True) -> str | None:
    """A text on which a pattern takes much longer than its length explains; None if none was found."""
    for text in attacks(pattern, anywhere):
        compiled = regex.compile(pattern, _FLAGS)
        apply = compiled.search if anywhere else compiled.match
        try:
            apply(text, timeout=PATIENCE)
        except TimeoutError:
            try:
                apply(text, timeout=5 * PATIENCE)  # the machine may have been busy
            except TimeoutError:
                return text
    return None
