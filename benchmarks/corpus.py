"""Write a log as a serving cluster does, healthy or with failures at a given rate; the same arguments, the same bytes.

python benchmarks/corpus.py OUT --megabytes 1000 --failures 1e-6
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from pathlib import Path

Line = Callable[[random.Random, int], str]


def _clock(step: int) -> str:
    return f"05-01 {step // 3600 % 24:02d}:{step // 60 % 60:02d}:{step % 60:02d}"


HEALTHY: tuple[tuple[float, Line], ...] = (
    (0.40, lambda r, n: f'(APIServer pid=1) INFO:     10.0.{r.randrange(256)}.{r.randrange(256)}:{r.randrange(1024, 65536)} - "POST /v1/chat/completions HTTP/1.1" 200 OK'),
    (0.10, lambda r, n: f'(APIServer pid=1) INFO:     10.0.0.{r.randrange(256)}:{r.randrange(1024, 65536)} - "GET /health HTTP/1.1" 200 OK'),
    (0.15, lambda r, n: f"(APIServer pid=1) INFO {_clock(n)} [loggers.py:123] Engine 000: Avg prompt throughput: {r.randrange(9999)}.1 tokens/s, Avg generation throughput: {r.randrange(1, 999)}.3 tokens/s, Running: {r.randrange(50)} reqs, Waiting: 0 reqs, GPU KV cache usage: {r.randrange(90)}.4%, Prefix cache hit rate: 0.0%"),
    (0.10, lambda r, n: f"[2026-05-01 09:14:33,{n % 1000:03d} I 1234 1301] (raylet) node_manager.cc:585: Leasing worker {r.getrandbits(64):016x} to task {n}"),
    (0.10, lambda r, n: f"step {n}: loss {r.random():.4f} | lr 1.0e-04 | grad norm {r.random():.3f} | {r.randrange(20000)} tokens/s"),
    (0.05, lambda r, n: f"node{r.randrange(8)}:411:{r.randrange(400, 500)} [{n % 8}] NCCL INFO Channel {n % 32:02d}/0 : {n % 8}[{n % 8}] -> {(n + 1) % 8}[{(n + 1) % 8}] via P2P/CUMEM/read"),
    (0.05, lambda r, n: f"(RayWorkerWrapper pid={r.randrange(1000, 9999)}, ip=10.41.0.{r.randrange(2, 250)}) INFO {_clock(n)} [model_runner.py:{r.randrange(2000)}] Processed batch {n}"),
    (0.05, lambda r, n: f"2026-05-01 09:14:33,{n % 1000:03d} - trainer - WARNING - batch {n} was padded from {r.randrange(4096)} to 4096 tokens"),
)  # fmt: skip

FAILING: tuple[Line, ...] = (
    lambda r, n: f"node{r.randrange(8)}:411:437 [3] misc/socket.cc:58 NCCL WARN socketProgress: Connection closed by remote peer node{r.randrange(8)}<{r.randrange(1024, 65536)}>",
    lambda r, n: f"(EngineCore_DP0 pid=77) ERROR {_clock(n)} [core.py:708] EngineCore encountered a fatal error.",
    lambda r, n: f"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate {r.randrange(2, 900)}.00 MiB. GPU {n % 8} has a total capacity of 79.10 GiB of which {r.randrange(900)}.00 MiB is free.",
    lambda r, n: f"[rank{n % 64}]:[E501 09:14:33.123456789 ProcessGroupNCCL.cpp:632] [Rank {n % 64}] Watchdog caught collective operation timeout: WorkNCCL(SeqNum={n}, OpType=ALLREDUCE, NumelIn=1024, NumelOut=1024, Timeout(ms)=600000) ran for 600042 milliseconds before timing out.",
    lambda r, n: f"[2026-05-01 09:14:33,{n % 1000:03d} E 1234 1301] (raylet) worker_pool.cc:586: Some workers of the worker process({r.randrange(9999)}) have not registered within the timeout.",
    lambda r, n: f"(RayWorkerWrapper pid={r.randrange(1000, 9999)}, ip=10.41.0.{r.randrange(2, 250)}) RuntimeError: Gloo connectFullMesh failed with [../third_party/gloo/gloo/transport/tcp/pair.cc:144] timed out connecting: SO_ERROR: Connection refused, remote=[10.41.0.{r.randrange(2, 250)}]:{r.randrange(1024, 65536)}",
    lambda r, n: f"node{r.randrange(8)}:411:437 [{n % 8}] transport/net_ib.cc:1295 NCCL WARN NET/IB : Got completion from peer 10.41.0.{r.randrange(250)}<{r.randrange(65536)}> with status=12 opcode=0 len=0 vendor err 129 (Send)",
    lambda r, n: f"[{r.randrange(99999)}.{r.randrange(999999):06d}] NVRM: Xid (PCI:0000:{r.randrange(16):02x}:00): 79, pid={r.randrange(9999)}, name=python, GPU has fallen off the bus.",
    lambda r, n: f"Traceback (most recent call last):\n  File \"/opt/app/train.py\", line {r.randrange(900)}, in step\n    loss.backward()\nRuntimeError: shape '[{n % 64}, 4096]' is invalid for input of size {r.randrange(99999)}",
    lambda r, n: f"(EngineCore_DP0 pid=77) ERROR {_clock(n)} [core.py:700] Traceback (most recent call last):\n(EngineCore_DP0 pid=77) ERROR {_clock(n)} [core.py:700]   File \"/opt/vllm/v1/engine/core.py\", line 691, in run_engine_core\n(EngineCore_DP0 pid=77) ERROR {_clock(n)} [core.py:700] ValueError: request {r.getrandbits(64):016x} is longer than the model allows",
)  # fmt: skip
"""What goes wrong, some of it over several lines."""


def write(path: Path, megabytes: int, failures: float, seed: int = 7) -> None:
    """Write about ``megabytes`` MB; each line fails with probability ``failures``."""
    random_ = random.Random(seed)
    kinds, weights = [line for _, line in HEALTHY], [weight for weight, _ in HEALTHY]
    # a block of distinct lines is repeated with fresh failures: generating every line would take longer than the benchmark
    pool = [line(random_, number) + "\n" for number, line in enumerate(random_.choices(kinds, weights, k=50_000))]
    size, number = 0, 0
    with path.open("w", encoding="ascii") as file:
        while size < megabytes * 1_000_000:
            lines = pool
            hits = sum(random_.random() < failures for _ in pool) if failures else 0
            if hits:
                lines = list(pool)
                for at in random_.sample(range(len(lines)), hits):
                    lines[at] = random_.choice(FAILING)(random_, number + at) + "\n"
            text = "".join(lines)
            file.write(text)
            size += len(text)
            number += len(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--failures", type=float, default=0.0)
    given = parser.parse_args()
    write(given.out, given.megabytes, given.failures)
