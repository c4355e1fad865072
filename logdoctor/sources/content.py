"""Runs of bytes that can be read from any offset, and how they stand on each other: a slice of an unpacked slice of a
file.

All have one method, ``blocks(start, stop)``. None holds more than a few blocks in memory, and none writes to disk.
"""

from __future__ import annotations

import codecs
import errno
import os
import select
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import UnsupportedOperation
from itertools import chain
from pathlib import Path
from typing import Protocol

from logdoctor.safetext import harmless
from logdoctor.sources import kinds
from logdoctor.sources.base import BLOCK, SourceError, reason
from logdoctor.sources.compression import decompress, gathered

FIRST = 1 << 16
"""Bytes of a file's first block: a peek should not cost a whole block."""
READ = BLOCK
"""Bytes of a file's other blocks: few enough to stay in the processor's cache while they are searched and counted."""
HELD = 256 << 20
"""Bytes of a pipe, or of an archive in an archive, that may be held in memory where one must go back."""
HISTORY = BLOCK
"""Bytes that a tape keeps behind its newest block, so that a peek at a member does not cost a rewind."""
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Content(Protocol):
    """A run of bytes."""

    @property
    def name(self) -> str:
        """How to call it in a sentence."""
        ...

    @property
    def seekable(self) -> bool:
        """Whether any offset is reached without reading all that stands before it."""
        ...

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` to ``stop`` or the end, in non-empty blocks of at most ``READ``; raises
        :class:`SourceError` only.
        """
        ...


class File:
    """A regular file."""

    seekable = True

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(start)
                size = FIRST
                while block := file.read(size if stop is None else min(size, stop - file.tell())):
                    yield block
                    size = READ
        except PermissionError:
            raise SourceError(
                f"{self.name} cannot be read: permission denied; run logdoctor as a user who may, or pipe it in:"
                f" sudo cat {harmless(str(self.path))} | logdoctor explain"
            ) from None
        except OSError as error:
            raise SourceError(f"{self.name} cannot be read: {reason(error)}") from error


class Memory:
    """Bytes at hand."""

    seekable = True

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name = data, name

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        stop = len(self.data) if stop is None else min(stop, len(self.data))
        for at in range(start, stop, BLOCK):
            yield self.data[at : min(at + BLOCK, stop)]


class Pipe:
    """Standard input, a FIFO, ``<(...)``: bytes that come once, as they come. The first ones are kept, so that a peek
    takes nothing away.
    """

    seekable = False
    KEPT = 4 * BLOCK

    def __init__(self, descriptor: int, name: str) -> None:
        self.descriptor, self.name = descriptor, name
        self._kept: list[bytes] | None = []
        self._ended = False
        with suppress(ImportError, AttributeError, OSError):  # Linux: fewer, larger reads
            import fcntl

            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, BLOCK)

    def _read(self) -> bytes:
        while True:
            try:
                return os.read(self.descriptor, BLOCK)
            except BlockingIOError:  # a terminal multiplexer or ssh has set O_NONBLOCK
                select.select([self.descriptor], [], [])
            except OSError as error:
                if error.errno == errno.EIO and os.isatty(self.descriptor):  # the other end of a terminal is closed
                    return b""
                raise SourceError(f"{self.name} cannot be read: {reason(error)}") from error

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """As :meth:`Content.blocks`; ``stop`` ends it early but keeps what was read for the next reader.

        Raises:
            SourceError: the first bytes are gone because they were read before.
        """
        if self._kept is None or start:
            raise SourceError(f"{self.name} is a pipe and can be read only once; name a file instead")
        given = 0
        for block in list(self._kept):
            yield block
            given += len(block)
        while not self._ended and (stop is None or given < stop):
            if not (block := self._read()):
                self._ended = True
                return
            given += len(block)
            if self._kept is not None:
                self._kept.append(block)
                if given > self.KEPT:
                    self._kept = None
            yield block


class Slice:
    """A part of other bytes: a member of an archive."""

    def __init__(self, base: Content, start: int, size: int, name: str) -> None:
        self.base, self.start, self.stop, self.name = base, start, start + size, name

    @property
    def seekable(self) -> bool:
        return self.base.seekable

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        at = self.start + start
        end = self.stop if stop is None else min(self.stop, self.start + stop)
        if at >= end:
            return
        for block in self.base.blocks(at, end):
            yield block
            at += len(block)
        if at < end:
            raise SourceError(f"{self.name} is cut short: its archive ends within it; fetch the archive again")


class Unpacked:
    """What compressed bytes unpack to; every reading begins at the start."""

    seekable = False

    def __init__(self, packed: Content, kind: str, name: str) -> None:
        self.packed, self.kind, self.name = packed, kind, name

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        return _cut(gathered(decompress(self.name, self.kind, self.packed.blocks())), start, stop)


class Tape:
    """Bytes that cannot be sought, such as a compressed tar, wound forward once for all readers that go in order.

    A reader that left off is kept in place with a little of what it has passed; the next reader goes on from there if
    it can, and from the start if it must. So members read in order cost one pass, in any other order more time but no
    more memory.
    """

    seekable = True
    IDLE = 2

    def __init__(self, base: Content) -> None:
        self.base, self.name = base, base.name
        self._idle: list[_Reel] = []
        self._lock = threading.RLock()  # a reader may be collected, and so hand back its reel, at any time

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        with self._lock:
            reel = max((r for r in self._idle if r.start <= start), key=lambda r: r.start, default=None)
            if reel:
                self._idle.remove(reel)
        reel = reel or _Reel(self.base.blocks())
        try:
            while (stop is None or start < stop) and (block := reel.read(start, stop)):
                start += len(block)
                yield block
        finally:
            if not reel.ended:
                with self._lock:
                    self._idle = [*self._idle, reel][-self.IDLE :]


class _Reel:
    """A reading of a tape: the newest bytes, and what comes after them."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self.source, self.start, self.bytes, self.ended = source, 0, bytearray(), False

    def read(self, start: int, stop: int | None) -> bytes:
        """Up to a block from ``start``, which must not lie before ``self.start``; empty at the end."""
        try:
            while start >= self.start + len(self.bytes):
                block = next(self.source)
                if (surplus := len(self.bytes) - HISTORY) > 0:
                    del self.bytes[:surplus]
                    self.start += surplus
                self.bytes += block
        except StopIteration:
            self.ended = True
            return b""
        except SourceError:
            self.ended = True
            raise
        at = start - self.start
        with memoryview(self.bytes) as view:
            return bytes(view[at : at + (BLOCK if stop is None else min(BLOCK, stop - start))])


def _cut(blocks: Iterator[bytes], start: int, stop: int | None) -> Iterator[bytes]:
    """The bytes from ``start`` to ``stop`` of a stream."""
    at = 0
    for block in blocks:
        piece = block[max(0, start - at) : None if stop is None else max(0, stop - at)]
        at += len(block)
        if piece:
            yield piece
        if stop is not None and at >= stop:
            return


def head(content: Content) -> bytes:
    """The first bytes, at most ``kinds.HEAD``, and of a pipe no more than are needed to tell what it is.

    Raises:
        SourceError: not one byte can be read.
    """
    data = b""
    try:
        for block in content.blocks(0, kinds.HEAD):
            data += block
            if isinstance(content, Pipe) and not kinds.undecided(data):
                break
    except SourceError:
        if not data:
            raise
    return data[: kinds.HEAD]


def held(content: Content) -> File | Memory:
    """The same bytes at hand: as they are, if they are a file, else in memory.

    Raises:
        SourceError: they cannot be read, or are too many for memory.
    """
    if isinstance(content, File | Memory):
        return content
    data = bytearray()
    for block in content.blocks():
        data += block
        if len(data) > HELD:
            raise SourceError(
                f"{content.name} is an archive of more than {HELD >> 20} MiB in a pipe or archive;"
                " name it as a file of its own"
            )
    return Memory(bytes(data), content.name)


def text(content: Content) -> Iterator[bytes]:
    """The bytes as UTF-8 text: UTF-16 with a byte-order mark is transcoded on the way, a UTF-8 mark is dropped."""
    blocks = content.blocks()
    first = next(blocks, b"")
    while first and any(mark.startswith(first) and mark != first for mark in _MARKS) and (more := next(blocks, b"")):
        first += more
    if first.startswith(_MARKS[1:]):
        yield from _transcoded(chain((first,), blocks))
    else:
        if first := first.removeprefix(codecs.BOM_UTF8):
            yield first
        yield from blocks


def _transcoded(blocks: Iterable[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    most = READ // 4  # characters, of up to four bytes each
    for block, final in chain(((block, False) for block in blocks), [(b"", True)]):
        characters = decoder.decode(block, final)
        for at in range(0, len(characters), most):
            yield characters[at : at + most].encode()


def standard_input() -> Content:
    """Standard input.

    Raises:
        SourceError: it is closed.
    """
    try:
        descriptor = sys.stdin.fileno()
    except UnsupportedOperation:  # replaced, by a test or a notebook
        return Memory(sys.stdin.buffer.read(), "<stdin>")
    except (AttributeError, ValueError):
        raise SourceError("standard input is closed; name the files to read") from None
    return Pipe(descriptor, "<stdin>")


def named_pipe(path: Path, name: str) -> Content:
    """A FIFO or a device.

    Raises:
        SourceError: it cannot be opened.
    """
    try:
        return Pipe(os.open(path, os.O_RDONLY), name)
    except OSError as error:
        raise SourceError(f"{name} cannot be read: {reason(error)}") from error
