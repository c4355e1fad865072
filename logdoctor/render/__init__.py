"""A diagnosis, shown: one module for each form, each with a function ``render`` that returns the text to write."""

from __future__ import annotations

from importlib import import_module

from logdoctor.choices import Syntax
from logdoctor.model import Diagnosis


def render(form: str, diagnosis: Diagnosis, syntax: Syntax | None = None) -> str:
    """The diagnosis in a form that takes no options but the syntax of the fix: the name of one of the modules here."""
    return str(import_module(f"{__name__}.{form}").render(diagnosis, syntax))
