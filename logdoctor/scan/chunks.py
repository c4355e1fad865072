"""Blocks of any size to chunks of whole lines, and where the lines of a chunk begin and end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

PIECE = 1 << 20
"""Bytes after which a line without end is cut into pieces, each of which is treated as a line."""


SHOWN = 12288
"""Bytes of a remembered line that are kept."""


class Chunk(NamedTuple):
    """Whole lines of a source, and those before them that may still be wanted."""

    data: bytes
    at: int
    """Where in the source the data begin; always the start of a line or piece."""
    new: int
    """Where in the data the new lines begin."""


@dataclass(slots=True)
class Place:
    """A line that is remembered."""

    at: int
    """Where in the source it begins."""
    text: str
    number: int = 0
    """1-based; known once the newlines before it were counted."""


class Cutter:
    """Cuts the blocks of one source after their last newline, and keeps the end of each chunk for the next one."""

    def __init__(self, context: int) -> None:
        self._context = context
        self._kept = b""
        self._at = 0
        self._rest = bytearray()

    def take(self, block: bytes) -> Chunk | None:
        """The chunk that a further block completes."""
        end = block.rfind(b"\n") + 1
        rest = memoryview(block)[end:]
        if end:
            chunk = self._chunk(bytes(self._rest), memoryview(block)[:end])
            self._rest = bytearray(rest)
            return chunk
        self._rest += rest
        if len(self._rest) < PIECE:
            return None
        whole = len(self._rest) // PIECE * PIECE
        chunk = self._chunk(bytes(self._rest[:whole]))
        del self._rest[:whole]
        return chunk

    def rest(self) -> Chunk:
        """What stands behind the last newline, and the lines before it that are kept."""
        return Chunk(self._kept + bytes(self._rest), self._at, len(self._kept))

    def _chunk(self, *new: bytes | memoryview) -> Chunk:
        data = b"".join((self._kept, *new))
        chunk = Chunk(data, self._at, len(self._kept))
        keep = context_start(data, self._context)
        self._kept, self._at = data[keep:], self._at + keep
        return chunk


def cut(blocks: Iterable[bytes], context: int) -> Iterator[Chunk]:
    """The bytes of one source as chunks, each with so many bytes of context before it; the last may be empty."""
    cutter = Cutter(context)
    for block in blocks:
        if chunk := cutter.take(block):
            yield chunk
    yield cutter.rest()


def context_start(data: bytes, context: int) -> int:
    """Where the last ``context`` bytes begin, extended to whole lines."""
    return line_start(data, max(0, len(data) - context))


def line_start(data: bytes, offset: int) -> int:
    """Where the line or piece that holds ``offset`` begins."""
    start = data.rfind(b"\n", 0, offset) + 1
    return start + (offset - start) // PIECE * PIECE


def line_end(data: bytes, start: int) -> int:
    """Where the line or piece that begins at ``start`` ends, its newline included."""
    return data.find(b"\n", start, start + PIECE) + 1 or min(len(data), start + PIECE)


def place(chunk: Chunk, start: int) -> Place:
    """The line that begins there in the data of a chunk."""
    end = min(line_end(chunk.data, start), start + SHOWN)
    return Place(chunk.at + start, chunk.data[start:end].decode("utf-8", "replace").rstrip("\r\n"))
