"""The compiled rulebook as one file: an index, read at every start, and behind it the rules and the catalogues of
variables and flags, each read when wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


class Shelf(Mapping[str, Any]):
    """Rules by id, variables by component, or flags by command, each decoded when it is taken down."""

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
    """The compiled rules as bytes: a line with the index, then what it leads to."""
    content = bytearray()
    places: dict[str, dict[str, tuple[int, int]]] = {shelf: {} for shelf in _SHELVES}
    for shelf, placed in places.items():
        for id, entry in plain[shelf].items():
            encoded = json.dumps(entry, separators=(",", ":")).encode()
            placed[id] = (len(content), len(content) + len(encoded))
            content += encoded
    return json.dumps({**plain, **places}, separators=(",", ":")).encode() + b"\n" + bytes(content)


def unpack(packed: bytes) -> dict[str, Any]:
    """What :func:`pack` was given. Raises :class:`ValueError` for anything else."""
    head, _, content = packed.partition(b"\n")
    plain: dict[str, Any] = json.loads(head)
    return {**plain, **{shelf: Shelf(plain[shelf], content) for shelf in _SHELVES}}


_SHELVES = ("rules", "environment", "commands")
