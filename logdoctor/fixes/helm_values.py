"""For ``values.yaml``: of vLLM's production stack, and of KubeRay's ray-cluster chart."""

from __future__ import annotations

from collections.abc import Iterator

from logdoctor.fixes.change import Block, Change
from logdoctor.fixes.k8s import POD_FIELDS, remarks, shm_size
from logdoctor.fixes.quoting import kubernetes


def blocks(change: Change) -> Iterator[Block]:
    """The variables, and what else the charts have fields for."""
    env = list(_env(change))
    if env or change.limits.shm:
        lines = [*(["env:", *(f"  {line}" for line in env)] if env else [])]
        if change.limits.shm:
            lines.append(f"shmSize: {shm_size(change.limits.shm)}")
        body = "\n".join(f"      {line}" for line in lines)
        yield Block("vLLM production stack: every model", "yaml", f"servingEngineSpec:\n  modelSpec:\n    -\n{body}")
    if env:
        body = "\n".join(f"    {line}" for line in env)
        yield Block("ray-cluster chart: head and workers", "yaml", f"common:\n  containerEnv:\n{body}")
    if hints := list(remarks(change)):
        yield Block("in the container's command and args", "sh", "\n".join(hints))


def _env(change: Change) -> Iterator[str]:
    for name, value in change.settings():
        yield f"- name: {name}"
        yield f"  value: {kubernetes(value)}"
    for name, _ in change.computed():
        if name in POD_FIELDS:
            yield f"- name: {name}"
            yield f"  valueFrom: {{fieldRef: {{fieldPath: {POD_FIELDS[name]}}}}}"
    for name in change.unset():
        yield f"# leave out {name}"
