"""A comparison of two runs, for people in a terminal and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from logdoctor.compare import Comparison, Difference, Family
from logdoctor.model import Diagnosis
from logdoctor.render.drawing import drawn
from logdoctor.safetext import harmless

SCHEMA = "logdoctor.comparison/1"
FAMILIES, OTHERS = 15, 10
"""Families of lines, and other facts, that are shown unless all are asked for."""


def as_json(comparison: Comparison) -> str:
    """One JSON object and a newline: ``differences``, ``new`` and ``missing`` as :class:`Comparison` has them, and of
    either run the verdict and the first finding."""
    document = {
        "schema": SCHEMA,
        **{name: [asdict(item) for item in getattr(comparison, name)] for name in ("differences", "new", "missing")},
        **{name: _outcome(getattr(comparison, name)) for name in ("good", "bad")},
    }
    return json.dumps(document, indent=2) + "\n"


def _outcome(diagnosis: Diagnosis) -> dict[str, str | None]:
    first = next(iter(diagnosis.findings), None)
    return {
        "verdict": diagnosis.verdict,
        "id": first.id if first else None,
        "title": first.title if first else None,
    }


def as_text(comparison: Comparison, *, color: bool, width: int, verbose: bool = False) -> str:
    """The comparison as text of at most ``width`` columns; ``verbose`` shows all of it."""
    text = drawn(_parts(comparison, width, verbose), color=color, width=width)
    return "\n".join(line.rstrip() for line in text.split("\n"))


def _parts(comparison: Comparison, width: int, verbose: bool) -> Iterator[RenderableType]:
    if not (comparison.differences or comparison.new or comparison.missing):
        yield Text("The two runs state and say the same.", "bold green")
    for group, members in groupby(comparison.differences, key=lambda difference: difference.group):
        differences = list(members)
        shown = differences if verbose or group != "others" else differences[:OTHERS]
        yield _table(group, shown)
        yield from _more(len(differences) - len(shown))
        yield ""
    yield from _families("New in the bad run", comparison.new, width, verbose)
    yield from _families("Missing from it", comparison.missing, width, verbose)
    for name, diagnosis in (("good", comparison.good), ("bad", comparison.bad)):
        outcome = _outcome(diagnosis)
        said = f"{outcome['verdict']}: {outcome['title']}" if outcome["title"] else outcome["verdict"]
        yield Text(harmless(f"The {name} run by itself: {said}"), "dim")


def _table(group: str, differences: Sequence[Difference]) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for title, style in ((group.capitalize(), ""), ("good", "green"), ("bad", "red")):
        table.add_column(title, overflow="fold", style=style, header_style="bold")
    for difference in differences:
        name = difference.name.partition(".")[2] if difference.group in ("versions", "variables") else difference.name
        values = (harmless(", ".join(side) or "yes") if side else "-" for side in (difference.good, difference.bad))
        table.add_row(Text(harmless(name), "bold"), *map(Text, values))
    return table


def _families(title: str, families: Sequence[Family], width: int, verbose: bool) -> Iterator[RenderableType]:
    if not families:
        return
    shown = families if verbose else families[:FAMILIES]
    yield Text(f"{title}: {len(families):,} {'family' if len(families) == 1 else 'families'} of lines", "bold")
    for family in shown:
        line = Text(f"{family.count:>6,}x  ", "bold")
        line.append(harmless(f"{family.source}:{family.line}  "), "not bold cyan")
        line.append(harmless(family.message.expandtabs(4)).strip(), "not bold")
        line.truncate(max(20, width), overflow="ellipsis")
        line.no_wrap = True
        yield line
    yield from _more(len(families) - len(shown))
    yield ""


def _more(count: int) -> Iterator[RenderableType]:
    if count > 0:
        yield Text(f"  and {count:,} more (--verbose)", "dim")
