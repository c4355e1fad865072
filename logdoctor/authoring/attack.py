"""Texts made to delay a pattern: what a hostile log would hold. Only patterns that could be delayed get any."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from logdoctor.rulebook.literals import constants, parser

LENGTH = 2_000
"""Characters of such a text. At this length squares are harmless, and cubes take seconds."""
_REPEATS = tuple(
    getattr(constants, name) for name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") if hasattr(constants, name)
)
_MANY = 64
"""Repetitions from which on a repeat counts as one without end."""
_ALPHABET = "a0 :-/.=A_[(,\"'~\t"
"""Characters that stand for a class; the first that it holds."""
_CATEGORY: dict[Any, Callable[[str], bool]] = {
    constants.CATEGORY_DIGIT: str.isdigit,
    constants.CATEGORY_NOT_DIGIT: lambda c: not c.isdigit(),
    constants.CATEGORY_SPACE: str.isspace,
    constants.CATEGORY_NOT_SPACE: lambda c: not c.isspace(),
    constants.CATEGORY_WORD: lambda c: c.isalnum() or c == "_",
    constants.CATEGORY_NOT_WORD: lambda c: not (c.isalnum() or c == "_"),
}


def attacks(pattern: str, anywhere: bool = True) -> Iterator[str]:
    """For each repeat without end a text that reaches it, goes on with what it repeats, and cannot match in the end.

    ``anywhere`` says whether a match may begin anywhere, as in a search.
    """
    try:
        tree = parser.parse(pattern, re.ASCII | re.MULTILINE)
    except (re.error, RecursionError, OverflowError):  # syntax of the regex library
        yield from (unit * (LENGTH // len(unit)) + "\x00" for unit in ("a", "0", " ", "a ", "a.", "a:", "=", "("))
        return
    found, whole = list(_repeats(tree, "")), _sample(tree)[:LENGTH]
    bodies = [body for _, body, _, _ in found]
    repeats = [
        (before, unit, nested)
        for before, body, follower, nested in found
        for unit in dict.fromkeys((_sample(body), follower if follower and _takes(body, follower) else ""))
    ]
    for before, unit, nested in repeats:
        takers = sum(any(_takes(other, character) for character in set(unit)) for other in bodies)
        # a search that can begin anywhere in the text costs as much as one more repeat
        if unit and (nested or takers + (anywhere and not before) > 2):
            yield f"{before}{unit * (LENGTH // len(unit))}\x00\n{whole}"


def _repeats(items: Any, before: str) -> Iterator[tuple[str, Any, str, bool]]:
    """The repeats without end in a parsed pattern: a text that reaches each, its parsed body, the character that
    follows it, and whether another one stands within it."""
    for number, (operation, argument) in enumerate(items):
        for inner in _inside(operation, argument):
            within = list(_repeats(inner, before))
            if operation in _REPEATS and argument[1] >= _MANY:
                yield before, inner, _sample(list(items)[number + 1 :])[:1], bool(within)
            yield from within
        before += _sample([(operation, argument)])


def _takes(items: Any, character: str) -> bool:
    """Whether parsed items can match a character somewhere."""
    for operation, argument in items:
        if operation is constants.ANY:
            return True
        if operation is constants.NOT_LITERAL and ord(character) != argument:
            return True
        if operation is constants.IN:
            negated = argument[0][0] is constants.NEGATE
            if any(_holds(op, value, character) for op, value in argument) != negated:
                return True
        if _holds(operation, argument, character) or any(
            _takes(inner, character) for inner in _inside(operation, argument)
        ):
            return True
    return False


def _inside(operation: Any, argument: Any) -> list[Any]:
    """The parsed parts within an item."""
    if operation in _REPEATS:
        return [argument[2]]
    if operation is constants.SUBPATTERN:
        return [argument[-1]]
    if operation is constants.BRANCH:
        return list(argument[1])
    if operation is getattr(constants, "ATOMIC_GROUP", None):
        return [argument]
    return []


def _sample(items: Any) -> str:
    """A short text that parsed items match, as far as that is easily said."""
    text = ""
    for operation, argument in items:
        if operation is constants.LITERAL:
            text += chr(argument)
        elif operation is constants.NOT_LITERAL:
            text += next(c for c in _ALPHABET if ord(c) != argument)
        elif operation is constants.ANY:
            text += "a"
        elif operation is constants.IN:
            text += _member(argument)
        elif operation in _REPEATS:
            text += _sample(argument[2]) * argument[0]
        elif inner := _inside(operation, argument):
            text += _sample(inner[0])
    return text


def _member(items: Any) -> str:
    """A character of a class."""
    negated = items[0][0] is constants.NEGATE
    for candidate in [chr(a) for op, a in items if op is constants.LITERAL and not negated] + list(_ALPHABET):
        if any(_holds(op, argument, candidate) for op, argument in items) != negated:
            return candidate
    return next((chr(a[0]) for op, a in items if op is constants.RANGE), "")


def _holds(operation: Any, argument: Any, character: str) -> bool:
    if operation is constants.LITERAL:
        return ord(character) == int(argument)
    if operation is constants.RANGE:
        return int(argument[0]) <= ord(character) <= int(argument[1])
    return operation is constants.CATEGORY and _CATEGORY[argument](character)
