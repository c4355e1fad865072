"""Run a command, pass on what it prints, and explain that at its end."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import termios
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

from logdoctor.core import Run
from logdoctor.live.screen import Screen
from logdoctor.live.tee import Tee
from logdoctor.live.watch import Watch
from logdoctor.model import Diagnosis, Fact, Stream
from logdoctor.rulebook import Rulebook
from logdoctor.rulebook.catalogue import Catalogue
from logdoctor.rulebook.settings import Variable
from logdoctor.sources import SourceError

ENVIRONMENT = "<environment>"
"""The source of facts about the variables that the command was started with: as ``env | sort`` prints them."""
QUIET = 0.3
"""Seconds of silence after which what a command left running counts as ended with it."""
_FORWARDED = tuple(getattr(signal, name) for name in ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"))
_KEYBOARD = (signal.SIGINT, signal.SIGQUIT)
"""Signals that a terminal sends to the command as well."""
_SECRET = re.compile(
    r"(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|AUTH|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)(?:_|$)"
)
_LOGIN = re.compile(r"(?<=://)[^/@\s]+(?=@)")
"""A name and password in a URL."""
_LAUNCHED_WITH = frozenset(("MASTER_ADDR", "MASTER_PORT", "RANK", "LOCAL_RANK", "WORLD_SIZE", "LD_PRELOAD"))


def explain(
    command: Sequence[str],
    rulebook: Rulebook,
    warn: Callable[[str, bool], None],
    screen: Screen,
    stall: float | None,
    stalled: Callable[[Diagnosis], None],
) -> tuple[Diagnosis, int]:
    """The diagnosis of what a command printed, and its exit status as a shell gives it.

    What it prints goes on at once and unchanged. Where that is a terminal the command sees a terminal too, and signals
    reach it. What is told until its end, as of a stream.

    Raises:
        OSError: the command cannot be started.
    """
    run = Run(rulebook, warn)
    for fact in environment(os.environ, rulebook.environment):
        run.observations.facts.add(fact)
    outputs = _outputs()
    with _Signals(outputs) as signals, Watch(run, screen, stall, stalled) as watch:
        try:
            child = subprocess.Popen(command, stdout=outputs[0].inner, stderr=outputs[-1].inner)
        finally:
            for output in outputs:
                os.close(output.inner)
        signals.child = child
        threads = [threading.Thread(target=output.read, args=(run, watch), daemon=True) for output in outputs]
        for thread in threads:
            thread.start()
        status = signals.wait(child)
        for output in outputs:
            output.tee.finish(QUIET)
        for thread in threads:
            thread.join()
    return run.diagnosis(), status if status >= 0 else 128 - status


def environment(variables: Mapping[str, str], catalogue: Catalogue[Variable]) -> Iterator[Fact]:
    """The variables of the stack as facts, and one that says that all others are not set; secrets without value."""
    yield Fact("environment.known", "", ENVIRONMENT, 1, Stream())
    for line, (name, value) in enumerate(sorted(variables.items()), 1):
        if name in _LAUNCHED_WITH or name in catalogue.unread or catalogue.knows(name) or catalogue.component(name):
            shown = "***" if _SECRET.search(name) else _LOGIN.sub("***", value)
            yield Fact(f"env.{name}", shown, ENVIRONMENT, line, Stream(), text=f"{name}={shown}")


class _Output:
    """One of the command's outputs: what it writes to ``inner`` comes out at ``outer``."""

    def __init__(self, outer: int, name: str) -> None:
        self.outer, self.name = outer, name
        self._terminal = os.isatty(outer)
        self._reader, self.inner = pty.openpty() if self._terminal else os.pipe()
        if self._terminal:
            attributes = termios.tcgetattr(self.inner)
            attributes[1] &= ~termios.OPOST  # the real terminal does that
            termios.tcsetattr(self.inner, termios.TCSANOW, attributes)
        self.resize()
        self.tee = Tee(self._reader, name, outer)

    def resize(self) -> None:
        """The terminal has another size, or one for the first time."""
        if self._terminal:
            size = fcntl.ioctl(self.outer, termios.TIOCGWINSZ, b"\0" * 8)
            fcntl.ioctl(self._reader, termios.TIOCSWINSZ, size)

    def read(self, run: Run, watch: Watch) -> None:
        """Read all that comes."""
        source = watch.open(self.name)
        try:
            for block in self.tee.blocks():
                watch.take(source, block)
        except SourceError as error:
            run.complain(error)
        watch.close(source)


def _outputs() -> list[_Output]:
    """Standard output and standard error; one, where both go to the same place, so that their order is kept."""
    one, other = (os.fstat(descriptor) for descriptor in (1, 2))
    if (one.st_dev, one.st_ino, one.st_rdev) == (other.st_dev, other.st_ino, other.st_rdev):
        return [_Output(1, "<output>")]
    return [_Output(1, "<stdout>"), _Output(2, "<stderr>")]


class _Signals:
    """Passes signals on to the command, and the size of the terminal."""

    def __init__(self, outputs: Sequence[_Output]) -> None:
        self.child: subprocess.Popen[bytes] | None = None
        self._outputs = outputs
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Signals:
        self._came, self._comes = os.pipe()
        os.set_blocking(self._comes, False)
        self._woken = signal.set_wakeup_fd(self._comes, warn_on_full_buffer=False)
        wanted = (*_FORWARDED, signal.SIGWINCH)
        heeded = [number for number in wanted if signal.getsignal(number) != signal.SIG_IGN]  # not under nohup
        self._before = {number: signal.signal(number, self._forward) for number in (*heeded, signal.SIGCHLD)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._woken)
        os.close(self._came)
        os.close(self._comes)

    def wait(self, child: subprocess.Popen[bytes]) -> int:
        """Its exit status. A signal that comes just before a plain wait would be heeded only after it, so this waits at
        a pipe into which every signal writes, that of the command's end too."""
        while (status := child.poll()) is None:
            select.select([self._came], [], [])
            os.read(self._came, 4096)
        return status

    def _forward(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGWINCH:
            for output in self._outputs:
                output.resize()
        elif number in _KEYBOARD and _in_foreground():
            return  # the terminal has sent it to the command as well
        elif number != signal.SIGCHLD and self.child:
            self.child.send_signal(number)


def _in_foreground() -> bool:
    """Whether signals of the keyboard come here, and to the command."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
