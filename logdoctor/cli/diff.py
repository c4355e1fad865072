"""``logdoctor diff``: what a bad run has that a good one does not."""

from __future__ import annotations

from typing import Annotated

import typer

from logdoctor.cli import options


def command(
    good: Annotated[
        str, typer.Argument(metavar="GOOD", help="The logs of a run that worked: a file, a directory, ...")
    ],
    bad: Annotated[str, typer.Argument(metavar="BAD", help="Those of one that did not; '-' for standard input.")],
    format: options.FormatOption = options.Format.text,
    path: options.OutputOption = None,
    rules: options.RulesOption = None,
    color: options.ColorOption = options.Color.auto,
    verbose: options.VerboseOption = False,
    quiet: options.QuietOption = False,
    redact: options.RedactOption = False,
    hide: options.HideOption = None,
) -> None:
    """Compare a bad run with a good one: versions, variables, interfaces, transports, topology, and the messages that
    are new or missing. For the failure that no rule knows.

    Exit status: 0 the two state and say the same, 1 they differ, 2 bad usage, unreadable input or a bad rule.
    """
    from logdoctor import sources
    from logdoctor.compare import compare
    from logdoctor.render import comparison

    if format not in (options.Format.text, options.Format.json):
        options.fail(f"--format {format.value}: two runs are compared as text or json")
    if good == bad:
        options.fail(f"GOOD and BAD are both {good}: name the logs of two runs")
    output = options.Output(format, path, color, verbose, None, False, quiet)
    book = options.load_rules(rules, output)
    masking = options.redactor(redact or bool(hide), hide)
    worked, failed = (masking.sources(run) if masking else run for run in map(sources.discover, ([good], [bad])))
    found = compare(worked, failed, book, output.warn)
    output.put(
        comparison.as_json(found)
        if format is options.Format.json
        else comparison.as_text(found, color=output.coloured, width=options.width(), verbose=verbose)
    )
    raise typer.Exit(2 if output.failures else 1 if found.differences or found.new or found.missing else 0)
