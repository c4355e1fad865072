"""``logdoctor rules``: read the handbook, and write more of it."""

from __future__ import annotations

import typer

from logdoctor.cli.rules import coverage, lint, list, new, schema, show, test

app = typer.Typer(
    help="Read the rules, check them, and write your own.",
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)
app.command("list")(list.command)
app.command("show", context_settings={"ignore_unknown_options": True})(show.command)
app.command("lint")(lint.command)
app.command("test")(test.command)
app.command("new")(new.command)
app.command("schema")(schema.command)
app.command("coverage")(coverage.command)
