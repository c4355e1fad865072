"""For Slurm: the job script, and ``srun --export``."""

from __future__ import annotations

from collections.abc import Iterator

from logdoctor.fixes.change import Block, Change
from logdoctor.fixes.quoting import literal, shell
from logdoctor.fixes.shell import ULIMITS, commands


def blocks(change: Change) -> Iterator[Block]:
    """Lines of the job script, before ``srun``; the same as options of ``srun``."""
    settings = list(change.settings())
    lines = [f"export {name}={shell(value)}" for name, value in settings]
    lines += [f"unset {name}" for name in change.unset()]
    lines += [f"ulimit -{ULIMITS.get(name, name)} {_limit(value)}" for name, value in change.limits.ulimits]
    if lines:
        yield Block("the job script, before srun (which hands the environment to every task)", "sh", "\n".join(lines))
    words = [f"--export={literal(_list(settings))}"] if settings else []
    words += ["--propagate=" + ",".join(name.upper() for name, _ in change.limits.ulimits)] * bool(
        change.limits.ulimits
    )
    if words:
        yield Block("or as options of srun", "sh", " ".join(["srun", *words, "python train.py"]))
    if computed := list(change.computed()):
        script = "; ".join([*(f'export {name}="{value}"' for name, value in computed), 'exec "$0" "$@"'])
        yield Block("worked out on each node", "sh", f"srun sh -c {literal(script)} python train.py")
    if options := "\n".join(commands(change)):
        yield Block("options", "sh", options)


def _limit(value: str) -> str:
    return "unlimited" if value == "-1" else shell(value)


def _list(settings: list[tuple[str, str]]) -> str:
    """``ALL,NAME=value``; a value with a comma stands in single quotes, as Slurm wants it."""
    return ",".join(["ALL", *(f"{name}='{value}'" if "," in value else f"{name}={value}" for name, value in settings)])
