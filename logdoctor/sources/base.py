"""What every source is, and what goes wrong with one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from logdoctor.model import NOTHING

BLOCK = 1 << 20
"""Bytes that are read or unpacked at a time. Sources promise blocks of at most 4 MiB."""


class Source(NamedTuple):
    """A named stream of bytes: a file, standard input, a member of an archive."""

    name: str
    """What evidence shows: the path relative to the directory or archive that the user named; unique in a run."""
    open: Callable[[], Iterator[bytes]]
    """Yields the bytes in non-empty blocks of at most 4 MiB. Raises :class:`SourceError`, and nothing else, when the
    bytes cannot be read to their end, after all that could be read.
    """
    said: Mapping[str, str] = NOTHING
    """What is known beforehand of who speaks: ``host``, ``rank``. It completes what the log itself says."""
    size: int | None = None
    """Bytes, as stored, of a file of its own, which can be read side by side with others; else None."""


class SourceError(Exception):
    """Something that cannot be read; ``str()`` is one sentence: what, why, how to mend it."""


class Skipped(SourceError):
    """Something that was left out on purpose, such as a binary in a directory of logs: worth a note, no failure."""


class Binary(Skipped):
    """A file or member that is no text."""


def reason(error: Exception) -> str:
    """What an operating system's or a decoder's error says, as part of a sentence."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text[:1].lower() + text[1:].rstrip(".")
