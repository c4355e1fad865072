"""Standard input passed on to standard output while it is read, as ``tee`` does."""

from __future__ import annotations

import os
import select
import threading
from collections import deque

from logdoctor.sources import SourceError
from logdoctor.sources.base import BLOCK
from logdoctor.sources.content import Pipe

AHEAD = 64 << 20
"""Bytes that may be passed on before they are read here; then the writer has to wait."""


class Tee(Pipe):
    """A pipe whose bytes go to another descriptor at once and unchanged, by a thread of its own.

    A reader downstream that is gone is no reason to stop: the writer is not disturbed, and the log is still read here.
    """

    def __init__(self, descriptor: int, name: str, out: int) -> None:
        super().__init__(descriptor, name)
        self._out: int | None = out
        self._passed: deque[bytes] = deque()
        self._size = 0
        self._wanted, self._over, self._busy = True, False, False
        self._count = 0
        """Blocks that came."""
        self._error: SourceError | None = None
        self._changed = threading.Condition()
        self._pump = threading.Thread(target=self._pass_all, name="tee", daemon=True)
        self._pump.start()

    def drain(self, seconds: float) -> None:
        """Nothing more is read here: only pass on what is still to come, for at most so long."""
        with self._changed:
            self._wanted = False
            self._changed.notify_all()
        self._pump.join(seconds)

    def finish(self, quiet: float) -> None:
        """The writer has ended: pass on what is left, but leave it to those that it left behind once nothing has come
        for so many seconds."""
        count = -1
        while self._pump.is_alive() and (self._busy or count != self._count):
            count = self._count
            self._pump.join(quiet)
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _pass_all(self) -> None:
        try:
            while block := super()._read():
                self._busy = True
                with self._changed:
                    self._count += 1
                    self._passed.append(block)
                    self._size += len(block)
                    self._changed.notify_all()
                self._pass(block)
                with self._changed:
                    self._changed.wait_for(lambda: self._size < AHEAD or not self._wanted)
                    if not self._wanted:
                        self._passed.clear()
                self._busy = False
        except SourceError as error:
            self._error = error
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def _pass(self, block: bytes) -> None:
        rest = memoryview(block)
        while rest and self._out is not None:
            try:
                rest = rest[os.write(self._out, rest) :]
            except BlockingIOError:
                select.select([], [self._out], [])
            except OSError:  # a reader such as head has seen enough
                self._out = None

    def _read(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._passed or self._over)
            blocks: list[bytes] = []
            size = 0
            while self._passed and (not blocks or size + len(self._passed[0]) <= BLOCK):
                blocks.append(self._passed.popleft())
                size += len(blocks[-1])
            if blocks:  # all that is there: fewer and larger blocks are read faster
                self._size -= size
                self._changed.notify_all()
                return b"".join(blocks)
        if self._error:
            raise self._error
        return b""
