"""A source tree against the rulebook."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random

from logdoctor.authoring.coverage import cpp, python
from logdoctor.authoring.coverage.messages import Message
from logdoctor.rulebook import Rulebook

LEFT_OUT = re.compile(
    r"(?i)(^|[/_.-])(tests?|testing|examples?|benchmarks?|third_?party|vendor(?:ed)?|docs?|fuzz)([/_.-]|$)"
)
"""Paths whose messages no user sees."""
LARGEST = 4 << 20
"""Bytes of a source file that is read."""
SHORTEST = 12
"""Fixed characters that a message needs to be recognisable at all."""
MIXTURES = 1_000
"""Different values that are tried on a message in which some rule's literal stands."""
_WORDS = (
    "eth0",
    "3",
    "10.0.0.1",
    "10.0.0.1<4242>",
    "[10.0.0.1]:4242",
    "Connection refused",
    "/opt/x/lib.so",
    "1.5",
    "CUDA",
    "mlx5_0:1",
    "cuda:0",
)
"""What holes are filled with, one after the other, where their use does not tell."""
_TELLING = (
    (re.compile(r"%[-+ #0]*\d*\.?\d*(?:hh|h|ll|l|j|z|t)?[diu]$"), "3"),
    (re.compile(r"%[-+ #0]*\d*\.?\d*(?:hh|h|ll|l)?[xX]$"), "1f"),
    (re.compile(r"%p$"), "0x7f0012340000"),
    (re.compile(r"%.*[feEgG]$"), "1.5"),
    (re.compile(r"(?i)gib|memory|round\("), "3"),
    (re.compile(r"(?i)^(self\.)?device"), "cuda:0"),
    (re.compile(r"(?i)rank|size|count|num|port|len\b|dev|ret|index|bytes|nranks|retry|errno\b"), "3"),
    (re.compile(r"(?i)strerror|what\(\)|reason|error|exc|\be\b"), "Connection refused"),
    (re.compile(r"(?i)addr|socket|host|remote|peer|\bip\b"), "10.0.0.1:4242"),
    (re.compile(r"(?i)path|file|lib"), "/opt/x/lib.so"),
)


@dataclass(frozen=True, slots=True)
class Survey:
    """The messages of a source tree, each text once, and which of them a rule recognises."""

    root: Path
    recognised: tuple[tuple[Message, str], ...]
    """With the rule that does."""
    unrecognised: tuple[tuple[Message, tuple[str, ...]], ...]
    """With the rules whose literals stand in it: perhaps one of them was meant."""


def survey(root: Path, book: Rulebook, levels: Sequence[str] = ("error", "warning")) -> Survey:
    """All messages of these levels in a source tree, held against the rules."""
    reader = _Reader(book)
    known, unknown, seen = [], [], set()
    for message in sorted(_messages(root), key=lambda m: (m.path, m.line)):
        if message.level not in levels or message.said < SHORTEST or message.text in seen:
            continue
        seen.add(message.text)
        rule, near = reader.read(message)
        if rule:
            known.append((message, rule))
        else:
            unknown.append((message, near))
    return Survey(root, tuple(known), tuple(unknown))


def _messages(root: Path) -> Iterator[Message]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not LEFT_OUT.search(name))
        for name in sorted(names):
            path = Path(folder, name)
            language = next((language for language in (cpp, python) if path.suffix in language.SUFFIXES), None)
            if language and not LEFT_OUT.search(path.stem) and path.is_file() and path.stat().st_size < LARGEST:
                yield from language.messages(path, path.read_text(encoding="utf-8", errors="replace"))


class _Reader:
    """Tries the patterns of rules on a message with its holes filled."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book

    def read(self, message: Message) -> tuple[str | None, tuple[str, ...]]:
        """The rule that recognises it, or None; and the rules whose literals stand in it."""
        lines = list(dict.fromkeys(_lines(message)))
        if rule := self._recognised(lines, self._called("\n".join(lines), 0)):
            return rule, ()
        near = self._called("\n".join(message.parts), SHORTEST)
        if near and (rule := self._recognised(_mixtures(message), near)):
            return rule, ()
        return None, tuple(dict.fromkeys(near.values()))

    def _called(self, text: str, shortest: int) -> dict[int, str]:
        """The patterns that look for something that stands in a text, with their rules."""
        literals = [literal for literal in self._book.literals if literal in text and len(literal) >= shortest]
        patterns = dict.fromkeys(index for literal in literals for index in self._book.literals[literal])
        return {index: rule for index in patterns if (rule := self._book.patterns[index].rule)}

    def _recognised(self, lines: Iterable[str], patterns: Mapping[int, str]) -> str | None:
        """The rule of the first of the patterns that matches one of the lines."""
        found = ((rule for index, rule in patterns.items() if self._matches(index, line)) for line in lines)
        return next(chain.from_iterable(found), None) if patterns else None

    def _matches(self, index: int, line: str) -> bool:
        try:
            return bool(self._book.regex(index).search(line, timeout=0.2))
        except TimeoutError:
            return False


def _lines(message: Message) -> Iterator[str]:
    """The message as it may stand in a log, with different values."""
    told = [next((word for shape, word in _TELLING if shape.search(value)), None) for value in message.values]
    for word in _WORDS if None in told or any(not value.startswith("%") for value in message.values) else ("",):
        yield _filled(message, [known or word for known in told])
    if message.values:
        for word in _WORDS:
            yield _filled(message, [word] * len(told))


def _mixtures(message: Message) -> Iterator[str]:
    """The message with other values in each hole."""
    chance = Random(0)
    count = min(MIXTURES, 4 * len(_WORDS) ** len(message.values))
    yield from (_filled(message, chance.choices(_WORDS, k=len(message.values))) for _ in range(count))


def _filled(message: Message, words: Sequence[str]) -> str:
    text = message.before + message.parts[0]
    for word, part in zip(words, message.parts[1:], strict=True):
        text += word + part
    return text
