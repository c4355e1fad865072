"""For Kubernetes: ``kubectl set env``, and patches for Deployments, LeaderWorkerSets and RayClusters.

Deployments take a strategic merge patch, which finds the container by its name. Custom resources take none: for those
it is a JSON patch that appends to the lists of the first container, of head (leader) and workers alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from logdoctor.fixes.change import Block, Change
from logdoctor.fixes.quoting import literal, yaml

POD_FIELDS = {"VLLM_HOST_IP": "status.podIP", "VLLM_NIXL_SIDE_CHANNEL_HOST": "status.podIP", "POD_IP": "status.podIP"}
"""Variables that hold what Kubernetes knows of the pod."""
_LEADER, _WORKER = "/spec/leaderWorkerTemplate/leaderTemplate/spec", "/spec/leaderWorkerTemplate/workerTemplate/spec"
_RAY_HEAD, _RAY_WORKER = "/spec/headGroupSpec/template/spec", "/spec/workerGroupSpecs/0/template/spec"


def blocks(change: Change) -> Iterator[Block]:
    """A ``kubectl set env`` line, then a patch for each kind of workload."""
    pairs = [f"{name}={literal(_escaped(value))}" for name, value in change.settings()]
    pairs += [f"{name}-" for name in change.unset()]
    if pairs:
        line = " ".join(["kubectl set env deployment/NAME", *pairs])
        yield Block("variables of a Deployment (or statefulset/NAME, daemonset/NAME)", "sh", line)
    if variables(change) or change.limits.shm or change.limits.host_ipc:
        yield Block("a Deployment: kubectl patch deployment NAME --patch-file patch.yaml", "yaml", _deployment(change))
        for kind, command, paths in (
            ("a LeaderWorkerSet, leader and workers", "leaderworkerset", (_LEADER, _WORKER)),
            ("a RayCluster, head and first worker group", "raycluster", (_RAY_HEAD, _RAY_WORKER)),
        ):
            steps = [json.dumps(step, ensure_ascii=False) for path in paths for step in _steps(path, change)]
            patch = "[\n" + ",\n".join(steps) + "\n]"
            yield Block(kind, "sh", f"kubectl patch {command} NAME --type=json -p {literal(patch)}")
    if hints := list(remarks(change)):
        yield Block("in the container's command and args", "sh", "\n".join(hints))


def variables(change: Change) -> list[dict[str, Any]]:
    """The entries of ``env`` of a container."""
    entries: list[dict[str, Any]] = [{"name": name, "value": _escaped(value)} for name, value in change.settings()]
    entries += [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": POD_FIELDS[name]}}}
        for name, _ in change.computed()
        if name in POD_FIELDS
    ]
    return entries


def remarks(change: Change) -> Iterator[str]:
    """What no field of a pod can say: values that a shell works out, and options of commands."""
    for name, value in change.computed():
        if name not in POD_FIELDS:
            yield f'export {name}="{value}"   # sh -c, before the command; in head and workers'
    for option in change.options:
        yield f"# {option.command}: {'drop' if option.drop else 'add'} {' '.join(option.words)}"
    for name, value in change.limits.ulimits:
        yield f"# {name}={value}: no field of a pod; the container runtime's own limit on the node (LimitMEMLOCK=)"


def shm_size(text: str) -> str:
    """Docker's ``16g`` as Kubernetes writes it: ``16Gi``."""
    return text[:-1] + text[-1].upper() + "i" if text[-1:].lower() in ("k", "m", "g", "t") else text


def _escaped(value: str) -> str:
    """``$(NAME)`` refers to another variable in a pod; ``$$(`` does not."""
    return value.replace("$(", "$$(")


def _deployment(change: Change) -> str:
    lines = ["spec:", "  template:", "    spec:"]
    if change.limits.host_ipc:
        lines.append("      hostIPC: true")
    lines += ["      containers:", "        - name: CONTAINER"]
    if entries := variables(change):
        lines.append("          env:")
        for entry in entries:
            lines.append(f"            - name: {entry['name']}")
            if "value" in entry:
                lines.append(f"              value: {yaml(entry['value'])}")
            else:
                path = entry["valueFrom"]["fieldRef"]["fieldPath"]
                lines.append(f"              valueFrom: {{fieldRef: {{fieldPath: {path}}}}}")
    if change.limits.shm:
        lines += ["          volumeMounts:", "            - {name: shm, mountPath: /dev/shm}", "      volumes:"]
        lines += [
            "        - name: shm",
            f"          emptyDir: {{medium: Memory, sizeLimit: {shm_size(change.limits.shm)}}}",
        ]
    return "\n".join(lines)


def _steps(spec: str, change: Change) -> Iterator[dict[str, Any]]:
    """The steps of a JSON patch for one pod template. A list that a template lacks is made by adding it whole."""
    for entry in variables(change):
        yield {"op": "add", "path": f"{spec}/containers/0/env/-", "value": entry}
    if change.limits.host_ipc:
        yield {"op": "add", "path": f"{spec}/hostIPC", "value": True}
    if change.limits.shm:
        memory = {"medium": "Memory", "sizeLimit": shm_size(change.limits.shm)}
        yield {
            "op": "add",
            "path": f"{spec}/containers/0/volumeMounts/-",
            "value": {"name": "shm", "mountPath": "/dev/shm"},
        }
        yield {"op": "add", "path": f"{spec}/volumes/-", "value": {"name": "shm", "emptyDir": memory}}
