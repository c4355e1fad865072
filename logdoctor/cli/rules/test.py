"""``logdoctor rules test``: examples and samples tried, and every rule on healthy logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from logdoctor.cli.options import RulesOption, fail
from logdoctor.cli.rules.options import Format, FormatOption, Paths, library, report


def command(
    paths: Paths = None,
    rules: RulesOption = None,
    healthy: Annotated[
        list[Path] | None,
        typer.Option(
            "--healthy",
            help="A log, or a directory with the logs of one run, in which no rule may find anything; may be repeated.",
            show_default=False,
        ),
    ] = None,
    format: FormatOption = Format.text,
) -> None:
    """Try the examples of rules, the samples of facts and grammars, and all rules on logs of healthy runs.

    Exit status: 0 all as expected, 1 something to mend, 2 bad usage.
    """
    from logdoctor.authoring.examine import examine
    from logdoctor.rulebook.healthy import runs

    for path in healthy or ():
        if not path.exists():
            fail(f"--healthy {path}: no such file or directory")
    tried = examine(library(rules, paths), [*runs(), *(healthy or ())])
    counted = f"{tried.examples} examples, {tried.samples} samples and {tried.runs} healthy runs tried"
    report(tried.problems, format, f"{counted}, {len(tried.problems) or 'nothing'} to mend")
