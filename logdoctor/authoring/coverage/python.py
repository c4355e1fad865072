"""Messages in Python: what loggers print, what exceptions and assertions say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from logdoctor.authoring.coverage.messages import Message, message

SUFFIXES = frozenset((".py",))
_LEVELS = {
    **dict.fromkeys(("warning", "warn", "warning_once"), "warning"),
    **dict.fromkeys(("error", "exception", "critical", "fatal", "error_once"), "error"),
    **dict.fromkeys(("info", "info_once"), "info"),
}
_LOGGER = re.compile(r"(?i)log|warnings")
_CONVERSION = re.compile(r"%(?:\(\w+\))?[-+ #0]*\d*(?:\.\d+)?[diouxXeEfFgGcrsa%]")
_FIELD = re.compile(r"\{[^{}]*\}")


def messages(path: Path, text: str) -> Iterator[Message]:
    """The messages that a Python file can print; none for a file that this Python cannot read."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            name = ast.unparse(node.exc.func)
            before = f"{name.rpartition('.')[2]}: "
            yield from _told(path, node, f"raise {name}", "error", _pieces(node.exc.args[0]), before)
        elif isinstance(node, ast.Assert) and node.msg is not None:
            yield from _told(path, node, "assert", "error", _pieces(node.msg), "AssertionError: ")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            level = _LEVELS.get(node.func.attr)
            owner = ast.unparse(node.func.value) if level else ""
            if level and _LOGGER.search(owner):
                pieces = _pieces(node.args[0])
                if len(pieces) == 1 and isinstance(pieces[0], str):
                    pieces = _split(pieces[0], _CONVERSION)
                yield from _told(path, node, f"{owner}.{node.func.attr}", level, pieces)


def _told(
    path: Path, node: ast.stmt | ast.expr, call: str, level: str, pieces: list[str | tuple[str]], before: str = ""
) -> Iterator[Message]:
    if any(isinstance(piece, str) and piece.strip() for piece in pieces):
        yield message(path, node.lineno, call, level, pieces, before)


def _pieces(node: ast.expr) -> list[str | tuple[str]]:
    """What an expression prints."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        return [piece for value in node.values for piece in _pieces(value)]
    if isinstance(node, ast.FormattedValue):
        return [(ast.unparse(node.value)[:60],)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_pieces(node.left), *_pieces(node.right)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant):
        return _split(str(node.left.value), _CONVERSION)
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return _split(text, _FIELD)
    return [(ast.unparse(node)[:60],)]


def _split(text: str, conversion: re.Pattern[str]) -> list[str | tuple[str]]:
    pieces: list[str | tuple[str]] = []
    at = 0
    for found in conversion.finditer(text):
        pieces.append(text[at : found.start()])
        pieces.append("%" if found[0] == "%%" else (found[0],))
        at = found.end()
    return [*pieces, text[at:]]
