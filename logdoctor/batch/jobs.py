"""Find the jobs below folders: a folder each, a file each, or what a pattern calls a job."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from logdoctor.safetext import harmless
from logdoctor.sources import Source, SourceError, below, files, is_url, kinds, told_apart

GROUPS = ("host", "rank")
"""What a pattern may tell of a file besides its job."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file of a job."""

    path: str
    """A path or an address."""
    base: str
    """The folder that its name in evidence is relative to."""
    size: int
    """Bytes, as stored."""
    modified: float
    """Seconds since 1970; 0 where unknown."""
    mark: str
    """What changes with its content."""
    said: Mapping[str, str]
    """What its path says of who wrote it: ``host``, ``rank``."""
    node: str = ""
    """The machine on whose disk it is; empty where it is reached from everywhere."""


@dataclass(frozen=True)
class Job:
    """The logs of one run."""

    name: str
    paths: tuple[str, ...]
    """What ``logdoctor explain`` takes."""
    files: tuple[LogFile, ...]
    problem: str = ""
    """Why there are no files, in a sentence."""

    @cached_property
    def digest(self) -> str:
        """What tells this state of its files from another."""
        seen = hashlib.sha256()
        for file in self.files:
            seen.update(
                f"{file.node}\0{file.path}\0{file.size}\0{file.mark}\0{sorted(file.said.items())}\n".encode(
                    errors="replace"
                )
            )
        return seen.hexdigest()[:16]

    @property
    def bytes(self) -> int:
        """As stored: what is compressed counts as such."""
        return sum(file.size for file in self.files)

    @property
    def modified(self) -> float:
        """When the newest of its files was written, in seconds since 1970; 0 where unknown."""
        return max((file.modified for file in self.files), default=0.0)

    def sources(self) -> Iterator[Source | SourceError]:
        """What is to be read; names are relative to the base of each file."""
        if self.problem:
            yield SourceError(self.problem)
        for file in self.files:
            place = f"{file.node}/" if file.node else ""
            for source in told_apart(below(file.path, file.base)):
                if isinstance(source, Source):
                    yield source._replace(name=place + source.name, said=file.said)
                else:
                    yield type(source)(place + str(source))


Jobs = Mapping[str, Callable[[], Job]]
"""By name; the files of a job are listed when it is wanted, so that work begins before all folders were read."""


def find(roots: Sequence[str], pattern: re.Pattern[str] | None = None) -> Jobs:
    """The jobs below these folders or addresses, in order.

    Without a pattern, each folder directly below a root is a job, and so is each file there; a root that is a file is
    one too. With one, it is searched for in the path of each file relative to its root; files of the same ``job``
    belong together, also across roots, and where it has groups ``host`` and ``rank`` they say who wrote a file. Files
    that it is not found in are left out.

    Raises:
        SourceError: a root is not there or cannot be read.
    """
    if pattern is None:
        return _each_entry(roots)
    by_job: dict[str, list[LogFile]] = defaultdict(list)
    base = roots[0] if len(roots) == 1 else _above(roots)
    for root in roots:
        for file in _below(root, base):
            found = pattern.search(_relative(file.path, root))
            if found and (name := found["job"]):
                said = {group: found[group] for group in GROUPS if found.groupdict().get(group)}
                by_job[name].append(
                    LogFile(file.path, file.base, file.size, file.modified, file.mark, {**file.said, **said})
                )
    return {name: partial(_of_files, name, tuple(by_job[name])) for name in sorted(by_job)}


def _above(roots: Sequence[str]) -> str:
    """A place above all roots, so that no two files have one name below it."""
    if any(map(is_url, roots)):
        return ""
    return os.path.commonpath([Path(root).absolute() for root in roots])


def _of_files(name: str, files: tuple[LogFile, ...]) -> Job:
    return Job(name, tuple(file.path for file in files), files)


def _each_entry(roots: Sequence[str]) -> Jobs:
    places = [place for root in dict.fromkeys(roots) for place in _entries(root)]
    depth = Counter(dict.fromkeys(places, 1))
    while True:
        names = {place: "/".join(place.rstrip("/").split("/")[-depth[place] :]) for place in places}
        counts = Counter(names.values())
        longer = [place for place in places if counts[names[place]] > 1 and depth[place] < place.count("/") + 1]
        if not longer:
            return {names[place]: partial(_at, names[place], place) for place in places}
        depth.update(longer)


def _entries(root: str) -> list[str]:
    """The folders and files directly below a root, or the root itself, sorted."""
    if is_url(root):
        from logdoctor.sources import remote

        top = root.rstrip("/")
        below = {object.url.removeprefix(top).lstrip("/").split("/")[0] for object in remote.find(root)}
        return [f"{top}/{entry}" if entry else top for entry in sorted(below) if not kinds.is_no_log(entry)]
    path = Path(root).absolute()
    try:
        if not path.is_dir():
            path.stat()
            return [str(path)]
        entries = sorted(path.iterdir())
    except OSError as error:
        raise SourceError(f"{harmless(root)} cannot be read: {(error.strerror or str(error)).lower()}") from error
    return [
        str(entry)
        for entry in entries
        if not kinds.is_hidden(entry.name) and (entry.is_dir() or (entry.is_file() and not kinds.is_no_log(entry.name)))
    ]


def _at(name: str, place: str) -> Job:
    """The job whose logs are there."""
    base = place if is_url(place) or Path(place).is_dir() else str(Path(place).parent)
    try:
        return Job(name, (place,), tuple(_below(place, base)))
    except SourceError as error:
        return Job(name, (place,), (), str(error))


def _below(place: str, base: str) -> Iterator[LogFile]:
    """The logs at a place, a folder or a file, sorted.

    Raises:
        SourceError: it cannot be read.
    """
    if is_url(place):
        from logdoctor.sources import remote

        for object in remote.find(place):
            if not kinds.is_no_log(object.url):
                yield LogFile(object.url, base, object.size, object.modified, object.mark, {})
        return
    for found in files.find([place]):
        if isinstance(found, files.Named) and not found.special:
            try:
                state = found.path.stat()
            except OSError:  # gone since
                continue
            path, below = (str(place.absolute()) for place in (found.path, Path(base)))
            yield LogFile(path, below, state.st_size, state.st_mtime, str(state.st_mtime_ns), {})
        elif isinstance(found, SourceError) and type(found) is SourceError:
            raise found


def _relative(path: str, root: str) -> str:
    if is_url(path):
        return path.removeprefix(root).lstrip("/")
    top = Path(root).absolute()
    return Path(path).name if Path(path) == top else Path(path).relative_to(top).as_posix()
