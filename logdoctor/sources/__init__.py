"""Where bytes come from: files, directories, archives, compressed files, pipes.

:func:`discover` turns the paths that a user names into sources. Everything is streamed: memory stays bounded whatever
the size, and nothing is written to disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from logdoctor.sources.base import Binary, Skipped, Source, SourceError

if TYPE_CHECKING:
    from logdoctor.sources.content import Content

__all__ = ["Skipped", "Source", "SourceError", "discover"]


def discover(paths: Sequence[str], stdin: Content | None = None) -> Iterator[Source | SourceError]:
    """The sources that these paths stand for, in the order of the paths, directories and archives in theirs.

    A path is a file, a directory (searched through, but for hidden files and what is no log), an archive (tar, zip), a
    compressed file (gzip, bzip2, xz, zstd), a pattern, or ``-`` for standard input (or ``stdin``, if given), as is no
    path at all. What something is, its first bytes tell.

    Sources may be opened in any order, at any time, and again. Opening each before asking for the next is fastest:
    members of a compressed tar are then unpacked in one pass. Only a pipe is read once.

    What cannot be read is yielded as a :class:`SourceError`, what was left out on purpose as its kind :class:`Skipped`;
    none is raised.
    """
    taken: set[str] = set()
    for found in _discover(paths or ["-"], stdin):
        if isinstance(found, Source):
            name, count = found.name, 1
            while name in taken:
                count += 1
                name = f"{found.name} ({count})"
            taken.add(name)
            found = found if name == found.name else Source(name, found.open)
        yield found


def _discover(paths: Sequence[str], stdin: Content | None) -> Iterator[Source | SourceError]:
    from logdoctor.sources import files
    from logdoctor.sources.archives import logs_in
    from logdoctor.sources.content import File, named_pipe, standard_input

    found = list(files.find(paths))
    names = iter(files.names([file for file in found if isinstance(file, files.Named)]))
    for file in found:
        if isinstance(file, SourceError):
            yield file
            continue
        name = next(names)
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
            continue
        for log in logs_in(content):
            yield SourceError(str(log)) if isinstance(log, Binary) and not file.in_directory else log
