"""Candidate lines to records: who said it, when, how loud.

The grammars are data (``rules/formats``); :func:`assemble` is the machine that applies them.
"""

from __future__ import annotations

from logdoctor.formats.assembly import Assembler, assemble, undecided
from logdoctor.rulebook.grammars import Grammar, Grammars

__all__ = ["Assembler", "Grammar", "Grammars", "assemble", "load_grammars", "undecided"]


def load_grammars() -> Grammars:
    """The built-in grammars."""
    from logdoctor import rulebook

    return rulebook.load().grammars
