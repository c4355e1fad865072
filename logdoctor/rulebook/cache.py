"""Keep the compiled form of rule directories, so that YAML is read only when a file changed."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from logdoctor.rulebook import healthy
from logdoctor.rulebook.store import pack, unpack

T = TypeVar("T")


def through_cache(directories: Sequence[Path]) -> dict[str, Any]:
    """The compiled rules of the directories, from the cache where it is fresh. A cache that cannot be written is no
    error."""

    def compiled() -> dict[str, Any]:
        from logdoctor.rulebook.compile import gather, merge

        if len(directories) == 1:
            return merge([gather(directories[0])])
        # the parts are kept too: when a file of one directory changes, the others need not be read again
        return merge([kept(f"rules-{_stamp([d])}", partial(gather, d)) for d in directories])

    return kept(f"rulebook-{_stamp(directories)}", compiled, pack, unpack)


def plain_bytes(made: Any) -> bytes:
    """Plain data as JSON."""
    return json.dumps(made, separators=(",", ":")).encode()


def kept(
    name: str,
    make: Callable[[], T],
    encode: Callable[[T], bytes] = plain_bytes,
    decode: Callable[[bytes], T] = json.loads,
) -> T:
    """What the cache holds under a name; made and put there if it holds nothing, or nothing that can be read, which
    ``decode`` tells by a :class:`ValueError`."""
    path = _folder() / name
    try:
        return decode(path.read_bytes())
    except (OSError, ValueError):
        pass
    made = make()
    import tempfile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(encode(made))
        os.replace(file.name, path)
        _forget_old(path.parent)
    except OSError:
        pass
    return made


def stamp(said: Sequence[str]) -> str:
    """A short name for these texts. Two checksums: to import hashlib takes longer than to read the cache."""
    text = "\n".join(said).encode("utf-8", "surrogateescape")
    return f"{zlib.crc32(text):08x}{zlib.adler32(text):08x}-{len(said)}"


def _folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "logdoctor"


def _stamp(directories: Sequence[Path]) -> str:
    """A name for this state of the files, and of the code and the healthy logs with which they are compiled."""
    seen = []
    for root in (Path(__file__).parent, healthy.DIRECTORY, *directories):
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".py", ".json", ".yaml", ".yml", ".log")):
                    status = os.stat(os.path.join(folder, name))
                    seen.append(f"{folder}/{name} {status.st_size} {status.st_mtime_ns}")
    return stamp(seen)


def _forget_old(folder: Path, keep: int = 48) -> None:
    for old in sorted(folder.glob("*-*"), key=lambda p: p.stat().st_mtime, reverse=True)[keep:]:
        old.unlink(missing_ok=True)
