"""A fix as lines to copy into a shell, each with its remark."""

from __future__ import annotations

from collections.abc import Iterator

from logdoctor.model import Fix


def copied(fix: Fix) -> Iterator[str]:
    """The settings, options and commands of a fix."""
    for setting in fix.env:
        line = f"unset {setting.name}" if setting.value is None else f"export {setting.name}={setting.value}"
        yield f"{line}   # {setting.where}"
    for flag in fix.flags:
        option = flag.name if flag.value is None else f"{flag.name} {flag.value}"
        yield f"# {flag.of}: drop {option}" if flag.drop else f"{flag.of} {option}"
    for command in fix.commands:
        yield from command.splitlines()
