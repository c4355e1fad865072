"""How results of an earlier version become those of this one."""

from __future__ import annotations

STEPS: tuple[str, ...] = ()
"""The SQL that brings results of version 1 to version 2, those of 2 to 3, ...; the last leads to ``schema.sql``."""


def current() -> int:
    """The version of ``schema.sql``."""
    return len(STEPS) + 1
