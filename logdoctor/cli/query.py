"""``logdoctor query``: SQL on the results of a batch."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from logdoctor.cli import options
from logdoctor.cli.batch import RESULTS


class Form(str, enum.Enum):
    """How rows are written."""

    text = "text"
    json = "json"
    csv = "csv"


def command(
    sql: Annotated[
        str, typer.Argument(metavar="SQL", help="A query, as DuckDB takes it; docs/batch.md has the tables.")
    ],
    results: Annotated[Path, typer.Argument(metavar="[RESULTS]", help="What logdoctor batch wrote.")] = RESULTS,
    format: Annotated[Form, typer.Option("--format", "-f", help="A table, JSON lines, or CSV.")] = Form.text,
    path: options.OutputOption = None,
    color: options.ColorOption = options.Color.auto,
) -> None:
    """Ask the results of a batch: logdoctor query "SELECT host, count(*) FROM jobs GROUP BY host ORDER BY 2 DESC".

    The results are opened to be read only.
    """
    from logdoctor.batch.store import ResultsError, ask, connect
    from logdoctor.render import batch as drawn

    output = options.Output(path=path, color=color)
    try:
        with connect(results) as connection:
            columns, rows = ask(connection, sql)
    except ResultsError as error:
        options.fail(str(error))
    output.put(
        drawn.rows_as_json(columns, rows)
        if format is Form.json
        else drawn.rows_as_csv(columns, rows)
        if format is Form.csv
        else drawn.rows_as_text(columns, rows, color=output.coloured, width=options.width())
    )
