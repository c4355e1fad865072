"""Generate a fleet: jobs over weeks on some sixty hosts, most of them well, some broken; and say what was planted.

python benchmarks/fleets.py build/fleet               # the logs of 300 jobs, a folder each, and truth.json
python benchmarks/fleets.py build/fleet --jobs 1000 --seed 7

Two nodes are bad: a GPU of one falls off the bus, the link of the other flaps. One cause comes with a version of vLLM.
All else befalls any host alike: faults of healthy machines, users' mistakes, failures whose logs hold only fallout.
The same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import cluster

START = datetime(2026, 5, 4, 6, 0)
SIZES = (4, 4, 4, 6, 8, 8, 12, 16)
"""Hosts of a training job."""
MISTAKES = ("exception", "cuda-oom", "disk-full", "segfault", "other-collective", "other-size", "oom-killed")
"""What users do to their own jobs, and what no node is at fault for."""
FALLOUT = ("silent", "straggler")
"""Failures whose cause is in no log."""
WEAR = {"gpu-lost": 3, "link-down": 0}
"""What befalls nodes, and the rank within the host at which a bad node shows it."""
WORN = 0.04
"""How often a training job fails of a node that is no worse than others."""
OLD, NEW = "0.10.2", "0.11.0"
"""Versions of vLLM; with the new one a cause appears."""
REGRESSION = "vllm-kv-cache-too-small"


@dataclass(frozen=True)
class Job:
    """A job, and what goes wrong with it."""

    name: str
    begin: datetime
    hosts: tuple[str, ...]
    fault: str | None = None
    """A fault of :mod:`cluster` or of :func:`serve`."""
    guilty: int = 0
    """The rank that it befalls."""
    version: str | None = None
    """Of vLLM, where the job serves a model."""


@dataclass(frozen=True)
class Fleet:
    """Jobs, and what was planted among them."""

    seed: int
    jobs: tuple[Job, ...]
    bad: dict[str, str] = field(default_factory=dict)
    """Host -> the fault that befalls its jobs."""
    per_host: int = 4
    """Ranks, and so GPUs, of a host."""


def plan(
    seed: int,
    *,
    jobs: int = 300,
    hosts: int = 60,
    days: int = 42,
    bad: int = 2,
    share: float = 0.4,
    serving: float = 0.3,
    pool: float = 1.0,
) -> Fleet:
    """What happens in a fleet.

    ``share`` is how often a job on a bad node fails of it, ``serving`` the share of jobs that serve a model on one
    host. Every fourth training job runs in the first two racks, and wears its nodes ``pool`` times as much as others:
    it runs longer.
    """
    chance = random.Random(f"fleet {seed}")
    names = [f"gpu-{rack}{number:02d}" for rack in "abcdef" for number in range(1, hosts // 6 + 1)]
    per_host = 4
    broken = dict(zip(chance.sample(names, bad), list(WEAR) * bad, strict=False))
    planned = []
    for number in range(jobs):
        begin = START + timedelta(days=days * (number + chance.random()) / jobs)
        if chance.random() < serving:
            planned.append(_serving(chance, number, begin, days, names))
            continue
        size = chance.choice(SIZES)
        long = pool > 1 and chance.random() < 0.25
        if long:
            chosen = chance.sample(names[: hosts // 3], size)
        elif chance.random() < 0.5:  # neighbours in a rack
            first = chance.randrange(len(names) - size + 1)
            chosen = names[first : first + size]
        else:
            chosen = chance.sample(names, size)
        fault, guilty = _fault(chance, chosen, per_host, broken, share, WORN * (pool if long else 1))
        planned.append(Job(f"train-{number:04d}", begin, tuple(chosen), fault, guilty))
    return Fleet(seed, tuple(planned), broken, per_host)


def _fault(
    chance: random.Random, hosts: list[str], per_host: int, broken: dict[str, str], share: float, worn: float
) -> tuple[str | None, int]:
    """What goes wrong with a training job, and at which rank."""
    for place, host in enumerate(hosts):
        if host in broken and chance.random() < share:
            return broken[host], place * per_host + WEAR[broken[host]]
    anywhere = chance.randrange(len(hosts) * per_host)
    if (dice := chance.random()) < 0.22:
        # mistakes show at the first rank as often as at all others: it is the one that saves, logs and evaluates
        return chance.choice(MISTAKES), 0 if chance.random() < 0.5 else anywhere
    if dice < 0.27:
        return chance.choice(FALLOUT), anywhere
    return (chance.choice(list(WEAR)), anywhere) if dice < 0.27 + worn else (None, 0)


def _serving(chance: random.Random, number: int, begin: datetime, days: int, names: list[str]) -> Job:
    adopted = 0.55 + 0.2 * chance.random()  # not all teams upgrade on one day
    version = NEW if (begin - START).days >= days * adopted else OLD
    dice = chance.random()
    fault = (
        "kv-cache"
        if version == NEW and dice < 0.45
        else "port-taken"
        if dice > 0.93
        else "no-model"
        if dice > 0.86
        else None
    )
    return Job(f"serve-{number:04d}", begin, (chance.choice(names),), fault, 0, version)


class _Run(cluster.Run):
    """A run on hosts with names of their own."""

    names: tuple[str, ...] = ()

    def host(self, rank: int) -> str:
        return self.names[rank // self.per_host]


def logs(fleet: Fleet, job: Job) -> dict[str, str]:
    """The files of a job."""
    if job.version:
        return {f"{job.hosts[0]}.log": "\n".join(serve(job, random.Random(f"{fleet.seed} {job.name}"))) + "\n"}
    ranks = len(job.hosts) * fleet.per_host
    run = _Run(ranks, fleet.per_host, fleet.seed, random.Random(f"{fleet.seed} {job.name}"), begin=job.begin)
    run.names = job.hosts
    cluster.live(run, job.fault, job.guilty, lines=6)
    return cluster.files(run, "host-files")


def serve(job: Job, chance: random.Random) -> Iterator[str]:
    """What vLLM says that serves a model."""
    pid = chance.randrange(2000, 60000)

    def line(seconds: float, file: str, text: str, level: str = "INFO", who: str = "APIServer") -> str:
        when = job.begin + timedelta(seconds=seconds)
        return f"({who} pid={pid + (who != 'APIServer')}) {level} {when:%m-%d %H:%M:%S} [{file}] {text}"

    model = chance.choice(("/models/llama-3-70b", "/models/qwen3-32b", "/models/mistral-small"))
    yield line(0, "api_server.py:1839", f"vLLM API server version {job.version}")
    yield line(
        0,
        "utils.py:233",
        f"non-default args: {{'model_tag': '{model}', 'port': 8000, 'model': '{model}', 'tensor_parallel_size': 4}}",
    )
    if job.fault == "no-model":
        yield from _traceback(
            line,
            3,
            "APIServer",
            "transformers_utils/config.py",
            "get_config",
            f"OSError: Can't load the configuration of '{model}'. If you were trying to load it from 'https://huggingface.co/models', make sure you don't have a local directory with the same name. Otherwise, make sure '{model}' is the correct path to a directory containing a config.json file",
        )
        return
    yield line(6, "__init__.py:742", "Resolved architecture: LlamaForCausalLM")
    yield line(6, "__init__.py:1774", "Using max model len 131072")
    yield line(
        14,
        "core.py:76",
        f"Initializing a V1 LLM engine (v{job.version}) with config: model='{model}', speculative_config=None, tokenizer='{model}', dtype=torch.bfloat16, max_seq_len=131072, tensor_parallel_size=4",
        who="EngineCore_DP0",
    )
    yield line(61, "gpu_model_runner.py:2392", "Model loading took 33.1 GiB and 41.2 seconds", who="EngineCore_DP0")
    room = round(chance.uniform(9.0, 15.5), 2)
    if job.fault == "kv-cache":
        error = f"ValueError: To serve at least one request with the models's max seq len (131072), (16.00 GiB KV cache is needed, which is larger than the available KV cache memory ({room} GiB). Based on the available memory, the estimated maximum model length is {int(room * 8192)}. Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when initializing the engine."
        yield from _traceback(
            line, 92, "EngineCore_DP0", "v1/core/kv_cache_utils.py", "check_enough_kv_cache_memory", error
        )
        yield from _traceback(
            line,
            94,
            "APIServer",
            "v1/engine/utils.py",
            "wait_for_engine_startup",
            "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
        )
        return
    yield line(90, "gpu_worker.py:298", "Available KV cache memory: 31.40 GiB", who="EngineCore_DP0")
    yield line(91, "kv_cache_utils.py:1087", "GPU KV cache size: 411,904 tokens", who="EngineCore_DP0")
    if job.fault == "port-taken":
        yield from _traceback(
            line,
            96,
            "APIServer",
            "entrypoints/openai/api_server.py",
            "create_server_socket",
            "OSError: [Errno 98] Address already in use",
        )
        return
    yield line(97, "api_server.py:1912", "Starting vLLM API server 0 on http://0.0.0.0:8000")
    yield f"(APIServer pid={pid}) INFO:     Started server process [{pid}]"
    yield f"(APIServer pid={pid}) INFO:     Application startup complete."
    for number in range(12):
        yield line(110 + 600 * number, "loggers.py:123", f"Engine 000: Avg prompt throughput: {chance.uniform(200, 900):.1f} tokens/s, Avg generation throughput: {chance.uniform(90, 400):.1f} tokens/s, Running: {chance.randrange(1, 40)} reqs, Waiting: 0 reqs, GPU KV cache usage: {chance.uniform(1, 60):.1f}%, Prefix cache hit rate: 41.0%")  # fmt: skip


def _traceback(line, seconds: float, who: str, file: str, name: str, error: str) -> Iterator[str]:  # type: ignore[no-untyped-def]
    place = f'  File "/opt/venv/lib/python3.12/site-packages/vllm/{file}", line 214, in {name}'
    if who == "APIServer":
        prefix = line(seconds, "x", "").split(" ERROR")[0].split(" INFO")[0] + " "
        yield from (f"{prefix}{text}" for text in ("Traceback (most recent call last):", place, error))
    else:
        said = ("EngineCore failed to start.", "Traceback (most recent call last):", place, error)
        yield from (line(seconds, "core.py:708", text, "ERROR", who) for text in said)


def write(fleet: Fleet, root: Path) -> None:
    """The logs of all jobs, a folder each, with the times that they would have."""
    for job in fleet.jobs:
        folder = root / job.name
        folder.mkdir(parents=True, exist_ok=True)
        ended = (job.begin + timedelta(hours=1)).timestamp()
        for name, text in logs(fleet, job).items():
            (folder / name).write_text(text, encoding="utf-8")
            os.utime(folder / name, (ended, ended))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    fleet = plan(options.seed, jobs=options.jobs)
    write(fleet, options.root)
    print(f"{len(fleet.jobs)} jobs in {options.root}")
    print(
        "planted: "
        + "; ".join(f"{host}: {fault}" for host, fault in fleet.bad.items())
        + f"; {REGRESSION} with vLLM {NEW}"
    )


if __name__ == "__main__":
    main()
