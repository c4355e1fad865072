"""The command line. One file a command, no logic; heavy modules are imported by the command that needs them."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from logdoctor import __version__

COMMANDS = ("explain", "diff", "run", "report", "redact", "collect", "batch", "fleet", "query", "rules")
"""Each is a module here: with a function ``command``, or with an ``app`` of further commands."""


class Commands(TyperGroup):
    """Makes a command when it is asked for: to import all of them, and to read their options, takes longer than to
    explain a short log."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            self.commands[cmd_name] = _made(cmd_name)
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS:
            for name in COMMANDS:  # one of them is meant
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)


def _made(name: str) -> Any:
    module = import_module(f"logdoctor.cli.{name}")
    if hasattr(module, "app"):
        command = get_command(module.app)
        command.name = name
        return command
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name, context_settings=getattr(module, "SETTINGS", None))(module.command)
    return get_command(alone)


app = typer.Typer(
    name="logdoctor",
    cls=Commands,
    help="Find the one root cause in the logs of a failed vLLM, Ray, NCCL, gloo, torch.distributed or RDMA run, "
    "and the exact fix.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
