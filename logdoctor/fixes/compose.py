"""For ``compose.yaml``: ``environment``, ``shm_size``, ``ulimits``, ``ipc``."""

from __future__ import annotations

from collections.abc import Iterator

from logdoctor.fixes.change import Block, Change, Option
from logdoctor.fixes.quoting import compose


def blocks(change: Change) -> Iterator[Block]:
    """What to add to each service."""
    lines = []
    if settings := list(change.settings()):
        lines += ["environment:", *(f"  {name}: {compose(value)}" for name, value in settings)]
    lines += [f"# leave {name} out of environment" for name in change.unset()]
    if change.limits.shm:
        lines.append(f"shm_size: {compose(change.limits.shm)}")
    if change.limits.host_ipc:
        lines.append("ipc: host")
    if change.limits.ulimits:
        lines += ["ulimits:", *(f"  {name}: {value}" for name, value in change.limits.ulimits)]
    if computed := list(change.computed()):
        exports = "; ".join(f'export {name}="{value}"' for name, value in computed)
        script = compose(exports + '; exec "$0" "$@"')
        lines.append("# worked out when the container starts; `command:` stays as it is")
        lines.append(f"entrypoint: [sh, -c, {script}]")
    lines += [_remark(option) for option in change.options]
    if lines:
        body = "\n".join(f"    {line}" for line in lines)
        yield Block(
            f"compose.yaml, each service ({change.where or 'head and workers'})",
            "yaml",
            f"services:\n  SERVICE:\n{body}",
        )


def _remark(option: Option) -> str:
    words = " ".join(option.words)
    return f"# {option.command}: drop {words}" if option.drop else f"# add to command ({option.command}): {words}"
