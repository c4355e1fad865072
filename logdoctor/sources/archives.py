"""Find the logs in a run of bytes: the bytes themselves, what they unpack to, or the members of an archive."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, TYPE_CHECKING, cast

from logdoctor.safetext import harmless
from logdoctor.sources import kinds
from logdoctor.sources.base import Binary, Skipped, Source, SourceError, reason
from logdoctor.sources.content import Content, Memory, Pipe, Slice, Tape, Unpacked, head, held, text

if TYPE_CHECKING:
    from tarfile import TarInfo
    from zipfile import ZipInfo

NESTED = 1
"""How deep an archive may stand in archives."""
LAYERS = 2
"""How many compressions may stand one on the other."""
_ZIP_METHODS = {0: None, 8: "deflate", 12: "bzip2", 93: "zstd", 95: "xz"}

Members = Iterator[tuple[str, "Content | SourceError"]]


def logs_in(content: Content, depth: int = 0) -> Iterator[Source | SourceError]:
    """The logs that these bytes hold, whatever their packing: one, or one for each member of an archive.

    What cannot be read is yielded as a :class:`SourceError`; none is raised.
    """
    try:
        outer, first = content, head(content)
        for _ in range(LAYERS):
            if kind := kinds.compression(first):
                content = Unpacked(content, kind, content.name)
                first = head(content)
        members = _tar_members if kinds.is_tar(first) else _zip_members if kinds.is_zip(first) else None
        if members and isinstance(outer, Pipe):
            yield from logs_in(held(outer), depth)
        elif members:
            yield from _archive(content, members, depth)
        elif what := kinds.foreign(first):
            yield SourceError(f"{content.name} is {what[0]}, which is not read here; unpack it first: {what[1]}")
        elif kinds.is_binary(first):
            yield Binary(f"skipped {content.name}: binary")
        else:
            yield Source(content.name, partial(text, content))
    except SourceError as error:
        yield error


def _archive(content: Content, members: Callable[[Content], Members], depth: int) -> Iterator[Source | SourceError]:
    """The logs among an archive's members, chosen as those in a directory are."""
    if depth > NESTED:
        raise SourceError(f"{content.name} is an archive in an archive in an archive; unpack the outer one first")
    holds_logs, left_out = False, []
    for path, member in members(content):
        if kinds.is_hidden(path):
            continue
        if kinds.is_no_log(path):
            left_out.append(path)
            continue
        for found in [member] if isinstance(member, SourceError) else logs_in(member, depth + 1):
            if isinstance(found, Binary):
                left_out.append(path)
            else:
                holds_logs = True
                yield found
    if left_out:
        yield skipped(left_out, content.name)
    if not holds_logs:
        yield SourceError(f"{content.name} holds no logs")


def skipped(paths: list[str], place: str) -> Skipped:
    """One note on all that was left out of a directory or archive because it is no log."""
    some = harmless(", ".join(paths[:4])) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")
    what = "a file that is no log" if len(paths) == 1 else f"{len(paths)} files that are no logs"
    return Skipped(f"skipped {what} in {place}: {some}")


def _name(archive: str, path: str) -> str:
    """What a member is called. Nothing is ever written, so a path that leads out of the archive is just a strange
    name.
    """
    return f"{archive}/{harmless(path.removeprefix('./').lstrip('/'))}"


class _View:
    """Seekable bytes with the part of a file's interface that :mod:`tarfile` uses to read headers."""

    AHEAD = 1 << 14
    LONGEST = 64 << 20

    def __init__(self, content: Content) -> None:
        self.content, self.position, self.start, self.window = content, 0, 0, b""

    def tell(self) -> int:
        return self.position

    def seek(self, position: int) -> int:
        self.position = position
        return position

    def read(self, size: int) -> bytes:
        """That many bytes, or all to the end; raises SourceError where the bytes end too early or the header is
        absurdly long.
        """
        if size > self.LONGEST:
            raise SourceError(f"{self.content.name} is damaged: one of its headers claims {size >> 20} MiB")
        if not self.start <= self.position <= self.position + size <= self.start + len(self.window):
            self.start, self.window = self.position, self._ahead(size)
        at = self.position - self.start
        data = self.window[at : at + size]
        self.position += len(data)
        return data

    def _ahead(self, size: int) -> bytes:
        data = bytearray()
        try:
            for block in self.content.blocks(self.position, self.position + max(size, self.AHEAD)):
                data += block
        except SourceError:
            if len(data) < size:
                raise
        return bytes(data)


def _tar_members(archive: Content) -> Members:
    import tarfile

    base = archive if archive.seekable else Tape(archive)
    try:
        with tarfile.TarFile(fileobj=cast("IO[bytes]", _View(base)), encoding="utf-8", errors="replace") as tar:
            while member := tar.next():
                tar.members = []  # type: ignore[attr-defined]  # or they pile up
                if member.isreg():
                    yield (
                        member.name,
                        Slice(base, member.offset_data, _stored(member), _name(archive.name, member.name)),
                    )
    except (tarfile.TarError, ValueError, OSError, EOFError) as error:
        raise SourceError(
            f"{archive.name} is damaged or cut short, so members may be missing ({reason(error)}); fetch it again"
        ) from error


def _stored(member: TarInfo) -> int:
    """How many bytes of a member the archive holds; the holes of a sparse file are not among them."""
    parts = cast("list[tuple[int, int]] | None", member.sparse)
    return member.size if parts is None else sum(size for _, size in parts)


def _zip_members(archive: Content) -> Members:
    import zipfile

    archive = held(archive)
    try:
        with (
            io.BytesIO(archive.data) if isinstance(archive, Memory) else archive.path.open("rb") as file,
            zipfile.ZipFile(file) as index,
        ):
            members = index.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise SourceError(
            f"{archive.name} is damaged, or cut short before its index ({reason(error)}); fetch it again"
        ) from error
    for member in members:
        if not member.is_dir():
            yield member.filename, _zip_member(archive, member, _name(archive.name, member.filename))


def _zip_member(archive: Content, member: ZipInfo, name: str) -> Content | SourceError:
    if member.flag_bits & 1:
        return SourceError(f"{name} is encrypted; unpack the archive first: unzip")
    if member.compress_type not in _ZIP_METHODS:
        return SourceError(
            f"{name} is compressed in a way that is not read here (method {member.compress_type});"
            " unpack the archive first: unzip"
        )
    header = b"".join(archive.blocks(member.header_offset, member.header_offset + 30))
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
        return SourceError(f"{name} is not where the archive's index says; fetch the archive again")
    skip = sum(struct.unpack_from("<HH", header, 26))
    packed = Slice(archive, member.header_offset + 30 + skip, member.compress_size, name)
    method = _ZIP_METHODS[member.compress_type]
    return Unpacked(packed, method, name) if method else packed
