"""From the paths that a user names to the files to read, each with a name of its own."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from logdoctor.safetext import harmless
from logdoctor.sources import kinds
from logdoctor.sources.archives import skipped
from logdoctor.sources.base import SourceError, reason


@dataclass(frozen=True, slots=True)
class Named:
    """A file to read."""

    path: str
    base: str
    """The directory that the user named, or in which the named file stands; its name is relative to it."""
    special: bool = False
    """Whether it is a pipe or a device: something that can be read only once."""
    in_directory: bool = False
    """Whether it was found in a directory, and not named itself."""


STDIN = Named("-", os.curdir, special=True)


def find(paths: Sequence[str]) -> Iterator[Named | SourceError]:
    """The files that these files, directories and patterns stand for, in their order and each once; directories sorted."""
    seen: set[tuple[int, int]] = set()
    for path in dict.fromkeys(paths):
        if path == STDIN.path:
            yield STDIN
            continue
        matches = _matches(path)
        if isinstance(matches, SourceError):
            yield matches
            continue
        for match in matches:
            yield from _named(match, seen)


def _matches(path: str) -> list[str] | SourceError:
    """The path, or what it matches if it is a pattern that the shell has not expanded."""
    if os.path.lexists(path):
        return [path]
    if any(sign in path for sign in "*?["):
        from glob import glob

        return sorted(glob(path, recursive=True)) or SourceError(f"no file matches {harmless(path)}")
    from difflib import get_close_matches

    folder, name = os.path.split(path)
    try:
        near = get_close_matches(name, os.listdir(folder or "."), 1)
    except OSError:
        near = []
    advice = f"; did you mean {harmless(os.path.join(folder, near[0]))}?" if near else "; check the path"
    return SourceError(f"{harmless(path)} does not exist{advice}")


def _named(path: str, seen: set[tuple[int, int]]) -> Iterator[Named | SourceError]:
    try:
        state = os.stat(path)
    except OSError as error:
        yield SourceError(f"{harmless(path)} cannot be read: {reason(error)}")
        return
    if (state.st_dev, state.st_ino) in seen:
        return
    seen.add((state.st_dev, state.st_ino))
    if stat.S_ISREG(state.st_mode):
        yield Named(path, os.path.dirname(os.path.abspath(path)))
    elif stat.S_ISDIR(state.st_mode):
        yield from _directory(path, seen)
    elif stat.S_ISSOCK(state.st_mode):
        yield SourceError(f"{harmless(path)} is a socket, which holds no log")
    else:
        yield Named(path, os.path.dirname(os.path.abspath(path)), special=True)


def _directory(top: str, seen: set[tuple[int, int]]) -> Iterator[Named | SourceError]:
    base, left_out, holds_logs = os.path.abspath(top), [], False
    for found in _walk(top, seen):
        if isinstance(found, str) and kinds.is_no_log(found):
            left_out.append(os.path.relpath(found, top))
        else:
            holds_logs = True
            yield Named(found, base, in_directory=True) if isinstance(found, str) else found
    if left_out:
        yield skipped(left_out, harmless(top))
    if not holds_logs:
        yield SourceError(f"{harmless(top)} holds no logs")


def _walk(folder: str, seen: set[tuple[int, int]]) -> Iterator[str | SourceError]:
    """The regular files below a directory, sorted; nothing hidden, and nothing twice, however links lead to it."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        yield SourceError(f"{harmless(folder)} cannot be listed: {reason(error)}; run logdoctor as a user who may read it")
        return
    for name in names:
        path = os.path.join(folder, name)
        if kinds.is_hidden(name):
            continue
        try:
            state = os.stat(path)
        except OSError:  # a link to nothing, or gone since
            continue
        if (state.st_dev, state.st_ino) in seen:
            continue
        if stat.S_ISDIR(state.st_mode):
            seen.add((state.st_dev, state.st_ino))
            yield from _walk(path, seen)
        elif stat.S_ISREG(state.st_mode):
            seen.add((state.st_dev, state.st_ino))
            yield path


def names(files: Sequence[Named]) -> list[str]:
    """A name for each file: its path below what the user named, with as many parents before it as tell it from the others."""
    parts = [os.path.abspath(file.path).split(os.sep) for file in files]
    depths = [len(path) if file.special else len(os.path.relpath(os.sep.join(path), file.base).split(os.sep)) for path, file in zip(parts, files)]
    while True:
        shown = ["/".join(path[-depth:]) for path, depth in zip(parts, depths)]
        counts = Counter(shown)
        longer = [min(depth + (counts[name] > 1), len(path)) for name, path, depth in zip(shown, parts, depths)]
        if longer == depths:
            return ["<stdin>" if file is STDIN else harmless(name) for file, name in zip(files, shown)]
        depths = longer
