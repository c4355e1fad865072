"""Explain files while they grow, are truncated and rotated, as ``tail -F`` reads them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from logdoctor.core import Run
from logdoctor.live.screen import Screen
from logdoctor.live.watch import Growing, Interrupts, Watch
from logdoctor.model import Diagnosis
from logdoctor.rulebook import Rulebook
from logdoctor.safetext import harmless
from logdoctor.sources import SourceError, files, kinds
from logdoctor.sources.base import BLOCK, reason

POLL = 0.05
"""Seconds between two looks at files that did not grow."""
SEARCH = 1.0
"""Seconds between two looks for new files."""


def explain(
    paths: Sequence[str],
    rulebook: Rulebook,
    warn: Callable[[str, bool], None],
    screen: Screen,
    stall: float | None,
    stalled: Callable[[Diagnosis], None],
) -> Diagnosis:
    """The diagnosis of the files when the user stops waiting; what is told until then, as of a stream.

    Files that do not exist yet are waited for, in directories and for patterns too.
    """
    run = Run(rulebook, warn)
    with Interrupts() as interrupts, Watch(run, screen, stall, stalled) as watch:
        followed = _Followed(paths, run, watch, warn)
        while True:
            followed.search()
            while followed.read():
                interrupts.waiting(lambda: None)
            interrupts.waiting(partial(time.sleep, POLL))
    return run.diagnosis()


class _Followed:
    """The files that are followed."""

    def __init__(self, paths: Sequence[str], run: Run, watch: Watch, warn: Callable[[str, bool], None]) -> None:
        self._paths = paths
        self._run, self._watch, self._warn = run, watch, warn
        self._files: list[_File] = []
        self._seen: set[tuple[int, int]] = set()
        self._names: set[str] = set()
        self._told: set[str] = set()
        self._searched = -SEARCH

    def search(self) -> None:
        """Begin to follow files that are new."""
        if time.monotonic() < self._searched + SEARCH:
            return
        self._searched = time.monotonic()
        for found in files.find(self._paths):
            if isinstance(found, files.Named):
                self._add(found)
            elif str(found) not in self._told:
                self._told.add(str(found))
                self._warn(f"{found}; waiting for it", False)

    def _add(self, found: files.Named) -> None:
        try:
            file = _File(found.path)
        except OSError as error:
            self._skip(found.path, f"cannot be read: {reason(error)}", failure=True)
            return
        if file.identity in self._seen:
            file.close()
            return
        self._seen.add(file.identity)
        if found.special or file.is_no_text():
            what = "a pipe" if found.special else "compressed or binary"
            self._skip(found.path, f"is {what}, and cannot be followed", failure=not found.in_directory)
            file.close()
            return
        file.name = harmless(found.path.absolute().relative_to(found.base).as_posix())
        self._begin(file)
        self._files.append(file)

    def _skip(self, path: Path, why: str, failure: bool) -> None:
        sentence = f"{harmless(str(path))} {why}"
        if sentence not in self._told:
            self._told.add(sentence)
            self._run.complain(SourceError(sentence)) if failure else self._warn(sentence, False)

    def _begin(self, file: _File) -> None:
        """Read a file as a source of its own; another one of the same name gets a number."""
        name, count = file.name, 1
        while name in self._names:
            count += 1
            name = f"{file.name} ({count})"
        self._names.add(name)
        file.source = self._watch.open(name)

    def read(self) -> bool:
        """Read what came; whether anything did."""
        grew = False
        for file in self._files:
            if block := file.read():
                self._watch.take(file.source, block)
                grew = True
            elif file.starts_anew(self._seen):
                self._watch.close(file.source)
                self._begin(file)
                grew = True
        return grew


class _File:
    """A file that is read as it grows."""

    source: Growing
    """What is read of it; another one after each rotation."""

    def __init__(self, path: Path) -> None:
        """Raises :class:`OSError`."""
        self.path, self.name = path, ""
        self._open()

    def _open(self) -> None:
        self._descriptor, self._at = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK), 0
        state = os.fstat(self._descriptor)
        self.identity = (state.st_dev, state.st_ino)

    def close(self) -> None:
        os.close(self._descriptor)

    def is_no_text(self) -> bool:
        head = os.pread(self._descriptor, kinds.HEAD, 0)
        return kinds.compression(head) is not None or kinds.is_binary(head)

    def read(self) -> bytes:
        """The next bytes, if there are any."""
        block = os.read(self._descriptor, BLOCK)
        self._at += len(block)
        return block

    def starts_anew(self, seen: set[tuple[int, int]]) -> bool:
        """Whether the file was read to its end and another one has taken its place, or it was emptied."""
        try:
            state = self.path.stat()
            if (state.st_dev, state.st_ino) != self.identity:
                before = self._descriptor
                self._open()
                os.close(before)
                seen.add(self.identity)
                return True
        except OSError:  # moved away, and its successor is not there yet
            return False
        if state.st_size < self._at:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            self._at = 0
            return True
        return False
