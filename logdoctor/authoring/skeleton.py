"""A rule to fill in, from the messages of a log that no rule knows.

Messages of one kind are put together: numbers, addresses, paths and names in quotes are masked, and where messages that
are otherwise alike differ in a word, that word is taken for a value too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from logdoctor import core
from logdoctor.authoring.checks.examples import TODO
from logdoctor.diagnosis.observations import quote
from logdoctor.formats import assemble
from logdoctor.model import Event, Record
from logdoctor.rulebook import Rulebook
from logdoctor.rulebook.literals import required
from logdoctor.sources import Source, SourceError

ALIKE = 0.7
"""The share of words in which messages of one kind agree."""
WORDS = 30
"""Words of a message that its pattern is made of."""
EXAMPLE = 12
"""Lines of a record that become the example."""
_VALUES = (
    ("url", r"https?://[^\s'\")]+", r"\S+"),
    ("address", r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b", r"[\d.]+(?::\d+)?"),
    ("path", r"(?<![\w.])(?:/[\w.+@=-]+){2,}/?", r"/\S+?"),
    ("id", r"\b0x[0-9a-fA-F]+\b|\b(?=[a-f]*\d)[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b", r"[\w-]+"),
    ("name", r"(?<=')[^'\s]+(?=')|(?<=\")[^\"\s]+(?=\")|(?<=`)[^`\s]+(?=`)", r"[^\s'\"`]+"),
    ("number", r"(?<![\w.])\d+(?:\.\d+)*|(?<=[=:(\[,])\d+(?:\.\d+)*", r"\d[\d.]*"),
)
"""Kinds of values: the name of their group, how they look in a message, what matches them in a pattern."""
_VALUE = re.compile("|".join(f"(?P<{name}>{looks})" for name, looks, _ in _VALUES))
_MATCHES = {name: pattern for name, _, pattern in _VALUES} | {"word": r"\S+"}
_PLACE = re.compile(r"\[?[\w./-]+\.(?:py|cc|cpp|cu|h|hpp|go|rs):\d+\]?:? +")
"""Where in its source a message was printed, which changes with each version."""
_DULL = frozenset(("the", "a", "an", "of", "to", "in", "is", "for", "on", "with", "and", "error", "exception", "was"))


@dataclass(frozen=True, slots=True)
class Template:
    """Messages of one kind."""

    words: tuple[str, ...]
    """With ``\\0kind\\0`` in place of each value."""
    event: Event
    """The first of them."""
    count: int

    @property
    def shown(self) -> str:
        """The messages' common text, with ``<kind>`` for each value."""
        return re.sub("\0(\\w+)\0", r"<\1>", " ".join(self.words))

    @property
    def fixed(self) -> str:
        """The longest text that all of them hold."""
        return max(re.split("\0\\w+\0", " ".join(self.words)), key=len).strip()


def templates(sources: Iterable[Source | SourceError], book: Rulebook) -> list[Template]:
    """The messages that no rule knows: exceptions first, then other errors, each kind with the most frequent first."""
    run = core.Run(book)
    for source in sources:
        if isinstance(source, SourceError):
            run.complain(source)
        else:
            run.read(source)
    seen = run.observations
    found: list[Template] = []
    for failures in (seen.failures, seen.complaints):
        kinds = merged([_template(failure.first, failure.count) for failure in failures.values()])
        found += sorted(kinds, key=lambda kind: -kind.count)
    return found


def of_line(name: str, number: int, text: str, book: Rulebook) -> Template | None:
    """The kind of message that stands in a line; None where it holds nothing but terminal escapes."""
    record = next(assemble(name, [(number, text)], book.grammars), None)
    return _template(Event("", record, number, number), 1) if record else None


def merged(kinds: Iterable[Template]) -> list[Template]:
    """Kinds whose messages differ in a few words only, put together."""
    found: list[Template] = []
    for kind in kinds:
        for number, other in enumerate(found):
            if (words := _common(kind.words, other.words)) is not None:
                found[number] = Template(words, other.event, other.count + kind.count)
                break
        else:
            found.append(kind)
    return found


def _template(event: Event, count: int) -> Template:
    text = _PLACE.sub("", _line(event.record, event.line))
    masked = _VALUE.sub(lambda found: f"\0{found.lastgroup}\0", text)
    return Template(tuple(masked.split()), event, count)


def _line(record: Record, number: int) -> str:
    """A line of a record without its prefixes."""
    return next((line for line, at in zip(record.lines, record.numbers, strict=True) if at == number), record.lines[0])


def _common(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...] | None:
    """The words of two messages of one kind, values in place of those that differ; None if they are of two kinds."""
    if len(one) != len(other):
        return None
    same = sum(a == b for a, b in zip(one, other, strict=True))
    if same < max(3, ALIKE * len(one)):
        return None
    return tuple(a if a == b else "\0word\0" for a, b in zip(one, other, strict=True))


def pattern(template: Template) -> str:
    """What recognises messages of this kind: their fixed text, with a named group for each value."""
    counts: dict[str, int] = {}

    def group(kind: str) -> str:
        counts[kind] = counts.get(kind, 0) + 1
        name = kind if counts[kind] == 1 else f"{kind}{counts[kind]}"
        return f"(?P<{name}>{_MATCHES[kind]})"

    words = [
        "".join(group(part) if number % 2 else re.escape(part) for number, part in enumerate(word.split("\0")))
        for word in template.words[:WORDS]
    ]
    whole = " ".join(words).replace("\\-", "-").replace('\\"', '"')
    return re.sub(r"\\([/=:,#&~!<>@%'`])", r"\1", whole)


def suggest(template: Template, book: Rulebook) -> str:
    """The YAML of a rule for messages of this kind. Whatever only its author can know is marked with TODO."""
    event, signature = template.event, pattern(template)
    component = event.record.stream.component or "site"
    id = _id(component, template, book)
    raw = [line.rstrip("\r\n") for line in event.record.raw[:EXAMPLE]] or [quote(event.record, event.line)]
    groups = re.findall(r"\(\?P<(\w+)>", signature)
    values = f"; {{{groups[0]}}} is a value of the message" if groups else ""
    entry: dict[str, Any] = {"pattern": signature}
    if not required(signature):
        entry["literals"] = [f"{TODO}: a text of at least 4 characters that stands in every such message"]
    rule = {
        "id": id,
        "title": f"{TODO}: what happened, in one line{values}",
        "component": component,
        "severity": "error",
        "layer": "fault",
        "signatures": [entry],
        "cause": f"{TODO}: what happened, why, and how the line shows it, in two to five sentences.",
        "fix": {
            "summary": f"{TODO}: one imperative sentence",
            "steps": [f"{TODO}: or env, flags, commands: exact names, exact values"],
            "verify": [f"{TODO}: a command that shows that it helped"],
        },
        "references": [f"{TODO}: the code that prints it, documentation, or a thread where the fix was confirmed"],
        "tests": [
            {"log": "\n".join(raw) + "\n", "finds": id, **({"evidence": template.fixed} if template.fixed else {})},
            {"log": f"{TODO}: a near miss, such as the healthy sister of the message\n", "finds": "nothing"},
        ],
    }
    text = yaml.dump(rule, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return text.replace("\nlayer: fault\n", f"\nlayer: fault  # {TODO}: host, fault, peer, wait, relay or advice\n")


def _id(component: str, template: Template, book: Rulebook) -> str:
    """A name that no rule has, from the first words that say something."""
    plain = re.sub("\0\\w+\0", " ", " ".join(template.words))
    plain = re.sub(r"([a-z])([A-Z])", r"\1 \2", plain).lower()
    words = [word for word in re.findall(r"[a-z]+", plain) if len(word) > 1 and word not in _DULL]
    names = [component, *[word for word in words if word != component][:4]]
    id = "-".join(re.sub(r"[^a-z0-9-]", "", name) for name in names)
    return next(name for name in _numbered(id) if name not in book.rule_ids)


def _numbered(id: str) -> Iterator[str]:
    yield id
    number = 2
    while True:
        yield f"{id}-{number}"
        number += 1


class _Dumper(yaml.SafeDumper):
    """Logs as blocks, patterns in single quotes."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else "'" if "\\" in text or "(?P<" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
