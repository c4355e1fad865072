"""For ``docker run``: ``-e``, ``--shm-size``, ``--ulimit``, ``--ipc``."""

from __future__ import annotations

from collections.abc import Iterator

from logdoctor.fixes.change import Block, Change
from logdoctor.fixes.quoting import shell
from logdoctor.fixes.shell import commands


def blocks(change: Change) -> Iterator[Block]:
    """The options to add to ``docker run``, and those of the command in the container."""
    words = [f"-e {name}={shell(value)}" for name, value, *_ in change.variables if value is not None]
    limits = change.limits
    words += [f"--shm-size={shell(limits.shm)}"] * bool(limits.shm) + ["--ipc=host"] * limits.host_ipc
    words += [f"--ulimit {name}={shell(value)}" for name, value in limits.ulimits]
    words += [
        shell(word)
        for option in change.options
        if option.command == "docker run" and not option.drop
        for word in option.words
    ]
    lines = [" \\\n  ".join(["docker run", *words])] if words else []
    lines += [f"# leave out -e {name}" for name in change.unset()]
    if lines:
        yield Block(f"add to docker run{_on(change)}", "sh", "\n".join(lines))
    inside = [line for line in commands(change) if not line.startswith(("docker run", "# docker run"))]
    if inside:
        yield Block("the command in the container", "sh", "\n".join(inside))


def _on(change: Change) -> str:
    return f": {change.where}" if change.where else ""
