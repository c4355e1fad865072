"""``logdoctor rules coverage``: which messages of a program's source no rule recognises."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from logdoctor.cli.options import RulesOption, fail, installed_packs, rule_directories
from logdoctor.cli.rules.options import warn, write


class Format(str, enum.Enum):
    """How the survey is written."""

    text = "text"
    json = "json"


def command(
    source: Annotated[
        Path, typer.Option("--source", help="A checked-out source tree (NCCL, gloo, PyTorch, vLLM, Ray, ...).")
    ],
    rules: RulesOption = None,
    format: Annotated[Format, typer.Option("--format", "-f", help="Text for people, JSON for programs.")] = Format.text,
    info: Annotated[bool, typer.Option("--info", help="Informational messages too.")] = False,
) -> None:
    """List the warnings and errors in a source tree that no rule recognises.

    C and C++ (WARN, LOG, GLOO_ENFORCE, TORCH_CHECK, C10D_ERROR, RAY_LOG, throw, ...) and Python (loggers, raise,
    assert) are read; their formats are turned into sample lines. Tests, examples and vendored code are left out.
    """
    from logdoctor import rulebook
    from logdoctor.authoring.coverage import report
    from logdoctor.authoring.coverage.survey import survey

    if not source.is_dir():
        fail(f"--source {source}: no such directory")
    book = rulebook.load((*installed_packs(warn), *rule_directories(rules)))
    found = survey(source, book, ("error", "warning", *(["info"] if info else [])))
    if not (found.recognised or found.unrecognised):
        fail(f"--source {source}: no C, C++ or Python message found in it")
    write(report.as_json(found) if format is Format.json else report.as_text(found))
