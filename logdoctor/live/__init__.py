"""Reading logs while they are written: pipes, growing files, the output of a command."""

from __future__ import annotations

from logdoctor.live.screen import Screen
from logdoctor.live.stream import explain
from logdoctor.live.watch import Watch

__all__ = ["Screen", "Watch", "explain"]
