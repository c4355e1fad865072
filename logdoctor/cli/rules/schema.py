"""``logdoctor rules schema``: what the files must look like, for editors and other programs."""

from __future__ import annotations

import enum
from typing import Annotated

import typer


class Kind(str, enum.Enum):
    """What a file of a rules directory holds."""

    rule = "rule"
    facts = "facts"
    formats = "formats"
    env = "env"
    flags = "flags"
    collect = "collect"


def command(
    kind: Annotated[Kind, typer.Argument(help="Which files: rules, facts, line grammars, variables or flags.")],
) -> None:
    """Print the JSON Schema that files of a kind are checked by.

    Editors complete from it: '# yaml-language-server: $schema=rule.schema.json' as the first line of a rule.
    """
    import json

    from logdoctor.rulebook.compile import schema

    typer.echo(json.dumps(schema(kind.value), indent=2))
