"""``logdoctor explain``: logs in, diagnosis out."""

from __future__ import annotations

import enum
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from logdoctor.cli import live

if TYPE_CHECKING:
    from logdoctor.model import Diagnosis


class Format(str, enum.Enum):
    """How the diagnosis is written."""

    text = "text"
    json = "json"


class FailOn(str, enum.Enum):
    """From which severity on the exit status is 1."""

    error = "error"
    warning = "warning"
    never = "never"


class Color(str, enum.Enum):
    """When the text is coloured."""

    auto = "auto"
    always = "always"
    never = "never"


def command(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Files, directories, archives, globs; standard input when none is given, or for '-'.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[Format, typer.Option("--format", "-f", help="Text for people, JSON for programs.")] = Format.text,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the diagnosis to this file instead.", show_default=False),
    ] = None,
    rules: Annotated[
        list[Path] | None,
        typer.Option("--rules", help="A directory with more rules; may be repeated.", show_default=False),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Exit with status 1 from this severity on.")
    ] = FailOn.error,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="Show at most so many findings.", show_default=False)
    ] = None,
    color: Annotated[Color, typer.Option("--color", help="Colour the text; NO_COLOR is honoured.")] = Color.auto,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every finding in full, with all its evidence.")
    ] = False,
    why: Annotated[
        bool, typer.Option("--why", help="Show the reasoning: what explains what, and what was ruled out.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No notes, and no output at all when nothing is wrong.")
    ] = False,
    tee: Annotated[
        bool,
        typer.Option("--tee", help="Pass standard input on to standard output; the diagnosis goes to standard error."),
    ] = False,
    stall: Annotated[float, live.STALL] = live.SECONDS,
) -> None:
    """Find the root cause in the logs of a failed run, and the exact fix.

    Exit status: 0 nothing wrong found, 1 a problem found, 2 bad usage, unreadable input or a bad rule.
    """
    from logdoctor import core, rulebook, sources

    if tee and (paths or ["-"]) != ["-"]:
        _fail("--tee passes standard input on, and takes no paths")
    failures: list[str] = []

    def warn(sentence: str, failure: bool = True) -> None:
        failures.extend([sentence] * failure)
        if failure or not quiet:
            typer.echo(f"logdoctor: {sentence}", err=True)

    if not paths and sys.stdin.isatty():
        _fail("no logs given: name a file or directory, or pipe a log in (... 2>&1 | logdoctor explain)")
    book = rulebook.load(tuple(_directory(path) for path in rules or ()))
    for problem in book.problems:
        warn(problem)

    def write(diagnosis: Diagnosis) -> None:
        text = _rendered(diagnosis, format, output, color, verbose, top, why, tee)
        _write(text, output, quiet and diagnosis.verdict == "healthy", tee)

    if live.wanted(paths, tee):
        diagnosis = live.explain(book, warn, stall, tee, quiet, format is Format.text or output is not None, write)
    else:
        diagnosis = core.explain(sources.discover(paths or ["-"]), book, warn)
    if not diagnosis.stats.bytes and not failures:
        warn("the logs are empty: nothing was read (a program's errors reach a pipe only with 2>&1)")
    write(diagnosis)
    raise typer.Exit(2 if failures else 1 if _is_problem(diagnosis, fail_on) else 0)


def _directory(path: Path) -> Path:
    if not path.is_dir():
        _fail(f"--rules {path}: no such directory; it must hold *.yaml files as docs/rules.md describes them")
    return path


def _rendered(
    diagnosis: Diagnosis,
    format: Format,
    output: Path | None,
    color: Color,
    verbose: bool,
    top: int | None,
    why: bool,
    tee: bool,
) -> str:
    if format is Format.json:
        from logdoctor.render import json

        return json.render(diagnosis)
    from logdoctor.render import text

    coloured = color is Color.always or (color is Color.auto and output is None and _terminal_takes_colour(tee))
    return text.render(diagnosis, color=coloured, width=_width(), verbose=verbose, top=top, why=why)


def _terminal_takes_colour(tee: bool) -> bool:
    return (
        (sys.stderr if tee else sys.stdout).isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


def _width() -> int:
    import shutil

    return max(40, min(shutil.get_terminal_size((100, 24)).columns, 120))


def _write(text: str, output: Path | None, silent: bool, tee: bool) -> None:
    out = sys.stderr if tee else sys.stdout
    if output is not None:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            _fail(f"--output {output}: cannot be written: {error.strerror}")
    elif not silent:
        try:
            out.buffer.write(text.encode("utf-8", "replace"))
            out.buffer.flush()
        except BrokenPipeError:  # the reader, such as head, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


def _is_problem(diagnosis: Diagnosis, fail_on: FailOn) -> bool:
    counted = {FailOn.error: ("error",), FailOn.warning: ("error", "warning"), FailOn.never: ()}[fail_on]
    return any(finding.severity in counted and finding.role != "advice" for finding in diagnosis.findings)


def _fail(sentence: str) -> None:
    typer.echo(f"logdoctor: {sentence}", err=True)
    raise typer.Exit(2)
