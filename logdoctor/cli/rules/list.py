"""``logdoctor rules list``: all rules, or some."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from logdoctor.cli.options import RulesOption, fail
from logdoctor.cli.rules.options import handbook, terminal, write


class Format(str, enum.Enum):
    """How the list is written."""

    text = "text"
    json = "json"


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD]...", help="Words that must occur in the rule.", show_default=False),
    ] = None,
    component: Annotated[
        str | None, typer.Option("--component", "-c", help="Only rules of this component.", show_default=False)
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option("--layer", "-l", help="Only host, fault, peer, wait, relay or advice.", show_default=False),
    ] = None,
    rules: RulesOption = None,
    format: Annotated[Format, typer.Option("--format", "-f", help="Text for people, JSON for programs.")] = Format.text,
) -> None:
    """List rules, by component: what each recognises, and its causes."""
    from logdoctor.handbook import listing

    book = handbook(rules)
    try:
        found = listing.chosen(book, words or (), component, layer)
    except listing.Unknown as unknown:
        fail(str(unknown))
    if format is Format.json:
        write(listing.as_json(found))
    else:
        color, width = terminal()
        write(listing.as_text(found, color=color, width=width))
