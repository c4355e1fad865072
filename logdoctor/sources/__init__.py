"""Where bytes come from: files, directories, archives, compressed files, pipes.

:func:`discover` turns the paths that a user names into sources. Everything is streamed: memory stays bounded whatever
the size, and nothing is written to disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from logdoctor.sources.base import Binary, Skipped, Source, SourceError

if TYPE_CHECKING:
    from logdoctor.sources.content import Content
    from logdoctor.sources.files import Named

__all__ = ["Skipped", "Source", "SourceError", "below", "discover", "is_url", "told_apart"]


def discover(paths: Sequence[str], stdin: Content | None = None) -> Iterator[Source | SourceError]:
    """The sources that these paths stand for, in the order of the paths, directories and archives in theirs.

    A path is a file, a directory (searched through, but for hidden files and what is no log), an archive (tar, zip), a
    compressed file (gzip, bzip2, xz, zstd), a pattern, or ``-`` for standard input (or ``stdin``, if given), as is no
    path at all. What something is, its first bytes tell. The address of an object or a folder of an object store
    (``s3://...``) works too; these come last.

    Sources may be opened in any order, at any time, and again. Opening each before asking for the next is fastest:
    members of a compressed tar are then unpacked in one pass. Only a pipe is read once.

    What cannot be read is yielded as a :class:`SourceError`, what was left out on purpose as its kind :class:`Skipped`;
    none is raised.
    """
    urls = [path for path in paths if is_url(path)]
    local = [path for path in paths if not is_url(path)] or ([] if urls else ["-"])
    found = _discover(local, stdin)
    if urls:
        from logdoctor.sources import remote

        found = chain(found, *map(remote.discover, dict.fromkeys(urls)))
    yield from told_apart(found)


def told_apart(found: Iterable[Source | SourceError]) -> Iterator[Source | SourceError]:
    """The same, no two of one name."""
    taken: set[str] = set()
    for source in found:
        if isinstance(source, Source):
            name, count = source.name, 1
            while name in taken:
                count += 1
                name = f"{source.name} ({count})"
            taken.add(name)
            source = source if name == source.name else source._replace(name=name)
        yield source


def is_url(path: str) -> bool:
    """Whether this is the address of an object elsewhere, such as ``s3://bucket/logs``."""
    scheme, mark, _ = path.partition("://")
    return bool(mark) and scheme.isascii() and scheme.replace("+", "").isalnum()


def below(path: str, base: str) -> Iterator[Source | SourceError]:
    """The sources that a file found in a folder stands for; their names are relative to that folder. Both may be
    addresses of an object store.
    """
    if is_url(path):
        from logdoctor.sources import remote

        return remote.logs(path, base)
    from logdoctor.sources import files

    file = files.Named(Path(path), Path(base).absolute(), in_directory=True)
    return _logs(file, files.names([file])[0], None)


def _discover(paths: Sequence[str], stdin: Content | None) -> Iterator[Source | SourceError]:
    from logdoctor.sources import files

    found = list(files.find(paths))
    names = iter(files.names([file for file in found if isinstance(file, files.Named)]))
    for file in found:
        if isinstance(file, SourceError):
            yield file
        else:
            yield from _logs(file, next(names), stdin)


def _logs(file: Named, name: str, stdin: Content | None) -> Iterator[Source | SourceError]:
    """The logs that a file holds, which is called so."""
    from logdoctor.sources import files
    from logdoctor.sources.archives import logs_in
    from logdoctor.sources.content import File, named_pipe, standard_input

    try:
        content = (
            (stdin or standard_input())
            if file is files.STDIN
            else named_pipe(file.path, name)
            if file.special
            else File(file.path, name)
        )
    except SourceError as error:
        yield error
        return
    for log in logs_in(content):
        if isinstance(log, Source):
            yield log._replace(size=_size(file.path)) if isinstance(content, File) and log.name == name else log
        else:
            yield SourceError(str(log)) if isinstance(log, Binary) and not file.in_directory else log


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:  # gone since
        return None
