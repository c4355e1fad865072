"""The compiled rulebook as one file: an index, read at every start, and the rules behind it, each read when wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


class Shelf(Mapping[str, Any]):
    """The rules by id, each decoded when it is taken down."""

    def __init__(self, places: Mapping[str, tuple[int, int]], content: bytes) -> None:
        self._places = places
        self._content = content

    def __getitem__(self, id: str) -> Any:
        start, end = self._places[id]
        return json.loads(self._content[start:end])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def pack(plain: Mapping[str, Any]) -> bytes:
    """The compiled rules as bytes: a line with the index, then the rules."""
    content = bytearray()
    places = {}
    for id, rule in plain["rules"].items():
        encoded = json.dumps(rule, separators=(",", ":")).encode()
        places[id] = (len(content), len(content) + len(encoded))
        content += encoded
    return json.dumps({**plain, "rules": places}, separators=(",", ":")).encode() + b"\n" + bytes(content)


def unpack(packed: bytes) -> dict[str, Any]:
    """What :func:`pack` was given. Raises :class:`ValueError` for anything else."""
    head, _, content = packed.partition(b"\n")
    plain: dict[str, Any] = json.loads(head)
    return {**plain, "rules": Shelf(plain["rules"], content)}
