"""Families of messages: lines that differ only in numbers, counted at the speed of memory.

Digits and the letters of hexadecimal numbers are taken out of whole blocks, which takes times, counts, addresses and
ids with them; what is left of a line tells its family.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

KINDS = 1 << 17
"""Families that are told apart; lines of further ones are not looked at."""
SEEN = 400
"""Bytes of a line that are kept of it."""
_MASKED = b"0123456789abcdefABCDEF\r"


class Example(NamedTuple):
    """The first line of a family."""

    source: str
    number: int
    """1-based."""
    line: bytes


class Families:
    """How often each family occurred, and its first line."""

    def __init__(self) -> None:
        self.counts: Counter[bytes] = Counter()
        self.examples: dict[bytes, Example] = {}

    def add(self, source: str, number: int, lines: list[bytes]) -> None:
        """Count these lines of a source, the first of which has that number."""
        families = families_of(lines)
        firsts = dict(zip(reversed(families), reversed(range(len(families))), strict=True))  # the earliest comes last
        for family in sorted(firsts.keys() - self.examples.keys())[: KINDS - len(self.examples)]:
            at = firsts[family]
            self.examples[family] = Example(source, number + at, lines[at][:SEEN])
        self.counts.update(families if len(self.examples) < KINDS else filter(self.examples.__contains__, families))

    def watch(self, source: str, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The blocks of a source as they are, their lines counted on the way."""
        number, rest = 1, b""
        for block in blocks:
            yield block
            *lines, rest = (rest + block).split(b"\n")
            self.add(source, number, lines)
            number += len(lines)
        if rest:
            self.add(source, number, [rest])


def families_of(lines: list[bytes]) -> list[bytes]:
    """What tells the family of each line."""
    return b"\n".join(lines).translate(None, _MASKED).split(b"\n") if lines else []
