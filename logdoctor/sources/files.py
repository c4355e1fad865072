"""From the paths that a user names to the files to read, each with a name of its own."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from os import stat_result
from pathlib import Path
from typing import NamedTuple

from logdoctor.safetext import harmless
from logdoctor.sources import kinds
from logdoctor.sources.archives import skipped
from logdoctor.sources.base import SourceError, reason


class Named(NamedTuple):
    """A file to read."""

    path: Path
    base: Path
    """The directory that the user named, or in which the named file stands; the file's name is relative to it."""
    special: bool = False
    """Whether it is a pipe or a device: something that can be read only once."""
    in_directory: bool = False
    """Whether it was found in a directory, and not named itself."""


STDIN = Named(Path("-"), Path(), special=True)


def find(paths: Sequence[str]) -> Iterator[Named | SourceError]:
    """The files that these files, directories and patterns stand for, each once.

    They come in the order of the paths, those of a directory sorted.
    """
    seen: set[tuple[int, int]] = set()
    for path in dict.fromkeys(paths):
        if path == "-":
            yield STDIN
            continue
        matches = _matches(path)
        if isinstance(matches, SourceError):
            yield matches
            continue
        for match in matches:
            yield from _named(match, seen)


def _matches(text: str) -> list[Path] | SourceError:
    """The path, or what it matches if it is a pattern that the shell has not expanded."""
    path = Path(text)
    if path.exists() or path.is_symlink():
        return [path]
    if any(sign in text for sign in "*?["):
        from glob import glob  # Path.glob takes no absolute patterns

        return [Path(match) for match in sorted(glob(text, recursive=True))] or SourceError(
            f"no file matches {harmless(text)}"
        )
    from difflib import get_close_matches

    try:
        near = get_close_matches(path.name, [neighbour.name for neighbour in path.parent.iterdir()], 1)
    except OSError:
        near = []
    advice = f"; did you mean {harmless(str(path.with_name(near[0])))}?" if near else "; check the path"
    return SourceError(f"{harmless(text)} does not exist{advice}")


def _new(state: stat_result, seen: set[tuple[int, int]]) -> bool:
    """Whether this file or directory has not been seen before, however links lead to it."""
    identity = (state.st_dev, state.st_ino)
    return identity not in seen and not seen.add(identity)  # type: ignore[func-returns-value]


def _named(path: Path, seen: set[tuple[int, int]]) -> Iterator[Named | SourceError]:
    try:
        state = path.stat()
    except OSError as error:
        yield SourceError(f"{harmless(str(path))} cannot be read: {reason(error)}")
        return
    if not _new(state, seen):
        return
    if stat.S_ISDIR(state.st_mode):
        yield from _directory(path, seen)
    elif stat.S_ISSOCK(state.st_mode):
        yield SourceError(f"{harmless(str(path))} is a socket, which holds no log")
    else:
        yield Named(path, path.absolute().parent, special=not stat.S_ISREG(state.st_mode))


def _directory(top: Path, seen: set[tuple[int, int]]) -> Iterator[Named | SourceError]:
    left_out, holds_logs = [], False
    for found in _walk(top, seen):
        if isinstance(found, Path) and kinds.is_no_log(found.name):
            left_out.append(str(found.relative_to(top)))
        else:
            holds_logs = True
            yield Named(found, top.absolute(), in_directory=True) if isinstance(found, Path) else found
    if left_out:
        yield skipped(left_out, harmless(str(top)))
    if not holds_logs:
        yield SourceError(f"{harmless(str(top))} holds no logs")


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path | SourceError]:
    """The regular files below a directory, sorted; nothing hidden, and nothing twice."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        yield SourceError(
            f"{harmless(str(folder))} cannot be listed: {reason(error)}; run logdoctor as a user who may read it"
        )
        return
    for entry in entries:
        if kinds.is_hidden(entry.name) or not (state := _state(entry)):
            continue
        if stat.S_ISDIR(state.st_mode) and _new(state, seen):
            yield from _walk(entry, seen)
        elif stat.S_ISREG(state.st_mode) and _new(state, seen):
            yield entry


def _state(path: Path) -> stat_result | None:
    try:
        return path.stat()
    except OSError:  # a link to nothing or to itself, or gone since
        return None


def names(files: Sequence[Named]) -> list[str]:
    """A name for each file: its path below what the user named, with as many parents as tell it from the others."""
    paths = [file.path.absolute() for file in files]
    depths = [
        len((path if file.special else path.relative_to(file.base)).parts)
        for path, file in zip(paths, files, strict=True)
    ]
    while True:
        shown = [Path(*path.parts[-depth:]).as_posix() for path, depth in zip(paths, depths, strict=True)]
        counts = Counter(shown)
        longer = [
            min(depth + (counts[name] > 1), len(path.parts))
            for name, path, depth in zip(shown, paths, depths, strict=True)
        ]
        if longer == depths:
            return ["<stdin>" if file is STDIN else harmless(name) for file, name in zip(files, shown, strict=True)]
        depths = longer
