"""Look after sources that grow: read what came, tell what is certain, notice when they stall."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from copy import copy
from types import FrameType, TracebackType
from typing import Any, TypeVar

from logdoctor.core import Run
from logdoctor.live.screen import QUIET, Screen
from logdoctor.model import Diagnosis, Finding
from logdoctor.reading import Reading
from logdoctor.scan import BEFORE
from logdoctor.scan.chunks import Cutter

GATHER = 0.01
"""Seconds that a message gets to be complete before it is looked at."""
REST = 5
"""How many times longer than it takes to look everything through one waits before doing so again."""
SURE = 0.7
"""Confidence from which on a finding is told before the logs end."""

T = TypeVar("T")


class Growing:
    """A source that is read as it grows."""

    def __init__(self, run: Run, name: str) -> None:
        self.reading = Reading(run, name)
        self._cutter = Cutter(BEFORE)

    def take(self, block: bytes) -> bool:
        """Read further bytes; whether any of them is worth a look."""
        chunk = self._cutter.take(block)
        return chunk is not None and self.reading.feed(chunk)

    def close(self) -> None:
        """The source has ended."""
        chunk = self._cutter.rest()
        self.reading.feed(chunk)
        self.reading.close()

    def twin(self, run: Run) -> Growing:
        """The same for another run, to go on differently."""
        twin = copy(self)
        twin.reading = self.reading.twin(run)
        return twin


class Watch:
    """Reads growing sources in the caller's thread, and looks at what they say in a thread of its own."""

    def __init__(
        self,
        run: Run,
        screen: Screen,
        stall: float | None = None,
        stalled: Callable[[Diagnosis], None] = lambda diagnosis: None,
        over: Callable[[], bool] = lambda: False,
    ) -> None:
        """Args:
        stall: seconds without a byte after which a run that has failed counts as hung.
        stalled: what is then told of the diagnosis so far, once, until more bytes come.
        over: whether the sources are known to have ended, so that the diagnosis comes anyway.
        """
        self._run, self._screen = run, screen
        self._stall, self._stalled, self._over = stall, stalled, over
        self._sources: list[Growing] = []
        self._changed = threading.Condition()
        self._worth_a_look = self._ended = False
        self._last_byte = self._last_status = time.monotonic()
        self._stall_told = False
        self._cost = 0.0
        self._suspects = 0
        self._told: set[str] = set()
        self._thread = threading.Thread(target=self._look_after, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """All sources have ended, or are left."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()
        self._screen.clear()
        for source in self._sources:
            source.close()
        self._sources.clear()

    def open(self, name: str) -> Growing:
        """Begin to read a source."""
        with self._changed:
            self._sources.append(Growing(self._run, name))
            return self._sources[-1]

    def take(self, source: Growing, block: bytes) -> None:
        """Read what came."""
        with self._changed:
            self._last_byte, self._stall_told = time.monotonic(), False
            if source.take(block):
                self._worth_a_look = True
                self._changed.notify_all()

    def close(self, source: Growing) -> None:
        """A source has ended; others may go on."""
        with self._changed:
            source.close()
            self._sources.remove(source)

    def _look_after(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._worth_a_look or self._ended, self._patience())
                if self._ended:
                    return
            if self._worth_a_look:
                time.sleep(GATHER)
                self._look()
                with self._changed:
                    self._changed.wait_for(lambda: self._ended, REST * self._cost)
            if self._stall_due() == 0:
                self._stall_told = True
                self._screen.clear()
                self._stalled(self._so_far())
            self._show_status()

    def _patience(self) -> float | None:
        """Seconds until something is to be done though nothing comes."""
        status = max(0.0, self._last_status + QUIET - time.monotonic()) if self._screen.status_line else None
        return min((due for due in (self._stall_due(), status) if due is not None), default=None)

    def _stall_due(self) -> float | None:
        """Seconds until the sources count as stalled."""
        if self._stall is None or self._stall_told or not self._suspects:
            return None
        return max(0.0, self._last_byte + self._stall - time.monotonic())

    def _so_far(self) -> Diagnosis:
        with self._changed:
            run = self._run.so_far(self._sources)
        return run.diagnosis()

    def _look(self) -> None:
        """Tell what has become certain."""
        started = time.thread_time()
        self._worth_a_look = False
        diagnosis = self._so_far()
        self._suspects = sum(finding.severity == "error" for finding in diagnosis.findings)
        for finding in filter(_certain, diagnosis.findings):
            if finding.id not in self._told and not self._over():
                self._told.add(finding.id)
                self._screen.finding(finding)
        self._cost = time.thread_time() - started

    def _show_status(self) -> None:
        if self._screen.status_line and time.monotonic() >= self._last_status + QUIET:
            self._last_status = time.monotonic()
            lines = self._run.lines + sum(source.reading.lines for source in self._sources)
            suspects = f", {self._suspects} suspect{'s' * (self._suspects != 1)}" if self._suspects else ""
            self._screen.status(f"logdoctor: {lines:,} lines{suspects}")


def _certain(finding: Finding) -> bool:
    """Whether nothing that is still to come will take it back: a failure that a rule knows, at or near its origin."""
    return (
        finding.severity == "error"
        and finding.layer in ("host", "fault")
        and finding.rule != "unrecognised-failure"
        and finding.confidence >= SURE
    )


class Stopped(Exception):
    """The user has stopped waiting."""


class Interrupts:
    """Ends waiting on Ctrl-C, SIGTERM and SIGHUP, but nothing else; a second one ends the program as ever."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._waiting = self._stopped = False

    def __enter__(self) -> Interrupts:
        heeded = [number for number in self.SIGNALS if signal.getsignal(number) != signal.SIG_IGN]  # not under nohup
        self._before = {number: signal.signal(number, self._stop) for number in heeded}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self._restore()
        return isinstance(error, Stopped)

    def waiting(self, function: Callable[[], T]) -> T:
        """Call what may wait long. Raises :class:`Stopped` on a signal."""
        self._waiting = True
        try:
            if self._stopped:
                raise Stopped
            return function()
        finally:
            self._waiting = False

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._restore()
        self._stopped = True
        if self._waiting:
            raise Stopped

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
