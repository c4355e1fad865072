"""Messages without what differs from job to job, so that those of one kind fall together."""

from __future__ import annotations

import re

LENGTH = 160
"""Characters of a message that tell its kind."""

_MASKS = (
    (re.compile(r"\x1b\[[0-9;]*[A-Za-z]"), ""),
    (re.compile(r"'[^'\n]{0,200}'|\"[^\"\n]{0,200}\""), "'*'"),
    (re.compile(r"\b\w+://\S+"), "<url>"),
    (re.compile(r"(?<![\w.])/(?:[\w.@+-]+/)*[\w.@+-]+"), "<path>"),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b"), "<address>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b"), "<hex>"),
    (re.compile(r"\b(?=[A-Za-z_-]*\d)[A-Za-z]+(?:[-_]?[A-Za-z]*\d+)+(?:\.[\w-]+)*\b"), "<name>"),
    (re.compile(r"\d+(?:\.\d+)*"), "<n>"),
)
_SPACE = re.compile(r"\s+")


def template(message: str) -> str:
    """The message with its numbers, names with numbers, addresses, paths and quoted parts masked."""
    for mask, put in _MASKS:
        message = mask.sub(put, message)
    return _SPACE.sub(" ", message).strip()[:LENGTH]


def common(texts: list[str]) -> str:
    """What texts have in common: words in which they differ become ``*``. The first, where they are not alike."""
    rows = [text.split(" ") for text in texts]
    if len({len(row) for row in rows}) != 1:
        return texts[0]
    columns = list(zip(*rows, strict=True))
    differing = sum(len(set(column)) > 1 for column in columns)
    return " ".join(map(_word, columns)) if differing * 2 <= len(columns) else texts[0]


def _word(words: tuple[str, ...]) -> str:
    """The word that all are, else ``*`` with the signs around it that all have."""
    if len(set(words)) == 1:
        return words[0]
    before, after = (
        next(iter(signs)) if len(signs := {found[0] for word in words if (found := edge.search(word))}) == 1 else ""
        for edge in _EDGES
    )
    return f"{before}*{after}"


_EDGES = (re.compile(r"^[^\w]*"), re.compile(r"[^\w]*$"))
