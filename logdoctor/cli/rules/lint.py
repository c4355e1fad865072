"""``logdoctor rules lint``: mistakes in rule files, with file and line."""

from __future__ import annotations

from typing import Annotated

import typer

from logdoctor.cli.options import RulesOption, fail
from logdoctor.cli.rules.options import Format, FormatOption, Paths, library, report


def command(
    paths: Paths = None,
    rules: RulesOption = None,
    format: FormatOption = Format.text,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="CHECK", help="Leave a check out; may be repeated.", show_default=False),
    ] = None,
) -> None:
    """Find mistakes in rule files: what the schema, other rules, healthy logs and a shell have to say of them.

    Exit status: 0 nothing found, 1 something to mend, 2 bad usage.
    """
    from difflib import get_close_matches

    from logdoctor.authoring.checks import CHECKS
    from logdoctor.authoring.lint import lint

    for name in ignore or ():
        if name not in CHECKS:
            near = get_close_matches(name, CHECKS, 1)
            fail(f"--ignore {name}: no such check; " + (f"did you mean {near[0]}?" if near else ", ".join(CHECKS)))
    books = library(rules, paths)
    problems = lint(books, frozenset(ignore or ()))
    counted = f"{len(books.checked)} {'file' if len(books.checked) == 1 else 'files'} checked"
    report(problems, format, f"{counted}, {len(problems) or 'nothing'} to mend")
