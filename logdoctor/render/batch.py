"""What a batch did, what changed between two results, and answers to queries: for a terminal and for programs."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from logdoctor.batch.changes import Changes, Said
from logdoctor.batch.summary import Summary
from logdoctor.render.drawing import drawn
from logdoctor.safetext import harmless

SUMMARY, CHANGES = "logdoctor.batch/1", "logdoctor.batch-changes/1"
UNDONE, MOVES, JOBS = 10, 20, 20
"""Jobs without a diagnosis, kinds of change, and jobs of one kind that are named in text."""


def summary_as_json(summary: Summary) -> str:
    """One JSON object and a newline."""
    document = {
        "schema": SUMMARY,
        "results": str(summary.results),
        "jobs": summary.jobs,
        "read": summary.read,
        "unchanged": summary.unchanged,
        "bytes": summary.bytes,
        "seconds": round(summary.seconds, 3),
        "stopped": summary.stopped,
        "states": dict(summary.states),
        "undone": [undone._asdict() for undone in summary.undone],
        "verdicts": summary.verdicts,
        "causes": [cause._asdict() for cause in summary.causes],
    }
    return json.dumps(document, indent=2) + "\n"


def summary_as_text(summary: Summary, *, color: bool, width: int) -> str:
    """A few lines of at most ``width`` columns."""
    return drawn(_summary(summary), color=color, width=width)


def _summary(summary: Summary) -> Iterator[RenderableType]:
    rate = f", {summary.read / summary.seconds:.0f} a second" if summary.seconds > 1 and summary.read else ""
    told = [f"{summary.read:,} of {_jobs(summary.jobs)} read in {summary.seconds:.1f} s{rate}"]
    told += [f"{summary.unchanged:,} unchanged"] if summary.unchanged else []
    yield Text("; ".join(told), "bold")
    if summary.verdicts:
        yield Text("In the results: " + ", ".join(f"{jobs:,} {verdict}" for verdict, jobs in summary.verdicts.items()))
    if summary.causes:
        yield ""
        table = _table(("jobs", "right"), ("cause", "left"), ("", "left"))
        for cause in summary.causes:
            table.add_row(f"{cause.jobs:,}", Text(harmless(cause.title)), Text(harmless(cause.fingerprint), "dim"))
        yield table
    if summary.undone:
        count = sum(jobs for state, jobs in summary.states.items() if state != "diagnosed")
        yield ""
        yield Text(f"{_jobs(count)} could not be read, or not in full", "bold yellow")
        for undone in summary.undone[:UNDONE]:
            yield Text(harmless(f"  {undone.job} ({undone.state}): {undone.reason}"))
        if count > UNDONE:
            yield Text(
                f"  and {count - UNDONE:,} more: SELECT job, state, reason FROM jobs WHERE reason IS NOT NULL", "dim"
            )
    yield ""
    name = harmless(str(summary.results))
    if summary.stopped:
        yield Text(f"Stopped; what was done is kept. The same command with --resume goes on with {name}.", "bold")
    yield Text(f"logdoctor fleet {name}   # the whole picture", "dim")


def changes_as_json(changes: Changes) -> str:
    """One JSON object and a newline."""
    document = {
        "schema": CHANGES,
        **{name: str(getattr(changes, name)) for name in ("old", "new")},
        "rulebooks": dict(zip(("old", "new"), changes.rulebooks, strict=True)),
        "same": changes.same,
        "changed": [
            {"job": change.job, "old": change.old._asdict(), "new": change.new._asdict()} for change in changes.changed
        ],
        "gone": changes.gone,
        "added": changes.added,
    }
    return json.dumps(document, indent=2) + "\n"


def changes_as_text(changes: Changes, *, color: bool, width: int) -> str:
    """What changed: kinds of change, the most frequent first, each with its jobs."""
    return drawn(_changes(changes), color=color, width=width)


def _changes(changes: Changes) -> Iterator[RenderableType]:
    if not changes:
        yield Text(f"{_jobs(changes.same)}, all with the same diagnosis", "bold green")
        return
    yield Text(f"{_jobs(len(changes.changed))} with another diagnosis, {changes.same:,} with the same", "bold")
    moves = Counter((_name(change.old), _name(change.new)) for change in changes.changed)
    for (before, after), count in moves.most_common(MOVES):
        jobs = [change.job for change in changes.changed if (_name(change.old), _name(change.new)) == (before, after)]
        yield ""
        yield Text.assemble((f"{count:,}x ", "bold"), harmless(before), " -> ", (harmless(after), "bold"))
        yield Text(f"    {_some(jobs)}", "dim")
    if len(moves) > MOVES:
        yield Text(f"and {len(moves) - MOVES:,} more kinds of change: --format json has all", "dim")
    for title, names in (("Only in the old results", changes.gone), ("Only in the new ones", changes.added)):
        if names:
            yield ""
            yield Text(f"{title}: {_jobs(len(names))}", "bold")
            yield Text(f"    {_some(names)}", "dim")


def _name(said: Said) -> str:
    return said.fingerprint or said.verdict or said.state


def _some(jobs: Sequence[str]) -> str:
    more = f" and {len(jobs) - JOBS:,} more" if len(jobs) > JOBS else ""
    return harmless(", ".join(jobs[:JOBS])) + more


def rows_as_text(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, color: bool, width: int) -> str:
    """The answer to a query as a table."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    kept = list(rows)
    for place, column in enumerate(columns):
        numeric = any(isinstance(row[place], int | float) for row in kept)
        table.add_column(Text(harmless(column)), justify="right" if numeric else "left", overflow="fold")
    for row in kept:
        table.add_row(*(Text(harmless("" if value is None else str(value))) for value in row))
    return drawn([table], color=color, width=width)


def rows_as_json(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The answer to a query: an object for each row, one a line."""
    return "".join(json.dumps(dict(zip(columns, row, strict=True)), default=str) + "\n" for row in rows)


def rows_as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The answer to a query, with a line of names."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _jobs(count: int) -> str:
    return f"{count:,} job{'s' * (count != 1)}"


def _table(*columns: tuple[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for title, side in columns:
        table.add_column(title, justify=side, header_style="bold", overflow="fold")
    return table
