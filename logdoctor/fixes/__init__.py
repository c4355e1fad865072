"""A fix, as it is pasted where the user's processes are started: one module a syntax, one function ``blocks`` each.

A module takes a :class:`Change` and gives each :class:`Block` of text to paste. Values are quoted as the syntax wants
it; a value that is computed on each node (``$(ip route ...)``) stays alive where the syntax has a shell, and is put
into one where it has none.
"""

from __future__ import annotations

from importlib import import_module

from logdoctor.choices import Syntax
from logdoctor.fixes.change import Block, Change
from logdoctor.model import Diagnosis, Fix

__all__ = ["Block", "Change", "Syntax", "blocks", "usual"]


def usual(diagnosis: Diagnosis) -> Syntax:
    """The syntax of what starts the run's processes, as far as its logs tell; else the shell's."""
    return Syntax(diagnosis.cluster.launcher or "shell")


def blocks(fix: Fix, syntax: Syntax) -> tuple[Block, ...]:
    """What to paste for the settings, limits and options of a fix; its commands and steps are not part of it."""
    change = Change.of(fix)
    if not change:
        return ()
    module = import_module(f"logdoctor.fixes.{syntax.name}")
    return tuple(module.blocks(change))
