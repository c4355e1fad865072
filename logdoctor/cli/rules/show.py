"""``logdoctor rules show``: a rule or a variable, as a page to read."""

from __future__ import annotations

from typing import Annotated

import typer

from logdoctor.cli.options import RulesOption, fail
from logdoctor.cli.rules.options import handbook, terminal, write


def command(
    id: Annotated[str, typer.Argument(metavar="ID", help="A rule, a cause, or an environment variable.")],
    rules: RulesOption = None,
) -> None:
    """Show what a rule recognises, how its causes are told apart, why each happens, and the fix; or a variable."""
    from difflib import get_close_matches

    from logdoctor.handbook import terminal as pages

    book = handbook(rules)
    color, width = terminal()
    if rule := book.rule_of(id):
        write(pages.rule(book.rule(rule), color=color, width=width))
    elif id in book.variables:
        write(pages.variable(book.variable(id), color=color, width=width))
    elif unread := book.unread.get(id):
        instead = unread.replaced_by or unread.instead
        write(f"{id}: nothing reads a variable of this name{f'; what is meant is {instead}' if instead else ''}\n")
    else:
        near = get_close_matches(id, {*book.rules, *book.causes, *book.variables}, 3, 0.6)
        meant = f"did you mean {' or '.join(near)}?" if near else "'logdoctor rules list TEXT' looks for words"
        fail(f"no rule, cause or variable is called '{id}'; {meant}")
