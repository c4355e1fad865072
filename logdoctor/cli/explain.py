"""``logdoctor explain``: logs in, diagnosis out."""

from __future__ import annotations

import enum
import os
import stat
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from logdoctor.cli.options import (
    STALL,
    Color,
    ColorOption,
    Format,
    FormatOption,
    ForOption,
    HideOption,
    Output,
    OutputOption,
    PathsArgument,
    QuietOption,
    RedactOption,
    RulesOption,
    StallOption,
    TopOption,
    VerboseOption,
    WhyOption,
    fail,
    load_rules,
    need_input,
    redactor,
)

if TYPE_CHECKING:
    from logdoctor.model import Diagnosis


QUOTING = (Format.markdown, Format.html)
"""Forms that show the lines around what they quote, and so need them kept."""


class FailOn(str, enum.Enum):
    """From which severity on the exit status is 1."""

    error = "error"
    warning = "warning"
    never = "never"


def command(
    paths: PathsArgument = None,
    format: FormatOption = Format.text,
    output: OutputOption = None,
    rules: RulesOption = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Exit with status 1 from this severity on.")
    ] = FailOn.error,
    top: TopOption = None,
    color: ColorOption = Color.auto,
    verbose: VerboseOption = False,
    why: WhyOption = False,
    quiet: QuietOption = False,
    tee: Annotated[
        bool,
        typer.Option("--tee", help="Pass standard input on to standard output; the diagnosis goes to standard error."),
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-F", help="Read the files as they grow and are rotated, until Ctrl-C.")
    ] = False,
    stall: StallOption = STALL,
    syntax: ForOption = None,
    redact: RedactOption = False,
    hide: HideOption = None,
) -> None:
    """Find the root cause in the logs of a failed run, and the exact fix.

    Exit status: 0 nothing wrong found, 1 a problem found, 2 bad usage, unreadable input or a bad rule.
    """
    from logdoctor import core, sources

    masking = redactor(redact or bool(hide), hide)
    out = Output(format, output, color, verbose, top, why, quiet, syntax, masking, aside=tee)
    if follow and (not paths or "-" in paths):
        fail("--follow needs the files to follow; a pipe is followed as it is")
    if tee and (follow or (paths or ["-"]) != ["-"]):
        fail("--tee passes standard input on, and takes no paths")
    need_input(paths)
    book = load_rules(rules, out)
    if follow:
        from logdoctor.live import follow as files

        diagnosis = files.explain(paths or [], book, out.warn, out.screen(), stall or None, out.write_stalled)
    elif not tee and (masking or format in QUOTING):
        from logdoctor import report

        diagnosis = report.read(paths or ["-"], book, out.warn, masking).diagnosis
    elif tee or ((paths or ["-"]) == ["-"] and _grows()):
        from logdoctor.live import stream

        diagnosis = stream.explain(book, out.warn, out.screen(), stall or None, out.write_stalled, tee)
    else:
        diagnosis = core.explain(sources.discover(paths or ["-"]), book, out.warn)
    if not diagnosis.stats.bytes and not out.failures:
        out.warn("the logs are empty: nothing was read (a program's errors reach a pipe only with 2>&1)")
    out.write(diagnosis)
    raise typer.Exit(2 if out.failures else 1 if _is_problem(diagnosis, fail_on) else 0)


def _grows() -> bool:
    """Whether standard input is a pipe or a terminal, written while it is read."""
    try:
        return not stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):  # closed, or replaced by a test
        return False


def _is_problem(diagnosis: Diagnosis, fail_on: FailOn) -> bool:
    counted = {FailOn.error: ("error",), FailOn.warning: ("error", "warning"), FailOn.never: ()}[fail_on]
    return any(finding.severity in counted and finding.role != "advice" for finding in diagnosis.findings)
