"""What is said of a message that stands in a program's source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HOLE = "\x00"
"""Stands in a message where the program puts a value."""


@dataclass(frozen=True, slots=True)
class Message:
    """A text that a program can print, with holes where values go."""

    path: Path
    line: int
    """1-based."""
    call: str
    """What prints it: ``WARN``, ``GLOO_ENFORCE``, ``logger.error``, ``raise ValueError``."""
    level: str
    """``error``, ``warning`` or ``info``."""
    parts: tuple[str, ...]
    """The text between the holes, in order: there is a hole between each two."""
    values: tuple[str, ...]
    """What goes into each hole: a conversion such as ``%d``, or the expression in the source."""
    before: str = ""
    """What is printed before it without being part of it: a place, the name of an exception."""

    @property
    def text(self) -> str:
        """The message as a reader may see it, with ``<...>`` for each hole."""
        return "<...>".join(self.parts)

    @property
    def said(self) -> int:
        """How many characters of it are fixed."""
        return sum(len(part.strip()) for part in self.parts)


def message(path: Path, line: int, call: str, level: str, pieces: list[str | tuple[str]], before: str = "") -> Message:
    """A message of fixed texts and values (in tuples of one), in the order in which they are printed."""
    parts = [""]
    values: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            parts[-1] += piece
        else:
            values.append(piece[0])
            parts.append("")
    return Message(path, line, call, level, tuple(parts), tuple(values), before)
