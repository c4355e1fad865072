"""For Ray: the environment of ``ray start`` on every node, and ``runtime_env`` of a job."""

from __future__ import annotations

import json
from collections.abc import Iterator

from logdoctor.fixes.change import Block, Change
from logdoctor.fixes.quoting import literal
from logdoctor.fixes.shell import commands, exports, limits


def blocks(change: Change) -> Iterator[Block]:
    """What to do on each node; then the same for one job, as far as values are the same everywhere."""
    lines = [*exports(change), *limits(change)]
    if lines:
        port = change.ray_port or "6379"
        again = ["ray stop", f"ray start --head --port={port}      # on a worker: ray start --address=HEAD_IP:{port}"]
        yield Block("on the head and on every worker node, each for itself", "sh", "\n".join([*lines, *again]))
    if settings := dict(change.settings()):
        plain = json.dumps({"env_vars": settings}, ensure_ascii=False)
        yield Block(
            "or for one job, for its tasks and actors (not for what runs before them)",
            "sh",
            f"ray job submit --runtime-env-json {literal(plain)} -- python train.py",
        )
        yield Block("or in the driver", "python", f"ray.init(runtime_env={plain})")
    if options := "\n".join(commands(change)):
        yield Block("options", "sh", options)
