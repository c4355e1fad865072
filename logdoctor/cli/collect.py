"""``logdoctor collect``: what a ticket needs from this node, in one archive."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from logdoctor.cli.options import HideOption, MappingOption, QuietOption, RedactOption, fail, redactor, write_mapping

if TYPE_CHECKING:
    from logdoctor.collect import Step


def _bytes(text: str | int) -> int:
    found = re.fullmatch(r"(\d+)\s*([kMG]?)(?:i?B)?", str(text).strip())
    if not found:
        raise typer.BadParameter(f"{text!r} is no size; write 200M or 1G")
    return int(found[1]) << {"": 0, "k": 10, "M": 20, "G": 30}[found[2]]


def command(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]...", help="Files or folders to take along, such as the run's own logs."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The archive to write.", show_default="logdoctor-HOST.tar.gz"),
    ] = None,
    limit: Annotated[
        int,
        typer.Option(
            "--limit",
            parser=_bytes,
            metavar="SIZE",
            help="Take at most so much, before compression.",
            show_default="256M",
        ),
    ] = 256 << 20,
    redact: RedactOption = True,
    hide: HideOption = None,
    mapping: MappingOption = None,
    quiet: QuietOption = False,
) -> None:
    """Gather on this node what a ticket needs: logs of Ray, containers and the kernel, GPUs, networks, versions.

    Whatever of it exists is packed into an archive that `logdoctor explain` reads; what could not be had is listed, and
    stands in MISSING.txt. Nothing is changed on the node, and nothing leaves it. Exit status: 0 written, 2 it could not
    be.
    """
    import socket

    from logdoctor import collect
    from logdoctor.render import words

    if missing := [path for path in paths or () if not Path(path).exists()]:
        fail(f"{missing[0]} does not exist; check the path")
    masking = redactor(redact, hide)
    host = socket.gethostname()
    if masking:
        masking.names.learn(hosts=[host])
    name = masking.text if masking else str
    path = output or Path(f"logdoctor-{name(host).partition('.')[0]}.tar.gz")
    steps = collect.steps(paths or ())
    try:
        with _progress(len(steps), quiet) as done:
            lacking = collect.pack(path, steps, limit, masking.whole if masking else bytes, name, done)
    except OSError as error:
        fail(f"--output {path}: cannot be written: {error.strerror}")
    write_mapping(mapping, masking)
    if not quiet:
        for sentence in lacking:
            typer.echo(f"not had: {sentence}", err=True)
        size = words.size(path.stat().st_size)
        typer.echo(
            f"{path}: {size}, {len(steps) - len(lacking)} of {len(steps)} things; {len(lacking)} not had", err=True
        )
        typer.echo(words.masked(masking.counts if masking else None), err=True)


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Callable[[Step], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda step: bar.update(task, advance=1, description=step.why)
