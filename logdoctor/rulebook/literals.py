"""What a pattern must contain: the literals that a fast scanner looks for before the pattern itself is tried."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

if sys.version_info >= (3, 11):
    from re import _constants as constants
    from re import _parser as parser
else:  # the same modules before Python 3.11
    import sre_constants as constants
    import sre_parse as parser

__all__ = ["SHORTEST", "Endings", "constants", "first_characters", "needs", "parser", "required"]

SHORTEST = 4
"""Bytes that a literal needs to be worth looking for."""
NEEDED, NEEDS = 2, 3
"""Characters of a text whose absence tells that a pattern does not match, and how many such texts are tried first."""


class Endings:
    """Where to end a literal.

    The engine compares the ends of all literals at once, so one that ends as every line does (``ed: ``) costs time
    wherever such an end stands. Of a literal that is long enough the last characters need not be looked for.
    """

    STAY, CUT = 8, 8
    """Characters that stay, and that may be cut off."""

    def __init__(self, usual: Sequence[str], known: str) -> None:
        """Args:
        usual: lines as most logs hold them by the thousands.
        known: what healthy runs print, and all literals: nothing that stands there by itself may be left of one.
            Each literal that is asked for is among them.
        """
        self._pairs = Counter(line[at : at + 2] for line in usual for at in range(len(line) - 1))
        self._known = known
        self._pieces = Counter(known[at : at + self.STAY] for at in range(len(known) - self.STAY + 1))

    def telling(self, literal: str) -> str:
        """The literal, up to its rarest end."""
        best, least = literal, self._pairs[literal[-2:]]
        for end in range(len(literal) - 1, max(self.STAY, len(literal) - self.CUT) - 1, -1):
            cut = literal[:end]
            if self._pairs[cut[-2:]] < least and not self._spreads(cut, literal):
                best, least = cut, self._pairs[cut[-2:]]
        return best

    def _spreads(self, cut: str, literal: str) -> bool:
        """Whether what is left of a literal stands where the literal does not."""
        if self._pieces[cut[-self.STAY :]] == 1:
            return False  # only in the literal itself; most are told so, at once
        return self._known.count(cut) > self._known.count(literal)


def required(pattern: str, shortest: int = SHORTEST) -> tuple[str, ...] | None:
    """Literals of which every match of ``pattern`` contains at least one; None where there are none.

    Of several such choices the rarest is given. Raises :class:`re.error` for a pattern that the standard library
    cannot read.
    """
    tree = parser.parse(pattern, re.ASCII | re.MULTILINE)
    if tree.state.flags & re.IGNORECASE:
        return None
    return _best(_sequence(tree, shortest), shortest)


def needs(pattern: str, called: Sequence[str]) -> list[tuple[str, ...]]:
    """What every match of ``pattern`` holds besides one of the literals it is called by: of each of these choices at
    least one text. Looking for texts costs a tenth of trying the pattern."""
    try:
        tree = parser.parse(pattern, re.ASCII | re.MULTILINE)
    except (re.error, RecursionError, OverflowError):  # syntax that only the module regex knows
        return []
    if tree.state.flags & re.IGNORECASE:
        return []
    choices = {choice for choice in _sequence(tree, NEEDED) if all(len(text) >= NEEDED for text in choice)}
    telling = [choice for choice in choices if not all(any(text in literal for text in choice) for literal in called)]
    return sorted(telling, key=lambda choice: (_worth(choice), choice), reverse=True)[:NEEDS]


def _best(choices: list[tuple[str, ...]], shortest: int) -> tuple[str, ...] | None:
    """The choice that promises the fewest hits."""
    return max((c for c in choices if all(len(literal) >= shortest for literal in c)), key=_worth, default=None)


def _worth(choice: tuple[str, ...]) -> tuple[float, int]:
    """Long literals are rare; each further alternative makes a hit likelier."""
    return min(min(len(literal) for literal in choice), 24) / len(choice) ** 0.5, -len(choice)


def _sequence(items: Any, shortest: int) -> list[tuple[str, ...]]:
    """All choices of literals that a sequence of parsed items offers."""
    choices: list[tuple[str, ...]] = []
    run = ""

    def flush() -> None:
        nonlocal run
        choices.extend((line,) for line in run.split("\n") if line)
        run = ""

    for operation, argument in items:
        if operation is constants.LITERAL:
            run += chr(argument)
        elif operation is constants.SUBPATTERN and _plain(argument) is not None:
            run += _plain(argument) or ""
        elif operation is constants.AT:
            continue
        else:
            flush()
            choices.extend(_nested(operation, argument, shortest))
    flush()
    return choices


def _nested(operation: Any, argument: Any, shortest: int) -> list[tuple[str, ...]]:
    if operation is constants.SUBPATTERN:
        return [] if argument[1] & re.IGNORECASE else _sequence(argument[-1], shortest)
    if operation in (constants.MAX_REPEAT, constants.MIN_REPEAT) or operation is getattr(
        constants, "POSSESSIVE_REPEAT", None
    ):
        return _sequence(argument[2], shortest) if argument[0] > 0 else []
    if operation is getattr(constants, "ATOMIC_GROUP", None):
        return _sequence(argument, shortest)
    if operation is constants.BRANCH:
        best: list[str] = []
        for branch in argument[1]:
            offered = _best(_sequence(branch, shortest), shortest)
            if not offered:
                return []
            best += offered
        return [tuple(dict.fromkeys(best))]
    return []


def _plain(group: Any) -> str | None:
    """The text of a group that holds nothing but literals, in this case."""
    _, flags, _, items = group
    if not flags & re.IGNORECASE and all(operation is constants.LITERAL for operation, _ in items):
        return "".join(chr(argument) for _, argument in items)
    return None


def first_characters(pattern: str) -> frozenset[str] | None:
    """The ASCII characters that a match can begin with; None if that cannot be said, or if it may be empty."""
    found = _first(parser.parse(pattern, re.ASCII))
    return frozenset(found) if found is not None else None


def _first(items: Any) -> set[str] | None:
    result: set[str] = set()
    for operation, argument in items:
        if operation is constants.AT:
            continue
        optional = False
        if operation is constants.LITERAL:
            found: set[str] | None = {chr(argument)}
        elif operation is constants.IN:
            found = _class(argument)
        elif operation is constants.SUBPATTERN:
            found = _first(argument[-1])
        elif operation is constants.BRANCH:
            parts = [_first(branch) for branch in argument[1]]
            found = set().union(*(p for p in parts if p)) if all(parts) else None
        elif operation in (constants.MAX_REPEAT, constants.MIN_REPEAT):
            found, optional = _first(argument[2]), argument[0] == 0
        else:
            return None
        if not found:
            return None
        result |= found
        if not optional:
            return result
    return None


def _class(items: Any) -> set[str] | None:
    found: set[str] = set()
    for operation, argument in items:
        if operation is constants.LITERAL:
            found.add(chr(argument))
        elif operation is constants.RANGE:
            found |= {chr(code) for code in range(argument[0], argument[1] + 1)}
        elif operation is constants.CATEGORY and argument is constants.CATEGORY_DIGIT:
            found |= set("0123456789")
        elif operation is constants.CATEGORY and argument is constants.CATEGORY_WORD:
            found |= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
        elif operation is constants.CATEGORY and argument is constants.CATEGORY_SPACE:
            found |= set(" \t\n\r\f\v")
        else:
            return None
    return found
