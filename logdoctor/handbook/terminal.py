"""Pages of the handbook in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from logdoctor.handbook.lines import copied
from logdoctor.handbook.page import LAYERS, SUSPECT, Cause, Link, Look, RulePage, SettingPage
from logdoctor.render.drawing import drawn
from logdoctor.safetext import harmless

INDENT = 2
LINES, LOOKS = 4, 3
"""Lines of an example, and examples, that are shown."""
_COLORS = {"error": "red", "warning": "yellow", "info": "cyan"}


def rule(page: RulePage, *, color: bool, width: int) -> str:
    """The page of a rule as text."""
    return _drawn(_rule(page, width), color, width)


def setting(page: SettingPage, *, color: bool, width: int) -> str:
    """The page of a variable or of a flag as text."""
    return _drawn(_setting(page), color, width)


def _drawn(parts: Iterator[RenderableType], color: bool, width: int) -> str:
    text = drawn(parts, color=color, width=width, as_it_is=lambda line: line.no_wrap is True)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _rule(page: RulePage, width: int) -> Iterator[RenderableType]:
    yield _text(page.id, "bold cyan")
    yield _text(page.title, f"bold {_COLORS[page.severity]}")
    yield _text(f"{page.component}, {page.severity}, {page.layer}: {LAYERS[page.layer]}", "dim")
    if page.looks:
        yield from _section("What it looks like", _looks(page.looks[:LOOKS], width - INDENT))
    for number, cause in enumerate(page.causes, 1):
        yield ""
        yield from _cause(cause, number if len(page.causes) > 1 else 0, len(page.causes))
    yield from _section("Recognised by", [_copy(pattern, "dim") for pattern in page.patterns])
    yield from _section("Explains", _links(page.explains))
    yield from _section("Explained by", _links(page.explained_by))
    yield from _section("Sources", [_copy(reference, "dim") for reference in page.references])


def _looks(looks: Sequence[Look], width: int) -> Iterator[RenderableType]:
    for number, look in enumerate(looks):
        if number:
            yield ""
        for line in _around(look):
            telling = bool(look.evidence) and look.evidence in line
            yield _copy(_cut(line, look.evidence if telling else "", width), "" if telling else "dim")


def _cut(line: str, evidence: str, width: int) -> str:
    """At most so many columns of a line: those with the evidence, if they are not the first."""
    line = harmless(line.expandtabs(4))
    if len(line) <= width:
        return line
    start = line.find(evidence) if evidence else 0
    if start + len(evidence) > width - 4:
        line = f"... {line[start:]}"
    return line if len(line) <= width else f"{line[: width - 4]} ..."


def _around(look: Look) -> Sequence[str]:
    """The lines of an example next to the one that shows it."""
    at = next((number for number, line in enumerate(look.lines) if look.evidence in line), 0)
    start = max(0, min(at - 1, len(look.lines) - LINES))
    return look.lines[start : start + LINES]


def _cause(cause: Cause, number: int, count: int) -> Iterator[RenderableType]:
    if number:
        yield Rule(_text(f"{number} of {count}: {cause.id}", "bold"), align="left", style="dim", characters="-")
        yield _text(cause.title, f"bold {_COLORS[cause.severity]}")
        signs = cause.told_by or (("what remains when none of the others holds",) if number == count else ())
        yield from _section("Told by", [_bullet("-", sign) for sign in signs])
    yield from _section("Why", [_inset(cause.why)])
    yield from _section("In a fleet", [_inset(SUSPECT)] if cause.suspect else [])
    yield from _section("Fix", [_inset(cause.fix.summary)] if cause.fix.summary else [])
    lines = [_copy(line) for line in copied(cause.fix)]
    if lines:
        yield ""
        yield from lines
    if cause.fix.steps:
        yield ""
        yield from (_bullet(f"{n}." if len(cause.fix.steps) > 1 else "-", s) for n, s in enumerate(cause.fix.steps, 1))
    yield from _section("Check", [_copy(row) for line in cause.fix.verify for row in line.splitlines()])
    yield from _section(
        "What would decide it",
        [part for m in cause.missing for part in (_bullet("-", f"{m.what}: {m.why}"), _copy(m.how))],
    )


def _setting(page: SettingPage) -> Iterator[RenderableType]:
    setting = page.setting
    yield _text(page.title, "bold cyan")
    yield _text(setting.meaning, "bold")
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in page.rows.items():
        table.add_row(Text(name), Text(harmless(value)))
    yield ""
    yield Padding(table, (0, 0, 0, INDENT))
    yield from _section("Note", [_inset(setting.note)] if setting.note else [])
    yield from _section("Set by the fixes of", _links(page.set_by))
    yield from _section("Looked at by", _links(page.asked_by))
    yield from _section("Sources", [_copy(reference, "dim") for reference in setting.references])


def _section(title: str, parts: Iterator[RenderableType] | Sequence[RenderableType]) -> Iterator[RenderableType]:
    listed = list(parts)
    if listed:
        yield ""
        yield _text(title, "bold green")
        yield from listed


def _links(links: Sequence[Link]) -> list[RenderableType]:
    if not links:
        return []
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for link in links:
        table.add_row(Text(harmless(link.id)), Text(harmless(link.title), "dim"))
    return [Padding(table, (0, 0, 0, INDENT))]


def _text(text: str, style: str = "") -> Text:
    return Text(harmless(text.strip()), style)


def _inset(text: str) -> RenderableType:
    return Padding(_text(text), (0, 0, 0, INDENT))


def _bullet(mark: str, text: str) -> RenderableType:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(style="green", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text(mark), _text(text))
    return Padding(Group(table), (0, 0, 0, INDENT))


def _copy(line: str, style: str = "bold") -> Text:
    """A line to copy: never wrapped."""
    return Text(" " * INDENT + harmless(line.expandtabs(4)), style, no_wrap=True)
