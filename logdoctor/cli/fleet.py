"""``logdoctor fleet``: what many jobs say together."""

from __future__ import annotations

import enum
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logdoctor.cli import options
from logdoctor.cli.batch import RESULTS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Form(str, enum.Enum):
    """How the fleet, or a job of it, is written."""

    text = "text"
    html = "html"
    json = "json"
    csv = "csv"
    markdown = "markdown"


class Table(str, enum.Enum):
    """A table of the fleet."""

    causes = "causes"
    nodes = "nodes"
    links = "links"
    unexplained = "unexplained"
    unreadable = "unreadable"


def _since(text: str | datetime | timedelta) -> datetime | timedelta:
    if not isinstance(text, str):
        return text
    if found := re.fullmatch(r"(\d+)\s*([hdw])", text.strip()):
        return int(found[1]) * {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}[found[2]]
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write 2026-05-01, 2026-05-01T09:00 or 12h, 7d, 2w") from None
    return moment.astimezone(timezone.utc).replace(tzinfo=None) if moment.tzinfo else moment


def command(
    results: Annotated[Path, typer.Argument(metavar="[RESULTS]", help="What logdoctor batch wrote.")] = RESULTS,
    form: Annotated[
        Form, typer.Option("--format", "-f", help="Text or a page for people, the rest for programs.")
    ] = Form.text,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file instead.", show_default=False)
    ] = None,
    since: Annotated[
        Any,
        typer.Option(
            "--since",
            parser=_since,
            metavar="TIME",
            help="What is first seen from then on is new: 2026-05-01, or 7d before the last job; else the last tenth.",
            show_default=False,
        ),
    ] = None,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="Rows of each part, in text and Markdown.", show_default=False)
    ] = None,
    table: Annotated[Table, typer.Option("--table", help="What CSV holds.")] = Table.causes,
    job: Annotated[
        str | None, typer.Option("--job", help="Show the diagnosis of this job, as explain does.", show_default=False)
    ] = None,
    rules: options.RulesOption = None,
    color: options.ColorOption = options.Color.auto,
    syntax: options.ForOption = None,
    verbose: options.VerboseOption = False,
) -> None:
    """Show what many jobs say together: root causes with their trend, bad nodes, what comes with a version or a
    variable, what is new, and what nothing explains. From every number a job can be reached.

    Exit status: 0 shown, 2 bad usage, or results that cannot be read.
    """
    from logdoctor.batch.store import ResultsError, connect

    out = options.Output(options.Format.text, output, color, verbose, top, syntax=syntax)
    try:
        connection = connect(results)
    except ResultsError as error:
        options.fail(str(error))
    with connection:
        text = (
            _fleet(connection, results, form, since, top, table, rules, out)
            if job is None
            else _job(connection, job, form, out)
        )
    out.put(text)
    raise typer.Exit(2 if out.failures else 0)


def _fleet(
    connection: DuckDBPyConnection,
    results: Path,
    form: Form,
    since: datetime | timedelta | None,
    top: int | None,
    table: Table,
    rules: list[Path] | None,
    out: options.Output,
) -> str:
    from logdoctor.batch import fleet

    view = fleet.view(connection, options.load_rules(rules, out).suspects, str(results), since)
    if form is Form.json:
        from logdoctor.render.fleet import json

        return json.render(view)
    if form is Form.csv:
        from logdoctor.render.fleet import csv

        return csv.render(view, table.value)
    if form is Form.markdown:
        from logdoctor.render.fleet import markdown

        return markdown.render(view, top)
    if form is Form.html:
        from logdoctor.render.fleet import html

        return html.render(view, fleet.details(connection))
    from logdoctor.render.fleet import text

    return text.render(view, color=out.coloured, width=options.width(), top=top)


def _job(connection: DuckDBPyConnection, job: str, form: Form, out: options.Output) -> str:
    """The diagnosis of one job, as it was stored."""
    import json

    from logdoctor import render
    from logdoctor.batch.fleet import diagnosis_of, near
    from logdoctor.render import stored, text
    from logdoctor.safetext import harmless

    document = diagnosis_of(connection, job)
    if document is None:
        alike = near(connection, job)
        meant = f"; did you mean {' or '.join(map(harmless, alike))}?" if alike else ""
        options.fail(f"--job {harmless(job)}: no diagnosis of such a job is in the results{meant}")
    if form is Form.csv:
        options.fail("--format csv: a diagnosis is no table; use text, json, markdown or html")
    if form is Form.json:
        return json.dumps(document, indent=2) + "\n"
    diagnosis = stored.diagnosis(document)
    if form is not Form.text:
        return render.render(form.value, diagnosis, out.syntax)
    return text.render(
        diagnosis, color=out.coloured, width=options.width(), verbose=out.verbose, top=out.top, syntax=out.syntax
    )
