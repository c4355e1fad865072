"""For a shell: ``export`` and ``ulimit`` before the command, options behind it."""

from __future__ import annotations

from collections.abc import Iterator

from logdoctor.fixes.change import Block, Change
from logdoctor.fixes.quoting import shell

ULIMITS = {"memlock": "l", "nofile": "n", "nproc": "u", "stack": "s", "core": "c"}
"""Name of a limit -> the option of ``ulimit`` that sets it."""


def blocks(change: Change) -> Iterator[Block]:
    """``export`` lines, limits, and the commands with their options."""
    lines = [*exports(change), *limits(change), *commands(change)]
    if lines:
        yield Block(change.where or "where the processes are started", "sh", "\n".join(lines))


def exports(change: Change) -> Iterator[str]:
    """A line for each variable."""
    for name, value, *_ in change.variables:
        yield f"unset {name}" if value is None else f"export {name}={shell(value)}"


def limits(change: Change) -> Iterator[str]:
    """A line for each limit."""
    for name, value in change.limits.ulimits:
        yield f"ulimit -{ULIMITS.get(name, name)} {'unlimited' if value == '-1' else shell(value)}"
    if change.limits.shm:
        yield f"mount -o remount,size={shell(change.limits.shm)} /dev/shm   # as root; in a container: --shm-size"


def commands(change: Change) -> Iterator[str]:
    """A line for each command, with the options that it is to get."""
    for command, options in change.commands():
        words = [shell(word) for option in options if not option.drop for word in option.words]
        if words:
            yield " ".join([command, *words])
        for option in options:
            if option.drop:
                yield f"# {command}: drop {' '.join(option.words)}"
