"""``logdoctor run -- COMMAND``: the command as ever, and a diagnosis at its end."""

from __future__ import annotations

from typing import Annotated

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
    QuietOption,
    RedactOption,
    RulesOption,
    StallOption,
    TopOption,
    VerboseOption,
    WhyOption,
    load_rules,
    redactor,
)

SETTINGS = {"allow_interspersed_args": False}
"""Options behind the command's name are its own."""


def command(
    command: Annotated[
        list[str], typer.Argument(metavar="COMMAND...", help="The command with its arguments, after '--'.")
    ],
    format: FormatOption = Format.text,
    output: OutputOption = None,
    rules: RulesOption = None,
    top: TopOption = None,
    color: ColorOption = Color.auto,
    verbose: VerboseOption = False,
    why: WhyOption = False,
    quiet: QuietOption = False,
    stall: StallOption = STALL,
    syntax: ForOption = None,
    redact: RedactOption = False,
    hide: HideOption = None,
) -> None:
    """Run a command, pass on all that it prints, and explain it at its end if something went wrong.

    The diagnosis goes to standard error. Variables of the stack that are set, or not set, count as known.
    Exit status: that of the command; 127 if there is no such command, 126 if it cannot be run.
    """
    from logdoctor.live import command as running

    out = Output(
        format, output, color, verbose, top, why, quiet, syntax, redactor(redact or bool(hide), hide), aside=True
    )
    book = load_rules(rules, out)
    try:
        diagnosis, status = running.explain(command, book, out.warn, out.screen(), stall or None, out.write_stalled)
    except OSError as error:
        out.warn(f"{command[0]} cannot be run: {(error.strerror or str(error)).lower()}")
        raise typer.Exit(127 if isinstance(error, FileNotFoundError) else 126) from None
    if diagnosis.verdict != "healthy" or out.format is not Format.text or out.path:
        out.write(diagnosis)
    elif status and status != 130:  # after Ctrl-C everybody knows why
        out.warn(f"the command ended with exit status {status}, and nothing that it printed says why", False)
    raise typer.Exit(status)
