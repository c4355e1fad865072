"""Jobs as a batch leaves them in its results, made up for tests of the fleet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import fleets

from logdoctor.batch.outcome import Outcome
from logdoctor.batch.store import Store
from logdoctor.model import Actor, Diagnosis, Evidence, Finding, Fix, Flag, Stream
from logdoctor.render.json import document

START = datetime(2026, 5, 4, 6, 0)
KINDS: dict[str | None, tuple[str, str, str]] = {
    None: ("healthy", "", ""),
    "gpu-lost": ("root-cause", "xid-fallen-off-bus", "GPU 0000:5d:00 has fallen off the bus (Xid 79)"),
    "link-down": ("root-cause", "rdma-link-down", "The kernel saw the link of mlx5_0 go down"),
    "cuda-oom": ("root-cause", "cuda-out-of-memory", "GPU 3 is out of memory"),
    "disk-full": ("root-cause", "host-no-space", "No space left on /ckpt/step-1/rank.pt"),
    "exception": ("unknown-failure", "unrecognised-failure", "ValueError: sample 81234 has 0 tokens"),
    "silent": ("consequence-only", "c10d-nccl-rank-absent", "Rank 7 never came to the collective"),
    "kv-cache": ("root-cause", "vllm-kv-cache-too-small", "One request does not fit into the KV cache"),
    "port-taken": ("root-cause", "vllm-http-port-in-use", "The API server's port 8000 is already in use"),
}
"""Kind of failure -> verdict, finding, title."""


def job(
    name: str,
    kind: str | None = None,
    *,
    hosts: Sequence[str] = (),
    guilty: str | None = None,
    device: str | None = None,
    day: float = 0.0,
    ranks: int | None = None,
    gpu_hours: float | None = None,
    versions: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    state: str = "diagnosed",
    said: Mapping[str, str] | None = None,
) -> Outcome:
    """A job that failed in this way; ``said`` replaces texts of its finding: ``title``, ``text``, ``cause``."""
    verdict, id, title = KINDS.get(kind, KINDS["cuda-oom"])
    said = {"title": title, "text": f"{title}!", "cause": f"{title}, because it had to.", **(said or {})}
    time = START + timedelta(days=day)
    settings = {"version": versions or {}, "variable": variables or {}}
    row: dict[str, Any] = {
        "job": name, "paths": [name], "state": state, "reason": None if state == "diagnosed" else "its logs are empty",
        "modified_at": f"{time}", "files": 1, "bytes": 10, "lines": 10, "seconds": 0.1, "inputs": "i", "rulebook": "r",
        "diagnosed_at": f"{time}",
    }  # fmt: skip
    if state != "diagnosed":
        return Outcome(name, state, row["reason"], None, 0, {"jobs": [row]})  # type: ignore[arg-type]
    actors = (Actor(guilty, None, None, device),) if guilty else ()
    evidence = Evidence(f"{name}.log", 7, 7, said["text"], Stream(), None)
    fix = Fix("Do this.", flags=(Flag("--knob", "1", "vllm serve"),), commands=("true   # do",), verify=("true",))
    role = "root-cause" if verdict == "root-cause" else "consequence"
    finding = Finding(
        id, id, said["title"], "test", "error", "fault", role, 0.9, said["cause"], fix, (evidence,), 1, actors
    )
    findings = (finding,) if kind else ()
    row |= {"verdict": verdict, "ranks": ranks, "gpu_hours": gpu_hours, "started_at": f"{time}", "ended_at": f"{time}"}
    if kind:
        mark = f"{id}:{said['title']}" if verdict == "unknown-failure" else id
        row |= {
            "fingerprint": mark, "finding": id, "title": said["title"], "component": "test", "severity": "error",
            "layer": "fault", "confidence": 0.9, "host": guilty, "device": device, "failed_at": f"{time}",
        }  # fmt: skip
    kept = ("finding", "title", "component", "severity", "layer")
    rows: dict[str, list[dict[str, Any]]] = {
        "jobs": [row],
        "findings": [
            {"job": name, "place": 0, **{key: row[key] for key in kept}, "role": role, "confidence": 0.9, "count": 1}
            for _ in findings
        ],
        "evidence": [
            {"job": name, "place": 0, "source": f"{name}.log", "line": 7, "text": said["text"]} for _ in findings
        ],
        "guilty": [{"job": name, "place": 0, **actor._asdict()} for actor in actors],
        "hosts": [{"job": name, "host": host} for host in hosts],
        "settings": [
            {"job": name, "kind": group, "name": key, "value": value}
            for group, named in settings.items()
            for key, value in named.items()
        ],
        "diagnoses": [{"job": name, "diagnosis": json.dumps(document(Diagnosis(verdict, findings)))}],  # type: ignore[arg-type]
    }
    return Outcome(name, "diagnosed", None, verdict, 10, rows)


def planned(fleet: fleets.Fleet) -> list[Outcome]:
    """The jobs of a generated fleet, diagnosed without fault."""
    return [
        job(
            one.name,
            one.fault if one.fault in KINDS else "cuda-oom",
            hosts=one.hosts,
            guilty=one.hosts[one.guilty // fleet.per_host] if one.fault and one.fault not in fleets.FALLOUT else None,
            device="0000:5d:00" if one.fault == "gpu-lost" else None,
            day=(one.begin - START).total_seconds() / 86400,
            ranks=len(one.hosts) * fleet.per_host,
            gpu_hours=None if one.version else len(one.hosts) * fleet.per_host * 0.7,
            versions={"vllm": one.version} if one.version else {"nccl": "2.27.5"},
        )
        for one in fleet.jobs
    ]


def results(path: Path, outcomes: Iterable[Outcome]) -> Path:
    """Results that hold these jobs."""
    with Store(path) as store:
        for outcome in outcomes:
            store.add(outcome)
    return path
