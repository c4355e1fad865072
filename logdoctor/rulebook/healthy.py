"""Logs of runs that were well: no rule may find anything in them, and none should have to read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_PACKAGED = Path(__file__).parent / "runs"
_CHECKOUT = Path(__file__).parent.parent.parent / "fixtures" / "healthy"
DIRECTORY = _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT
"""Where they are: in the package, or in a checkout."""
STEADY = "steady.log"
"""Lines of which a run that is well prints thousands; the other logs are whole runs."""


def runs(directory: Path = DIRECTORY) -> list[Path]:
    """The healthy runs: each a log, or a directory of logs."""
    return sorted(directory.iterdir())


def logs(run: Path) -> list[Path]:
    """The logs of a run."""
    return sorted(path for path in run.rglob("*") if path.is_file()) if run.is_dir() else [run]


def texts() -> Iterator[tuple[Path, str]]:
    """Every log with its text."""
    for run in runs():
        yield from ((path, path.read_text(encoding="utf-8", errors="replace")) for path in logs(run))


def steady_lines() -> list[str]:
    """Lines that healthy runs print all the time."""
    return (DIRECTORY / STEADY).read_text(encoding="utf-8").splitlines()
