"""Keep the compiled form of rule directories, so that YAML is read only when a file changed."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from logdoctor.rulebook.store import pack, unpack


def through_cache(directories: Sequence[Path]) -> dict[str, Any]:
    """The compiled rules of the directories, from the cache where it is fresh. A cache that cannot be written is no
    error."""
    path = _folder() / f"rulebook-{_stamp(directories)}"
    try:
        return unpack(path.read_bytes())
    except (OSError, ValueError):
        pass
    from logdoctor.rulebook.compile import compile_rules

    compiled = compile_rules(directories)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(pack(compiled))
        os.replace(file.name, path)
        _forget_old(path.parent)
    except OSError:
        pass
    return compiled


def _folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "logdoctor"


def _stamp(directories: Sequence[Path]) -> str:
    """A name for this state of the files and of the code that compiles them."""
    seen = hashlib.sha256()
    here = Path(__file__).parent
    for root in (here, *directories):
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".py", ".json", ".yaml", ".yml")):
                    status = os.stat(os.path.join(folder, name))
                    seen.update(f"{folder}/{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return seen.hexdigest()[:24]


def _forget_old(folder: Path, keep: int = 8) -> None:
    for old in sorted(folder.glob("rulebook-*"), key=lambda p: p.stat().st_mtime, reverse=True)[keep:]:
        old.unlink(missing_ok=True)
