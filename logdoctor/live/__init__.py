"""Reading logs while they are written: pipes (``stream``), growing files (``follow``), a command (``command``)."""

from __future__ import annotations

from logdoctor.live.screen import Screen

__all__ = ["Screen"]
