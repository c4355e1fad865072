"""The fleet for people, in a terminal: on one screen what fails, where, since when, and which job to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import OverflowMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from logdoctor.batch.fleet.model import Cause, Fleet
from logdoctor.fixes.quoting import shell
from logdoctor.render.drawing import drawn
from logdoctor.render.fleet import words
from logdoctor.safetext import harmless

TOP = 10
"""Rows of each part, unless more are asked for."""
STEPS = 22
"""Columns of a trend."""
BARS = {True: " ▁▂▃▄▅▆▇█", False: " .:-=+*#@"}
_COLORS = {"error": "red", "warning": "yellow", "info": "cyan"}


def render(fleet: Fleet, *, color: bool, width: int, top: int | None = None) -> str:
    """The fleet as text of at most ``width`` columns; ``color`` also brings characters that are not ASCII. ``top`` is
    how many rows each part has at most."""
    page = _Page(fleet, color, top or TOP)
    text = drawn(page.parts(), color=color, width=width, as_it_is=lambda line: line.no_wrap is True)
    return "\n".join(line.rstrip() for line in text.split("\n"))


class _Page:
    def __init__(self, fleet: Fleet, color: bool, top: int) -> None:
        self.fleet, self.color, self.top = fleet, color, top
        self.dot = " · " if color else ", "

    def parts(self) -> Iterator[RenderableType]:
        fleet = self.fleet
        yield Text(words.summary(fleet), "bold")
        if said := words.lost(fleet):
            yield Text(said)
        yield from self._section("Root causes", fleet.causes, self._causes)
        if fleet.failed:
            yield from self._nodes()
        yield from self._section("Comes with", fleet.links, self._links)
        if fleet.since:
            yield from self._section(f"New since {fleet.since:%Y-%m-%d %H:%M}", fleet.new, self._new)
        yield from self._section("Unexplained", fleet.unexplained, self._clusters)
        yield from self._section("Not diagnosed", fleet.unreadable, self._unreadable)
        yield from self._how()

    def _section(self, title, rows, draw) -> Iterator[RenderableType]:  # type: ignore[no-untyped-def]
        if not rows:
            return
        yield ""
        yield Text(title, "bold")
        yield Padding(draw(rows[: self.top]), (0, 0, 0, 2))
        if (more := len(rows) - self.top) > 0:
            yield Text(f"  and {more:,} more (--top)", "dim")

    def _causes(self, causes: Sequence[Cause]) -> RenderableType:
        timed = self.fleet.span is not None and self.fleet.span.steps > 1
        head = ["jobs", "share", "GPU-h", *([words.per(self.fleet.span, STEPS)] if timed else []), "", "look at"]
        table = _grid(head, right=3, wide=4 if timed else 3, cut="ellipsis" if self.color else "crop")
        most = max(max(words.merged(cause.trend, STEPS), default=0) for cause in causes)
        for cause in causes:
            spent = words.hours(cause.lost.gpu_hours) if cause.lost.jobs else "-"
            trend = Text("".join(self._bar(count, most) for count in words.merged(cause.trend, STEPS)), "cyan")
            title = Text("new  ", "bold") if cause.new else Text()
            title.append(harmless(cause.title), _COLORS[cause.severity])
            table.add_row(
                Text(f"{cause.jobs:,}", "bold"), Text(f"{cause.share:.0%}"), Text(spent), *([trend] if timed else []),
                title, self._jobs(cause.examples, 1),
            )  # fmt: skip
        return table

    def _bar(self, count: int, most: int) -> str:
        bars = BARS[self.color]
        return bars[-(-count * (len(bars) - 1) // most)] if count else bars[0]

    def _nodes(self) -> Iterator[RenderableType]:
        suspects = self.fleet.nodes.suspects
        yield ""
        yield Text("Bad nodes", "bold")
        table = _grid(None, right=0, wide=1)
        for one in suspects[: self.top]:
            said = [part for part in (words.suspect(one), words.device(one)) if part]
            near = words.neighbours(one)
            text = self._text(self.dot.join(said)).append(f"\n{near}" if near else "", "dim")
            table.add_row(self._text(one.host, "bold red"), text, self._jobs(one.names, 2))
        if suspects:
            yield Padding(table, (0, 0, 0, 2))
        yield Padding(Text(words.tested(self.fleet), "dim" if suspects else ""), (0, 0, 0, 2))

    def _links(self, links) -> RenderableType:  # type: ignore[no-untyped-def]
        table = _grid(None, right=0, wide=1)
        for link in links:
            title = self._text(link.title).append("\n").append(harmless(words.linked(link)), "dim")
            table.add_row(self._text(words.setting(link), "bold yellow"), title, self._jobs(link.names, 1))
        return table

    def _new(self, causes: Sequence[Cause]) -> RenderableType:
        table = _grid(None, right=1, wide=1)
        for cause in causes:
            first = Text(f"{cause.first:%m-%d %H:%M}", "dim")
            table.add_row(
                Text(f"{cause.jobs:,}", "bold"), self._text(cause.title), first, self._jobs(cause.examples, 1)
            )
        return table

    def _clusters(self, clusters) -> RenderableType:  # type: ignore[no-untyped-def]
        table = _grid(None, right=1, wide=1)
        for cluster in clusters:
            table.add_row(
                Text(f"{cluster.jobs:,}", "bold"), self._text(cluster.template), self._jobs(cluster.examples, 1)
            )
        return table

    def _unreadable(self, rows: Sequence[tuple[str, str, str]]) -> RenderableType:
        table = _grid(None, right=0, wide=2)
        for job, state, reason in rows:
            table.add_row(self._text(job, "bold"), Text(state), self._text(reason))
        return table

    def _how(self) -> Iterator[RenderableType]:
        examples = [job for part in (self.fleet.causes, self.fleet.unexplained) for one in part for job in one.examples]
        if examples:
            yield ""
            command = f"logdoctor fleet {shell(self.fleet.results)} --job {shell(examples[0])}"
            yield Text(harmless(command), "bold", no_wrap=True).append("   # its diagnosis and fix", "not bold dim")
            command = f"logdoctor fleet {shell(self.fleet.results)} --format html -o fleet.html"
            yield Text(harmless(command), "bold", no_wrap=True).append(
                "   # every job behind every number", "not bold dim"
            )

    def _jobs(self, names: Sequence[str], shown: int) -> Text:
        return self._text("\n".join(harmless(name) for name in names[:shown]), "cyan")

    def _text(self, text: str, style: str = "") -> Text:
        return Text(harmless(text, keep="\n"), style, overflow="fold")


def _grid(head: Sequence[str] | None, right: int, wide: int, cut: OverflowMethod = "fold") -> Table:
    """A table without lines; the first ``right`` columns hold numbers, the column ``wide`` takes what room there is,
    where it is wrapped, or ``cut``."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=head is not None, header_style="dim")
    for number, name in enumerate(head or [""] * (wide + 2)):
        table.add_column(
            name,
            justify="right" if number < right else "left",
            ratio=1 if number == wide else None,
            overflow=cut if number == wide else "fold",
            no_wrap=number < right or (number == wide and cut != "fold"),
        )
    table.expand = True
    return table
