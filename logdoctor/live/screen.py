"""What is told on standard error while logs are read: a status line on a terminal, and findings once certain."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

from logdoctor.model import Finding
from logdoctor.safetext import harmless

QUIET = 1.0
"""Seconds before the first status line, and between two."""


class Screen:
    """Standard error, shared by a line that is rewritten and lines that stay."""

    def __init__(self, status: bool = True, notes: bool = True) -> None:
        """Args:
        status: whether there may be a status line; there is none unless standard error is a terminal.
        notes: whether findings are told.
        """
        self.status_line = status and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._notes = notes
        self._shown = ""
        self._lock = threading.RLock()

    def status(self, text: str) -> None:
        """Show this in place of the last status line."""
        with self._lock:
            if self.status_line and text != self._shown:
                width = os.get_terminal_size(sys.stderr.fileno()).columns or 80
                self._write(f"\r{harmless(text)[: width - 1]}\x1b[K")
                self._shown = text

    def clear(self) -> None:
        """Take the status line away."""
        with self._lock:
            if self._shown:
                self._write("\r\x1b[K")
                self._shown = ""

    def finding(self, finding: Finding) -> None:
        """Tell a finding in two or three lines."""
        if self._notes:
            with self._lock:
                self.clear()
                self._write("".join(f"logdoctor: {harmless(line)}\n" for line in _brief(finding)))

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):  # nobody looks
            self._notes = self.status_line = False


def _brief(finding: Finding) -> Iterator[str]:
    place = finding.evidence[0]
    yield f"{place.source} line {place.line}: {finding.title} ({finding.confidence:.0%} sure so far)"
    fix = finding.fix
    for setting in fix.env:
        change = f"unset {setting.name}" if setting.value is None else f"export {setting.name}={setting.value}"
        yield f"  {change}   # {setting.where}"
    for flag in fix.flags:
        yield f"  {'drop ' if flag.drop else ''}{flag.name}{f' {flag.value}' if flag.value else ''}   # of {flag.of}"
    if not fix.env and not fix.flags and fix.summary:
        yield f"  {fix.summary}"
