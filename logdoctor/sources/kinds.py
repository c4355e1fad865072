"""Tell what a run of bytes is by its first bytes, and what is no log by its name."""

from __future__ import annotations

from pathlib import PurePosixPath

HEAD = 8192
"""Bytes that decide what a run of bytes is."""

_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    **{bytes((low, 0x2A, 0x4D, 0x18)): "zstd" for low in range(0x50, 0x60)},  # skippable frames, as pzstd writes them
}
_FOREIGN = {
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "7z x"),
    b"Rar!\x1a\x07": ("a RAR archive", "unrar x"),
    b"\x04\x22\x4d\x18": ("compressed with lz4", "lz4 -d"),
    b"\x1f\x9d": ("compressed with compress", "uncompress"),
}
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_TEXT_CONTROLS = b"\t\n\v\f\r\b\a\x1b"
_CONTROLS = bytes(set(range(32)) - set(_TEXT_CONTROLS)) + b"\x7f"
_BINARY_SHARE = 0.1

_BINARIES = (
    "a arrow bin ckpt class core cubin db deb dll duckdb dylib engine exe fatbin feather gguf gif h5 hdf5 ico img"
    " iso jar jpeg jpg ko ktx mp3 mp4 ncu-rep npy npz nsys-rep o onnx orc parquet pdf pickle pkl plan png pt pth"
    " pyc pyd qdrep rpm safetensors so sqlite sqlite3 tfrecord ttf wal wasm webp whl woff woff2"
)
_PROGRAMS = (
    "c cc cpp css cu cuh cxx diff go h hpp html ipynb java js lock md patch proto py pyi rs rst scss svg toml ts tsx"
)
_NO_LOGS = frozenset(f".{end}" for end in f"{_BINARIES} {_PROGRAMS}".split())
_NO_LOG_NAMES = frozenset(("logdoctor.json",))
"""What a report of logdoctor holds besides logs."""
_NO_LOG_FOLDERS = frozenset(("__pycache__", "node_modules", "site-packages", "__MACOSX"))


def compression(head: bytes) -> str | None:
    """``gzip``, ``bzip2``, ``xz`` or ``zstd``, told by the first bytes."""
    return next((kind for magic, kind in _COMPRESSED.items() if head.startswith(magic)), None)


def foreign(head: bytes) -> tuple[str, str] | None:
    """What a packed file is that cannot be read here, and the command that unpacks it."""
    return next((what for magic, what in _FOREIGN.items() if head.startswith(magic)), None)


def is_zip(head: bytes) -> bool:
    """Whether a zip archive begins so, an empty one included."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def is_tar(head: bytes) -> bool:
    """Whether a tar archive of any dialect begins so: its first header carries its own checksum."""
    if len(head) < 512 or b"\0" not in head[:512]:
        return False
    try:
        checksum = int(head[148:156].strip(b" \0"), 8)
    except ValueError:
        return False
    return checksum == sum(head[:148]) + sum(head[156:512]) + 8 * ord(" ")


def is_binary(head: bytes) -> bool:
    """Whether this is no text: it holds NUL bytes, and more that no text holds than a log with a few NULs in it would.

    Logs do hold NULs: serial consoles send them, Docker's API frames lines with them, ``copytruncate`` leaves a hole
    of them at the start. UTF-16 with a byte-order mark is text.
    """
    if b"\0" not in head or head.startswith(_BYTE_ORDER_MARKS):
        return False
    body = head.lstrip(b"\0")
    text = body.decode("utf-8", "ignore").encode().translate(None, _CONTROLS)
    return len(body) - len(text) >= _BINARY_SHARE * len(body)


def undecided(head: bytes) -> bool:
    """Whether more bytes than these are needed to tell what this is."""
    return len(head) < 6 or (len(head) < HEAD and (b"\0" in head or compression(head) is not None or is_zip(head)))


def is_hidden(path: str) -> bool:
    """Whether a name in the path begins with a dot, or the path leads through a folder that never holds logs."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    return any(part.startswith(".") for part in parts) or not _NO_LOG_FOLDERS.isdisjoint(parts)


def is_no_log(path: str) -> bool:
    """Whether the name says that this is no log: weights, images, libraries, source code."""
    name = PurePosixPath(path.lower())
    return name.suffix in _NO_LOGS or name.name in _NO_LOG_NAMES
