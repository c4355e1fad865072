"""A fix as lines to copy into a shell, each with its remark."""

from __future__ import annotations

from collections.abc import Iterator

from logdoctor.fixes import Syntax, blocks
from logdoctor.model import Fix


def copied(fix: Fix) -> Iterator[str]:
    """The settings, options and commands of a fix."""
    for block in blocks(fix, Syntax.shell):
        yield f"# {block.title}"
        yield from block.text.splitlines()
    for command in fix.commands:
        yield from command.splitlines()
