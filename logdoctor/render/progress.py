"""How far a batch is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from time import perf_counter
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

LINES = 60.0
"""Seconds between lines where there is no terminal."""


class Bar:
    """Shown on standard error; a thing to be entered."""

    def __init__(self, total: int, show: bool = True) -> None:
        self._total, self._done, self._show = total, 0, show
        self._started = self._told = perf_counter()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=Console(file=sys.stderr),
            disable=not (show and sys.stderr.isatty()),
            transient=True,
        )
        self._task = self._bar.add_task("jobs", total=total)

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def step(self) -> None:
        """One more job is done."""
        self._done += 1
        self._bar.advance(self._task)
        now = perf_counter()
        if self._show and self._bar.disable and now - self._told >= LINES:
            self._told = now
            rate = self._done / (now - self._started)
            left = (self._total - self._done) / rate / 60
            line = f"logdoctor: {self._done:,} of {self._total:,} jobs, {rate:.1f} a second, {left:.0f} min left"
            print(line, file=sys.stderr, flush=True)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "", "dim")
