"""Unpack compressed bytes as a stream: bounded memory, every member, all that can be read of a damaged one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from logdoctor.sources.base import BLOCK, SourceError, reason
from logdoctor.sources.kinds import compression

MOST = 64 << 30
"""Bytes that one compressed stream may unpack to."""
FREE = 256 << 20
"""Bytes that may be unpacked whatever the ratio."""
RATIO = 1000
"""Beyond ``FREE``, how many times its packed size a stream may unpack to; logs reach about 100."""
_SIP = 256 << 10
"""Bytes that are fed at a time, and unpacked at a time: what is lost where the bytes are damaged."""
_MEMORY = 512 << 20
"""Bytes that a decoder may keep."""
_MAGIC = 6


class _Decoder(Protocol):
    """The interface of :class:`bz2.BZ2Decompressor`, which :mod:`lzma` and ``compression.zstd`` share."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Zlib:
    """:func:`zlib.decompressobj`, or Intel's faster one, with the interface of its younger sisters."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return bool(self._decoder.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._decoder.unused_data)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out: bytes = self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length)
        self.needs_input = not self._decoder.unconsumed_tail and len(out) < max_length
        return out


def _decoders(kind: str, name: str) -> tuple[Callable[[], _Decoder], type[Exception]]:
    """What makes a decoder of that kind, and the exception it raises for damaged bytes.

    Raises:
        SourceError: the decoder is not installed.
    """
    if kind in ("gzip", "deflate"):
        zlib = _zlib()
        return lambda: _Zlib(zlib.decompressobj(31 if kind == "gzip" else -15)), zlib.error
    if kind == "bzip2":
        import bz2

        return bz2.BZ2Decompressor, OSError
    if kind == "xz":
        import lzma

        return lambda: lzma.LZMADecompressor(memlimit=_MEMORY), lzma.LZMAError
    zstd = _zstd(name)
    options = {zstd.DecompressionParameter.window_log_max: _MEMORY.bit_length() - 1}
    return lambda: zstd.ZstdDecompressor(options=options), zstd.ZstdError


def _zstd(name: str) -> Any:
    """``compression.zstd``, which Python has since 3.14, or the same for an older one.

    Raises:
        SourceError: that is not installed.
    """
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise SourceError(
            f"{name} is compressed with zstd, which needs one more package: pip install 'logdoctor[zstd]',"
            " or unpack it: zstd -d"
        ) from None
    return zstd


def _zlib() -> Any:
    try:
        from isal import isal_zlib

        return isal_zlib
    except ImportError:  # there is no wheel for this machine
        import zlib

        return zlib


def _sips(blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        for at in range(0, len(block), _SIP):
            yield block[at : at + _SIP]


def decompress(name: str, kind: str, packed: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack ``gzip``, ``bzip2``, ``xz``, ``zstd`` or bare ``deflate``, one member after the other.

    Raises:
        SourceError: the bytes are damaged, cut short, unpack to too much, or the decoder is not installed. All that
        stands before the
            damage has been yielded.
    """
    new, damage = _decoders(kind, name)
    decoder: _Decoder | None = new()
    taken = given = 0
    rest = b""
    for sip in _sips(packed):
        taken += len(sip)
        rest += sip
        while True:
            if decoder is None:  # between members; zeros may pad them
                rest = rest.lstrip(b"\0")
                if len(rest) < _MAGIC:
                    break
                if kind == "deflate" or compression(rest) != kind:
                    raise SourceError(f"{name} has other bytes after its {kind} data, which were left out")
                decoder = new()
            try:
                out = decoder.decompress(rest, _SIP)
            except (damage, EOFError, MemoryError) as error:
                raise SourceError(
                    f"{name} is damaged and was read up to the damage ({reason(error)}); fetch the file again"
                ) from error
            given += len(out)
            for at in range(0, len(out), BLOCK):
                yield out[at : at + BLOCK]
            if given > MOST or (given > FREE and given > RATIO * taken):
                raise SourceError(
                    f"{name} unpacks to far more than a log does"
                    f" ({given >> 20} MiB from {(taken >> 20) + 1} MiB so far),"
                    " so the rest was left out; unpack it yourself if you trust it"
                )
            rest = b""
            if decoder.eof:
                rest, decoder = decoder.unused_data, None
            elif decoder.needs_input:
                break
    if decoder is not None:
        raise SourceError(
            f"{name} is cut short: its {kind} data has no end, so its last lines are missing; fetch the file again"
        )


def gathered(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of about ``BLOCK``: for each one, threads wait for each other."""
    parts: list[bytes] = []
    size = 0
    try:
        for block in blocks:
            if parts and size + len(block) > BLOCK:
                yield b"".join(parts)
                parts, size = [], 0
            parts.append(block)
            size += len(block)
    except SourceError:
        if parts:
            yield b"".join(parts)  # what stands before the damage
        raise
    if parts:
        yield b"".join(parts)
