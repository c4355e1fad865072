"""``logdoctor report``: logs in, a page for somebody else out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from logdoctor.choices import Syntax
from logdoctor.cli.options import (
    ForOption,
    HideOption,
    MappingOption,
    Output,
    PathsArgument,
    QuietOption,
    RedactOption,
    RulesOption,
    fail,
    load_rules,
    need_input,
    redactor,
    write_mapping,
)

if TYPE_CHECKING:
    from logdoctor.report import Report

FORMS = {".html": "html", ".md": "markdown", ".zip": "zip"}


def command(
    paths: PathsArgument = None,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The file to write: .html, .md, or .zip with both, JSON and excerpts."),
    ] = Path("logdoctor-report.html"),
    syntax: ForOption = None,
    redact: RedactOption = True,
    hide: HideOption = None,
    mapping: MappingOption = None,
    rules: RulesOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write a report for a support ticket: the root cause, the fix, the evidence and what happened, on one page.

    Secrets, user names, mail addresses, prompts and generated text are masked; look at what was masked before you send
    it. Exit status: 0 written, 2 bad usage or unreadable input (what could be read is in the report).
    """
    if output.suffix not in FORMS:
        fail(f"--output {output}: what is to be written is told by its ending; use .html, .md or .zip")
    need_input(paths)
    out = Output(quiet=quiet)
    book = load_rules(rules, out)
    from logdoctor import report

    masking = redactor(redact, hide)
    made = report.read(paths or ["-"], book, out.warn, masking)
    try:
        output.write_bytes(_written(made, output.suffix, syntax))
    except OSError as error:
        fail(f"--output {output}: cannot be written: {error.strerror}")
    write_mapping(mapping, masking)
    if not quiet:
        from logdoctor.render import words

        typer.echo(f"{output}: {words.verdict(made.diagnosis)}", err=True)
        typer.echo(words.masked(made.diagnosis.masked), err=True)
    raise typer.Exit(2 if out.failures else 0)


def _written(made: Report, suffix: str, syntax: Syntax | None) -> bytes:
    if suffix == ".zip":
        from logdoctor.report.pack import packed

        return packed(made, syntax)
    from logdoctor import render

    return render.render(FORMS[suffix], made.diagnosis, syntax).encode("utf-8", "replace")
