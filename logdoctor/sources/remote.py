"""Objects of a store: ``s3://``, ``gs://``, ``hdfs://``, ``https://``, whatever fsspec reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from logdoctor.safetext import harmless
from logdoctor.sources import kinds
from logdoctor.sources.archives import logs_in, skipped
from logdoctor.sources.base import Binary, Source, SourceError, reason
from logdoctor.sources.content import FIRST, READ


@dataclass(frozen=True, slots=True)
class Listed:
    """An object below an address."""

    url: str
    size: int
    modified: float
    """Seconds since 1970; 0 where the store does not tell."""
    mark: str
    """What changes with its content: the store's own mark, or else the time."""


class Remote:
    """The bytes of an object."""

    seekable = True

    def __init__(self, filesystem: Any, path: str, name: str) -> None:
        self._filesystem, self._path, self.name = filesystem, path, name

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        try:
            with self._filesystem.open(self._path, "rb") as file:
                file.seek(start)
                size = FIRST
                while block := file.read(size if stop is None else min(size, stop - file.tell())):
                    yield block
                    size = READ
        except Exception as error:  # whatever a store's library raises
            raise SourceError(f"{self.name} cannot be read: {reason(error)}") from error


def discover(url: str) -> Iterator[Source | SourceError]:
    """The logs of an object, or of all objects below an address."""
    try:
        listed = find(url)
    except SourceError as error:
        yield error
        return
    named = listed[0].url == url
    left_out = [] if named else [object.url for object in listed if kinds.is_no_log(object.url)]
    for object in listed:
        if object.url not in left_out:
            for log in logs(object.url, url.rpartition("/")[0] if named else url):
                yield SourceError(str(log)) if isinstance(log, Binary) and named else log
    if left_out:
        yield skipped(left_out, harmless(url))


def logs(url: str, base: str) -> Iterator[Source | SourceError]:
    """The logs that an object holds; their names are relative to ``base``."""
    try:
        filesystem, path = _filesystem(url)
    except SourceError as error:
        yield error
        return
    yield from logs_in(Remote(filesystem, path, harmless(url.removeprefix(base).lstrip("/")) or harmless(url)))


def find(url: str) -> list[Listed]:
    """The objects below an address, sorted; nothing hidden.

    Raises:
        SourceError: there are none, or the store cannot be asked.
    """
    filesystem, path = _filesystem(url)
    try:
        found = filesystem.find(path, detail=True)
    except Exception as error:
        raise SourceError(f"{harmless(url)} cannot be listed: {reason(error)}") from error
    below = {name.removeprefix(path.rstrip("/")): status for name, status in sorted(found.items())}
    objects = [
        _listed(url.rstrip("/") + name if name else url, status)
        for name, status in below.items()
        if not kinds.is_hidden(name)
    ]
    if not objects:
        raise SourceError(f"{harmless(url)} holds nothing that could be read; check the address and the credentials")
    return objects


def _filesystem(url: str) -> tuple[Any, str]:
    """Who reads this address, and what it is called there."""
    try:
        import fsspec
    except ImportError:
        raise SourceError(
            f"{harmless(url)} cannot be read: fsspec is not installed; pip install 'logdoctor[remote]'"
        ) from None
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except Exception as error:  # no such scheme, or its library is missing: fsspec says which
        raise SourceError(f"{harmless(url)} cannot be read: {reason(error)}") from error
    return filesystem, path


def _listed(url: str, status: dict[str, Any]) -> Listed:
    changed = next((status[key] for key in ("mtime", "LastModified", "updated", "created") if status.get(key)), None)
    mark = next((status[key] for key in ("ETag", "etag", "md5Hash") if status.get(key)), changed)
    return Listed(url, int(status.get("size") or 0), _seconds(changed), str(mark))


def _seconds(changed: Any) -> float:
    if isinstance(changed, str):
        try:
            changed = datetime.fromisoformat(changed.replace("Z", "+00:00"))
        except ValueError:
            return 0.0
    return changed.timestamp() if isinstance(changed, datetime) else float(changed or 0)
