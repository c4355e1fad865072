"""What is new in a log shortly before it fails, against all that it said while it was healthy."""

from __future__ import annotations

from collections.abc import Iterator

from logdoctor.families import Families, families_of
from logdoctor.model import Evidence, Stream
from logdoctor.sources import Source, SourceError

BEFORE = 200
"""Lines before a failure that count as shortly before it."""
HEALTHY = 50
"""Lines that there must be before those, for anything to be new against them."""
SHOWN = 8
READ = 256 << 20
"""Bytes of a log that are read for it."""


def novelties(source: Source, failure: int) -> tuple[Evidence, ...]:
    """The lines shortly before line ``failure`` of a source that are like none before them; none where they cannot
    be read a second time."""
    healthy, border = Families(), failure - BEFORE
    suspects: list[tuple[int, bytes]] = []
    for number, lines in _lines(source):
        if number < border:
            healthy.add(source.name, number, lines[: border - number])
        low, high = max(0, border - number), failure - number
        suspects += [(number + at, lines[at]) for at in range(low, max(low, min(high, len(lines))))]
        if number + len(lines) >= failure:
            break
    if healthy.counts.total() < HEALTHY:
        return ()
    families = families_of([line for _, line in suspects])
    new = {
        family: suspect
        for family, suspect in zip(reversed(families), reversed(suspects), strict=True)
        if family not in healthy.counts and not _continues(suspect[1])
    }
    return tuple(_evidence(source.name, *suspect) for suspect in sorted(new.values())[-SHOWN:])


def _lines(source: Source) -> Iterator[tuple[int, list[bytes]]]:
    """Whole lines, many at a time, with the number of the first."""
    number, rest, read = 1, b"", 0
    try:
        for block in source.open():
            *lines, rest = (rest + block).split(b"\n")
            yield number, lines
            number, read = number + len(lines), read + len(block)
            if read > READ:
                return
    except SourceError:
        return


def _continues(line: bytes) -> bool:
    """Whether it belongs to the line before it: a frame, an indented block."""
    return not line.strip() or line[:1] in b" \t|" or line.startswith(b"Traceback")


def _evidence(source: str, number: int, line: bytes) -> Evidence:
    return Evidence(source, number, number, line[:2000].decode("utf-8", "replace").rstrip("\r"), Stream())
