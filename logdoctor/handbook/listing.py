"""The table of contents."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from difflib import get_close_matches

from rich.console import Console
from rich.table import Table
from rich.text import Text

from logdoctor.authoring.library import Sheet, texts
from logdoctor.diagnosis.expressions import plain
from logdoctor.handbook.page import Handbook
from logdoctor.model import LAYERS
from logdoctor.safetext import harmless

_COLORS = {"error": "red", "warning": "yellow", "info": "cyan"}


class Unknown(Exception):
    """A filter that nothing can pass; ``str()`` is one sentence."""


def chosen(book: Handbook, words: Sequence[str], component: str | None, layer: str | None) -> list[Sheet]:
    """The rules in which all words occur, of a component and of a layer, by component and id."""
    components = sorted({sheet.content["component"] for sheet in book.rules.values()})
    for option, value, known in (("--component", component, components), ("--layer", layer, LAYERS)):
        if value is not None and value not in known:
            near = get_close_matches(value, known, 1)
            raise Unknown(
                f"{option} {value}: there is none; " + (f"did you mean {near[0]}?" if near else ", ".join(known))
            )
    found = [
        sheet
        for sheet in book.rules.values()
        if component in (None, sheet.content["component"])
        and (layer is None or layer in _layers(sheet))
        and all(_holds(sheet, word) for word in words)
    ]
    return sorted(found, key=lambda sheet: (sheet.content["component"], sheet.content["id"]))


def _layers(sheet: Sheet) -> set[str]:
    return {cause.get("layer", sheet.content["layer"]) for _, cause in sheet.causes()}


def _holds(sheet: Sheet, word: str) -> bool:
    return any(word.lower() in text.lower() for _, text in texts(sheet.content))


def as_text(rules: Sequence[Sheet], *, color: bool, width: int) -> str:
    """A line for each rule."""
    file = io.StringIO()
    console = Console(
        file=file, width=width, force_terminal=color, color_system="standard" if color else None, _environ={}
    )
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for sheet in rules:
        content = sheet.content
        severity = Text(content["severity"], _COLORS[content["severity"]])
        title = Text(harmless(plain(content["title"])))
        causes = len(list(sheet.causes()))
        if causes > 1:
            title.append(f"  ({causes} causes)", "dim")
        table.add_row(Text(content["id"]), severity, Text(content["layer"]), title)
    console.print(table)
    counted = f"{len(rules)} rules" if len(rules) != 1 else "1 rule"
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines()) + f"\n{counted}\n"


def as_json(rules: Sequence[Sheet]) -> str:
    """One object; ``rules`` lists ``id``, ``title``, ``component``, ``severity``, ``layer``, ``causes``, ``path``."""
    listed = [
        {
            "id": sheet.content["id"],
            "title": plain(sheet.content["title"]),
            **{key: sheet.content[key] for key in ("component", "severity", "layer")},
            "causes": [cause["id"] for _, cause in sheet.causes()],
            "path": str(sheet.path),
        }
        for sheet in rules
    ]
    return json.dumps({"schema": "logdoctor.rules/1", "rules": listed}, indent=1, ensure_ascii=False) + "\n"
