"""``logdoctor rules show``: a rule, a variable or a flag, as a page to read."""

from __future__ import annotations

from typing import Annotated

import typer

from logdoctor.cli.options import RulesOption, fail
from logdoctor.cli.rules.options import handbook, terminal, write


def command(
    id: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A rule, a cause, an environment variable, or a flag such as --max-model-len."
        ),
    ],
    rules: RulesOption = None,
) -> None:
    """Show what a rule recognises, how its causes are told apart, why each happens, and the fix; or a variable, or a
    flag."""
    from difflib import get_close_matches

    from logdoctor.handbook import terminal as pages

    book = handbook(rules)
    color, width = terminal()
    if rule := book.rule_of(id):
        write(pages.rule(book.rule(rule), color=color, width=width))
    elif id in book.variables:
        write(pages.setting(book.variable(id), color=color, width=width))
    elif flags := book.flags(id) if id.startswith("-") else []:
        write("\n".join(pages.setting(flag, color=color, width=width) for flag in flags))
    elif unread := book.unread.get(id):
        instead = unread.replaced_by or unread.instead
        write(f"{id}: nothing reads a variable of this name{f'; what is meant is {instead}' if instead else ''}\n")
    else:
        names = {name for command in book.commands.values() for name in command.settings}
        near = get_close_matches(id, {*book.rules, *book.causes, *book.variables, *names}, 3, 0.6)
        meant = f"did you mean {' or '.join(near)}?" if near else "'logdoctor rules list TEXT' looks for words"
        fail(f"no rule, cause, variable or flag is called '{id}'; {meant}")
