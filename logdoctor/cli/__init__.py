"""The command line. One file a command, no logic; heavy modules are imported by the command that needs them."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from logdoctor import __version__
from logdoctor.cli import batch, collect, diff, explain, fleet, query, redact, report, rules, run

app = typer.Typer(
    name="logdoctor",
    help="Find the one root cause in the logs of a failed vLLM, Ray, NCCL, gloo, torch.distributed or RDMA run, "
    "and the exact fix.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("explain")(explain.command)
app.command("diff")(diff.command)
app.command("run", context_settings={"allow_interspersed_args": False})(run.command)
app.command("report")(report.command)
app.command("redact")(redact.command)
app.command("collect")(collect.command)
app.command("batch")(batch.command)
app.command("fleet")(fleet.command)
app.command("query")(query.command)
app.add_typer(rules.app, name="rules")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"logdoctor {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """The entry point of the ``logdoctor`` command."""
    try:
        app()
    finally:
        gc.disable()  # the process ends: what it leaves need not be looked through for garbage
