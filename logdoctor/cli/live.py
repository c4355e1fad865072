"""What the commands share that read logs while they are written."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from logdoctor.model import Diagnosis
    from logdoctor.rulebook import Rulebook

SECONDS = 30.0
"""The default of ``--stall``."""
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def _duration(text: str | float) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", str(text).strip())
    if not found:
        raise typer.BadParameter(f"{text!r} is no time; write 30s, 5m or 1h, or 0 for never")
    return float(found[1]) * _UNITS[found[2]]


STALL = typer.Option(
    "--stall",
    parser=_duration,
    metavar="TIME",
    show_default="30s",
    help="Write the diagnosis when a pipe is silent for so long after a failure (30s, 5m; 0 for never).",
)


def wanted(paths: list[str] | None, tee: bool) -> bool:
    """Whether the logs are written while they are read."""
    if (paths or ["-"]) != ["-"]:
        return False
    try:
        return tee or not stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):  # closed, or replaced by a test
        return False


def explain(
    book: Rulebook,
    warn: Callable[[str, bool], None],
    stall: float,
    tee: bool,
    quiet: bool,
    again: bool,
    write: Callable[[Diagnosis], None],
) -> Diagnosis:
    """Explain standard input as it comes. ``again`` says whether a diagnosis may be written more than once."""
    from logdoctor.live import Screen
    from logdoctor.live import explain as explain_stream

    def stalled(diagnosis: Diagnosis) -> None:
        warn(f"nothing has come for {stall:g} s since the failure; the diagnosis so far:", False)
        write(diagnosis)

    screen = Screen(status=not quiet and not (tee and sys.stdout.isatty()), notes=not quiet)
    return explain_stream(book, warn, screen, (stall or None) if again else None, stalled, tee)
