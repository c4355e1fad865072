"""For systemd: a drop-in of the unit (``systemctl edit``)."""

from __future__ import annotations

from collections.abc import Iterator

from logdoctor.fixes.change import Block, Change
from logdoctor.fixes.quoting import systemd, systemd_exec
from logdoctor.fixes.shell import commands


def blocks(change: Change) -> Iterator[Block]:
    """A ``[Service]`` section, and what to run after saving it."""
    lines = [f"Environment={systemd(f'{name}={value}')}" for name, value in change.settings()]
    lines += [f"UnsetEnvironment={name}" for name in change.unset()]
    lines += [f"Limit{name.upper()}={'infinity' if value == '-1' else value}" for name, value in change.limits.ulimits]
    if computed := list(change.computed()):
        script = "; ".join(f'echo "{name}={value}"' for name, value in computed)
        lines.append(f"ExecStartPre=/bin/sh -c {systemd_exec(f'({script}) > /run/vllm.env')}")
        lines.append("EnvironmentFile=-/run/vllm.env")
    if lines:
        yield Block("sudo systemctl edit UNIT, on every node", "ini", "\n".join(["[Service]", *lines]))
        yield Block("then", "sh", "sudo systemctl daemon-reload\nsudo systemctl restart UNIT")
    if options := "\n".join(commands(change)):
        yield Block("options of the command in ExecStart", "sh", options)
