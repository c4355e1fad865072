"""The fleet as Markdown, for a weekly report or a ticket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from logdoctor import __version__
from logdoctor.batch.fleet.model import Fleet
from logdoctor.render.fleet import words
from logdoctor.render.fleet.text import BARS, STEPS
from logdoctor.render.markdown import code, plain

TOP = 20
"""Rows of each table, unless others are asked for."""


def render(fleet: Fleet, top: int | None = None) -> str:
    """The fleet as one page of GitHub's Markdown; whatever comes from logs means nothing but itself."""
    return "\n".join(_page(fleet, top or TOP)).rstrip() + "\n"


def _page(fleet: Fleet, top: int) -> Iterator[str]:
    yield from (f"# {plain(words.summary(fleet))}", "")
    if said := words.lost(fleet):
        yield from (said, "")
    yield from _table(
        "Root causes",
        ("jobs", "share", "GPU-hours", words.per(fleet.span, STEPS) or "trend", "what", "look at"),
        (
            (
                f"{cause.jobs:,}",
                f"{cause.share:.0%}",
                words.hours(cause.lost.gpu_hours) if cause.lost.jobs else "",
                _trend(list(words.merged(cause.trend, STEPS))),
                f"{'**new** ' if cause.new else ''}{plain(cause.title)} ({code(cause.finding)})",
                _jobs(cause.examples),
            )
            for cause in fleet.causes
        ),
        top,
    )
    if fleet.failed:
        yield from ("## Bad nodes", "", words.tested(fleet), "")
    yield from _table(
        "",
        ("host", "what speaks against it", "device", "look at"),
        (
            (
                f"**{plain(one.host)}**",
                "; ".join(filter(None, (words.suspect(one), words.neighbours(one)))),
                plain(words.device(one)),
                _jobs(one.names),
            )
            for one in fleet.nodes.suspects
        ),
        top,
    )
    yield from _table(
        "Comes with",
        ("version or variable", "what", "how often", "look at"),
        (
            (code(words.setting(one)), plain(one.title), plain(words.linked(one)), _jobs(one.names))
            for one in fleet.links
        ),
        top,
    )
    yield from _table(
        f"New since {fleet.since:%Y-%m-%d %H:%M}" if fleet.since else "",
        ("jobs", "what", "first seen", "look at"),
        ((f"{one.jobs:,}", plain(one.title), f"{one.first:%Y-%m-%d %H:%M}", _jobs(one.examples)) for one in fleet.new),
        top,
    )
    yield from _table(
        "Unexplained",
        ("jobs", "what", "look at"),
        ((f"{one.jobs:,}", plain(one.template), _jobs(one.examples)) for one in fleet.unexplained),
        top,
    )
    yield from _table(
        "Not diagnosed",
        ("job", "state", "why"),
        ((code(job), state, plain(reason)) for job, state, reason in fleet.unreadable),
        top,
    )
    yield f"By logdoctor {__version__} from {code(fleet.results)}."
    yield "The diagnosis of a job: `logdoctor fleet RESULTS --job NAME`."


def _trend(counts: Sequence[int]) -> str:
    most, bars = max(counts, default=0), BARS[True]
    drawn = "".join(bars[-(-count * (len(bars) - 1) // most)] if count else "·" for count in counts)
    return code(drawn) if most else ""


def _jobs(names: Sequence[str]) -> str:
    return ", ".join(map(code, names[:2]))


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], top: int) -> Iterator[str]:
    rows = list(rows)
    if not rows:
        return
    if title:
        yield from (f"## {title}", "")
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    yield from (f"| {' | '.join(row)} |" for row in rows[:top])
    if len(rows) > top:
        yield from ("", f"… and {len(rows) - top:,} more")
    yield ""
