"""``logdoctor redact``: logs in, the same logs out, without what must not leave."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from logdoctor.cli.options import (
    HideOption,
    MappingOption,
    Output,
    PathsArgument,
    QuietOption,
    fail,
    load_rules,
    need_input,
    write_mapping,
)

if TYPE_CHECKING:
    from logdoctor.sources import Source


def command(
    paths: PathsArgument = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The directory to write to; standard output otherwise.", show_default=False
        ),
    ] = None,
    hide: HideOption = None,
    mapping: MappingOption = None,
    quiet: QuietOption = False,
) -> None:
    """Mask secrets, user names, mail addresses, prompts and generated text in logs, line by line.

    Line numbers stay, the same secret gets the same number, and the diagnosis stays the same. Exit status: 0 done, 2
    bad usage or unreadable input.
    """
    need_input(paths)
    out = Output(quiet=quiet)
    from logdoctor import report, sources
    from logdoctor.redact import Redactor
    from logdoctor.render import words

    redactor = Redactor(hide or ())
    report.learn(paths or ["-"], load_rules(None, out), redactor)
    for source in redactor.sources(sources.discover(paths or ["-"])):
        if isinstance(source, sources.SourceError):
            out.warn(str(source), True)
            continue
        try:
            _write(source, output)
        except sources.SourceError as error:
            out.warn(str(error), True)
        except BrokenPipeError:
            raise typer.Exit(0) from None
        except OSError as error:
            fail(f"--output {output}: cannot be written: {error.strerror}")
    write_mapping(mapping, redactor)
    if not quiet:
        typer.echo(f"logdoctor: {words.masked(redactor.counts)}", err=True)
    raise typer.Exit(2 if out.failures else 0)


def _write(source: Source, output: Path | None) -> None:
    if output is None:
        for block in source.open():
            sys.stdout.buffer.write(block)
        sys.stdout.buffer.flush()
        return
    from logdoctor.report.pack import safe_name

    path = output / safe_name(source.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.writelines(source.open())
