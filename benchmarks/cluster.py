"""Write the logs of a simulated run of up to thousands of ranks in which one thing went wrong, and say what and where.

The lines are those that PyTorch, NCCL, torchrun and the kernel print. Clocks of hosts differ by minutes, ranks of a host
interleave, lines are lost and repeated, and every rank but the guilty one prints fallout. The same arguments give the
same bytes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

START = datetime(2026, 5, 1, 9, 0, 0)
FAILED_AT = 2400.0
"""Seconds after the start at which things go wrong."""
TIMEOUT = 600.0
SKEW = 180.0
"""Seconds by which the clock of a host may be off, either way."""
LOST, REPEATED = 0.03, 0.02
"""Shares of lines that are lost, and that are written twice."""

LAYOUTS = ("rank-files", "torchrun", "host-files", "one-file")


@dataclass(frozen=True)
class Truth:
    """What went wrong, and where."""

    causes: frozenset[str]
    """Ids of findings that name it."""
    ranks: frozenset[int] = frozenset()
    hosts: frozenset[str] = frozenset()


@dataclass
class Run:
    """The logs of one simulated run, in the making."""

    ranks: int
    per_host: int
    seed: int
    random: random.Random
    lines: dict[str, list[tuple[float, int, str]]] = field(default_factory=dict)
    """Kind of log and host -> (seconds since the start, rank or -1, text); rank -1 is the host's own log."""
    keep: set[str] = field(default_factory=set)
    """Texts that are never lost: those that show the cause."""
    skew: dict[str, float] = field(default_factory=dict)
    """Host -> seconds by which its clock is off."""
    begin: datetime = START

    def host(self, rank: int) -> str:
        return f"node{rank // self.per_host:02d}"

    def address(self, rank: int) -> str:
        return f"10.41.{rank // self.per_host // 250}.{rank // self.per_host % 250 + 1}"

    def device(self, rank: int) -> int:
        return rank % self.per_host

    def pid(self, rank: int) -> int:
        return 4000 + rank % self.per_host * 11 + rank // self.per_host

    def bus(self, rank: int) -> str:
        return f"{(0x1A, 0x3B, 0x4C, 0x5D, 0x9A, 0xBB, 0xCA, 0xDA)[self.device(rank) % 8]:02x}"

    def hosts(self) -> list[str]:
        return list(dict.fromkeys(map(self.host, range(self.ranks))))

    def clock(self, host: str, seconds: float) -> datetime:
        """What the clock of a host shows."""
        if host not in self.skew:
            self.skew[host] = random.Random(f"{host} {self.seed}").uniform(-SKEW, SKEW)
        return self.begin + timedelta(seconds=seconds + self.skew[host])

    def log(self, seconds: float, rank: int, level: str, text: str) -> None:
        """A rank logs a line through Python's logging."""
        time = self.clock(self.host(rank), seconds)
        self.say(seconds, rank, f"{time:%Y-%m-%d %H:%M:%S},{time.microsecond // 1000:03d} {level} train: {text}")

    def glog(self, seconds: float, rank: int, level: str, file: str, text: str) -> None:
        """PyTorch's C++ side logs a line on a rank."""
        time = self.clock(self.host(rank), seconds)
        head = f"[{level}{time:%m%d %H:%M:%S}.{time.microsecond * 1000:09d} {file}]"
        self.say(seconds, rank, f"[rank{rank}]:{head} {text}")

    def say(self, seconds: float, rank: int, text: str, *, cause: bool = False) -> None:
        """A process says something; every line of the text is a line of its log."""
        self._write("job", self.host(rank), seconds, rank, text, cause)

    def kernel(self, seconds: float, host: str, text: str, *, cause: bool = False) -> None:
        self._write("kern", host, seconds, -1, text, cause)

    def agent(self, seconds: float, host: str, text: str) -> None:
        """torchrun itself says something."""
        self._write("job", host, seconds, -1, text, False)

    def _write(self, kind: str, host: str, seconds: float, rank: int, text: str, cause: bool) -> None:
        lines = self.lines.setdefault(f"{kind} {host}", [])
        lines += [(seconds + number * 1e-6, rank, line) for number, line in enumerate(text.split("\n"))]
        if cause:
            self.keep.update(text.split("\n"))


# What healthy ranks say.


def start(run: Run, rank: int, *, net: str = "IB", version: str = "2.27.5", interface: str = "eth0") -> None:
    """The set-up of a rank up to ncclCommInitRank."""
    who = f"{run.host(rank)}:{run.pid(rank)}:{run.pid(rank)} [{run.device(rank)}] NCCL INFO"
    at = 2.0 + rank % run.per_host * 0.05
    device = f"NET/IB : Using [0]mlx5_0:1/IB [1]mlx5_1:1/IB [RO]; OOB {interface}:{run.address(rank)}<0>"
    run.log(at, rank, "INFO", f"rank {rank}/{run.ranks}: initializing process group, master 10.41.0.1:29500")
    run.say(at + 1.0, rank, f"{who} Bootstrap: Using {interface}:{run.address(rank)}<0>")
    run.say(at + 1.1, rank, f"{who} NCCL version {version}+cuda12.9")
    run.say(at + 1.2, rank, f"{who} {device if net == 'IB' else 'NET/IB : No device found.'}")
    run.say(at + 1.3, rank, f"{who} Using network {net}")
    run.say(at + 1.4, rank, f"{who} ncclCommInitRankConfig {_comm(run, rank)} - Init START")


def _comm(run: Run, rank: int) -> str:
    return (
        f"comm 0x{0x55D000000000 + rank * 4096:x} rank {rank} nranks {run.ranks} cudaDev {run.device(rank)} "
        f"nvmlDev {run.device(rank)} busId {run.bus(rank)}000 commId 0x7bee3994a55aefb8"
    )


def ready(run: Run, rank: int) -> None:
    at = 8.0 + run.random.random()
    who = f"{run.host(rank)}:{run.pid(rank)}:{run.pid(rank) + 1} [{run.device(rank)}] NCCL INFO"
    run.say(at, rank, f"{who} ncclCommInitRankConfig {_comm(run, rank)} - Init COMPLETE")


def train(run: Run, rank: int, lines: int, until: float = FAILED_AT) -> None:
    """Steps, evenly spread."""
    first = 10.0
    for number in range(lines):
        at = first + (until - 5.0 - first) * number / max(1, lines)
        if number % 97 == 96:
            run.log(at, rank, "WARNING", f"batch {number} was padded from {run.random.randrange(4096)} to 4096 tokens")
        elif number % 211 == 210:
            run.log(at, rank, "INFO", f"saved checkpoint step-{number} to /ckpt/step-{number}")
        else:
            took = run.random.uniform(380, 420)
            run.log(at, rank, "INFO", f"step {number} loss {3 / (1 + number / 400):.4f} {took:.1f} ms")


# What the others say when one is gone.


def watchdog(
    run: Run, rank: int, at: float, seq: int, op: str = "ALLREDUCE", numel: int = 1048576, ahead: int = 2
) -> None:
    """The collective of a rank timed out: its watchdog says so and ends the process."""
    tag = f"[PG ID 0 PG GUID 0(default_pg) Rank {rank}]"
    late = at + run.random.random() * 0.8
    work = f"WorkNCCL(SeqNum={seq}, OpType={op}, NumelIn={numel}, NumelOut={numel}, Timeout(ms)=600000)"
    said = [
        ("ProcessGroupNCCL.cpp:690", f"[Rank {rank}] Watchdog caught collective operation timeout: {work} ran for {600000 + rank % 90} milliseconds before timing out."),
        ("ProcessGroupNCCL.cpp:2345", f"{tag}  failure detected by watchdog at work sequence id: {seq} PG status: last enqueued work: {seq + ahead}, last completed work: {seq - 1}"),
        ("ProcessGroupNCCL.cpp:756", "Stack trace of the failed collective not found, potentially because FlightRecorder is disabled. You can enable it by setting TORCH_NCCL_TRACE_BUFFER_SIZE to a non-zero value."),
        ("ProcessGroupNCCL.cpp:770", f"[Rank {rank}] Some NCCL operations have failed or timed out. Due to the asynchronous nature of CUDA kernels, subsequent GPU operations might run on corrupted/incomplete data."),
        ("ProcessGroupNCCL.cpp:784", f"[Rank {rank}] To avoid data inconsistency, we are taking the entire process down."),
        ("ProcessGroupNCCL.cpp:2135", f"{tag} Process group watchdog thread terminated with exception: [Rank {rank}] Watchdog caught collective operation timeout: {work} ran for {600000 + rank % 90} milliseconds before timing out."),
    ]  # fmt: skip
    for number, (file, text) in enumerate(said):
        run.glog(late + number * 0.01, rank, "E", file, text)


def told(run: Run, rank: int, at: float, by: int, reached: int) -> None:
    """A rank that is alive but not in the collective is told of the timeout of another one."""
    tag = f"[PG ID 0 PG GUID 0(default_pg) Rank {rank}]"
    text = (
        f"{tag} Received a dump signal due to a collective timeout from  rank {by} and we will try our best to dump the "
        f"debug info. Last enqueued NCCL work: {reached}, last completed NCCL work: {reached}."
        "This is most likely caused by incorrect usages of collectives, e.g., wrong sizes used across ranks, the order of "
        "collectives is not same for all ranks or the scheduled collective, for some reason, didn't run."
    )
    run.glog(at, rank, "E", "ProcessGroupNCCL.cpp:1796", text)


def remote_closed(run: Run, rank: int, at: float, peer: int) -> None:
    """NCCL notices that the process at the other end is gone."""
    who = f"{run.host(rank)}:{run.pid(rank)}:{run.pid(rank) + 7} [{run.device(rank)}]"
    late = at + run.random.random()
    said = (
        "remote process exited or there was a network error, NCCL version 2.27.5\n"
        "ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely.\n"
        f"Last error:\nsocketProgress: Connection closed by remote peer {run.host(peer)}<{40000 + peer}>"
    )
    run.say(late, rank, f"{who} misc/socket.cc:915 NCCL WARN socketProgress: Connection closed by remote peer {run.host(peer)}<{40000 + peer}>")  # fmt: skip
    run.say(
        late + 0.1,
        rank,
        f"{who} proxy.cc:1644 NCCL WARN [Service thread] Accept failed Resource temporarily unavailable",
    )
    tag = f"[PG ID 0 PG GUID 0(default_pg) Rank {rank}] Process group watchdog thread terminated with exception"
    run.glog(late + 0.5, rank, "E", "ProcessGroupNCCL.cpp:2093", f"{tag}: NCCL error: {said}")


def table(run: Run, rank: int, at: float, exitcode: int) -> None:
    """torchrun's report of the host on which a process failed."""
    host, pid = run.host(rank), run.pid(rank)
    time = run.clock(host, at)
    head = f"E{time:%m%d %H:%M:%S}.{time.microsecond // 1000:03d}000 {3900} torch/distributed/elastic/multiprocessing/api.py:984]"
    run.agent(
        at,
        host,
        f"{head} failed (exitcode: {exitcode}) local_rank: {run.device(rank)} (pid: {pid}) of binary: /opt/venv/bin/python",
    )
    signal = {
        -9: "Signal 9 (SIGKILL) received by PID",
        -11: "Signal 11 (SIGSEGV) received by PID",
        -6: "Signal 6 (SIGABRT) received by PID",
    }
    why = (
        f"{signal[exitcode]} {pid}"
        if exitcode in signal
        else "To enable traceback see: https://pytorch.org/docs/stable/elastic/errors.html"
    )
    bar = "=" * 60
    run.agent(at + 0.5, host, f"""torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
{bar}
train.py FAILED
{"-" * 60}
Failures:
  <NO_OTHER_FAILURES>
{"-" * 60}
Root Cause (first observed failure):
[0]:
  time      : {time:%Y-%m-%d_%H:%M:%S}
  host      : {host}
  rank      : {rank} (local_rank: {run.device(rank)})
  exitcode  : {exitcode} (pid: {pid})
  error_file: <N/A>
  traceback : {why}
{bar}""")  # fmt: skip


def traceback(run: Run, rank: int, at: float, frames: Iterable[tuple[str, int, str, str]], error: str) -> None:
    text = "Traceback (most recent call last):\n"
    text += "".join(f'  File "{file}", line {line}, in {name}\n    {code}\n' for file, line, name, code in frames)
    run.say(at, rank, "\n".join(f"[rank{rank}]: {line}" for line in (text + error).split("\n")), cause=True)


TRAIN = ("/work/train.py", 88, "main", "loss = step(model, batch)")


# What can go wrong: each fault breaks a run and says what is to be found.


def _others(run: Run, *guilty: int) -> list[int]:
    return [rank for rank in range(run.ranks) if rank not in guilty]


def _fallout(run: Run, guilty: int, at: float) -> None:
    """The neighbours of a dead rank lose a connection, the others time out."""
    seq = 3 * int(at)
    for rank in _others(run, guilty):
        if rank in ((guilty + 1) % run.ranks, (guilty - 1) % run.ranks):
            remote_closed(run, rank, at + 1, guilty)
        else:
            watchdog(run, rank, at + TIMEOUT, seq)


def exception(run: Run, guilty: int) -> Truth:
    traceback(run, guilty, FAILED_AT, [TRAIN, ("/work/data.py", 41, "collate", "raise ValueError(message)")], "ValueError: sample 81234 has 0 tokens")  # fmt: skip
    _fallout(run, guilty, FAILED_AT)
    table(run, guilty, FAILED_AT + 4, 1)
    return Truth(frozenset({"unrecognised-failure"}), frozenset({guilty}), frozenset({run.host(guilty)}))


def oom_killed(run: Run, guilty: int) -> Truth:
    host, pid = run.host(guilty), run.pid(guilty)
    run.kernel(FAILED_AT, host, f"python invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0\nOut of memory: Killed process {pid} (python) total-vm:210123456kB, anon-rss:190123456kB, file-rss:1024kB, shmem-rss:4096kB, UID:0 pgtables:400000kB oom_score_adj:0", cause=True)  # fmt: skip
    _fallout(run, guilty, FAILED_AT)
    table(run, guilty, FAILED_AT + 4, -9)
    return Truth(frozenset({"host-oom-killer"}), frozenset({guilty}), frozenset({host}))


def cuda_oom(run: Run, guilty: int) -> Truth:
    traceback(run, guilty, FAILED_AT, [TRAIN], f"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU {run.device(guilty)} has a total capacity of 79.10 GiB of which 1.14 GiB is free. Process 4711 has 77.90 GiB memory in use. Of the allocated memory 70.11 GiB is allocated by PyTorch, and 5.01 GiB is reserved by PyTorch but unallocated.")  # fmt: skip
    _fallout(run, guilty, FAILED_AT)
    table(run, guilty, FAILED_AT + 4, 1)
    return Truth(frozenset({"cuda-out-of-memory*"}), frozenset({guilty}), frozenset({run.host(guilty)}))


def gpu_lost(run: Run, guilty: int) -> Truth:
    run.kernel(FAILED_AT, run.host(guilty), f"NVRM: GPU at PCI:0000:{run.bus(guilty)}:00: GPU-2f1c7f0a-0b52-4a3f-9a41-6f7b1d3e5c{run.device(guilty):02d}\nNVRM: Xid (PCI:0000:{run.bus(guilty)}:00): 79, pid={run.pid(guilty)}, name=python, GPU has fallen off the bus.", cause=True)  # fmt: skip
    traceback(run, guilty, FAILED_AT + 2, [TRAIN], "torch.AcceleratorError: CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be incorrect.")  # fmt: skip
    _fallout(run, guilty, FAILED_AT + 2)
    table(run, guilty, FAILED_AT + 8, 1)
    return Truth(frozenset({"xid-fallen-off-bus"}), frozenset({guilty}), frozenset({run.host(guilty)}))


def segfault(run: Run, guilty: int) -> Truth:
    run.kernel(FAILED_AT, run.host(guilty), f"python[{run.pid(guilty)}]: segfault at 0 ip 00007f12a4b1c2d3 sp 00007ffd1c2b3a40 error 4 in libtokenizer.so[7f12a4b00000+40000]")  # fmt: skip
    run.say(FAILED_AT, guilty, "Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f1200000000 (most recent call first):\n  File \"/work/data.py\", line 52 in encode\n  File \"/work/train.py\", line 88 in main", cause=True)  # fmt: skip
    _fallout(run, guilty, FAILED_AT)
    table(run, guilty, FAILED_AT + 4, -11)
    return Truth(frozenset({"host-native-crash*", "torchelastic-worker-segfault*", "python-fatal-error*"}), frozenset({guilty}), frozenset({run.host(guilty)}))  # fmt: skip


def disk_full(run: Run, guilty: int) -> Truth:
    traceback(run, guilty, FAILED_AT, [TRAIN, ("/work/checkpoint.py", 17, "save", "torch.save(state, path)")], "OSError: [Errno 28] No space left on device: '/ckpt/step-4000/rank.pt'")  # fmt: skip
    _fallout(run, guilty, FAILED_AT)
    table(run, guilty, FAILED_AT + 4, 1)
    return Truth(frozenset({"host-no-space*"}), frozenset({guilty}), frozenset({run.host(guilty)}))


def straggler(run: Run, guilty: int) -> Truth:
    """A rank hangs outside NCCL; it is told of the others' timeout."""
    seq = 3 * int(FAILED_AT)
    for rank in _others(run, guilty):
        watchdog(run, rank, FAILED_AT + TIMEOUT, seq)
    told(run, guilty, FAILED_AT + TIMEOUT + 1, (guilty + 1) % run.ranks, seq - 1)
    return Truth(frozenset({"c10d-nccl-rank-late"}), frozenset({guilty}))


def silent(run: Run, guilty: int) -> Truth:
    """A rank hangs and never says another word."""
    seq = 3 * int(FAILED_AT)
    for rank in _others(run, guilty):
        watchdog(run, rank, FAILED_AT + TIMEOUT, seq)
    return Truth(frozenset({"c10d-nccl-rank-absent"}), frozenset({guilty}))


def behind(run: Run, guilty: int) -> Truth:
    """A rank skipped a collective: it waits in an earlier one than all others."""
    seq = 3 * int(FAILED_AT)
    for rank in range(run.ranks):
        watchdog(run, rank, FAILED_AT + TIMEOUT, seq - 1 if rank == guilty else seq)
    return Truth(frozenset({"c10d-nccl-rank-behind"}), frozenset({guilty}))


def other_collective(run: Run, guilty: int) -> Truth:
    seq = 3 * int(FAILED_AT)
    for rank in range(run.ranks):
        watchdog(run, rank, FAILED_AT + TIMEOUT, seq, op="BROADCAST" if rank == guilty else "ALLREDUCE")
    return Truth(frozenset({"c10d-nccl-mismatched-collectives"}), frozenset({guilty}))


def other_size(run: Run, guilty: int) -> Truth:
    seq = 3 * int(FAILED_AT)
    for rank in range(run.ranks):
        watchdog(run, rank, FAILED_AT + TIMEOUT, seq, numel=4096 if rank == guilty else 8192)
    return Truth(frozenset({"c10d-nccl-mismatched-sizes"}), frozenset({guilty}))


def link_down(run: Run, guilty: int) -> Truth:
    run.kernel(FAILED_AT, run.host(guilty), "mlx5_core 0000:4c:00.0: mlx5_0: Port: 1 Link DOWN", cause=True)
    for rank in range(run.ranks):
        if run.host(rank) != run.host(guilty) and run.device(rank) == run.device(guilty):
            who = f"{run.host(rank)}:{run.pid(rank)}:{run.pid(rank) + 7} [{run.device(rank)}]"
            at = FAILED_AT + 20 + run.random.random()
            run.say(at, rank, f"{who} transport/net_ib.cc:2196 NCCL WARN NET/IB : Got completion from peer {run.address(guilty)}<47810> with status=12 opcode=0 len=0 vendor err 129 (Send) localGid fe80::1 remoteGids fe80::2 hca mlx5_0")  # fmt: skip
        else:
            watchdog(run, rank, FAILED_AT + TIMEOUT, 3 * int(FAILED_AT))
    return Truth(frozenset({"rdma-link-down*"}), hosts=frozenset({run.host(guilty)}))


def not_joined(run: Run, guilty: int) -> Truth:
    """The ranks of a host never came to the store of rank 0."""
    guilty = max(guilty, run.per_host)
    gone = [rank for rank in range(run.ranks) if run.host(rank) == run.host(guilty)]
    traceback(run, 0, FAILED_AT, [("/work/train.py", 31, "main", "dist.init_process_group('nccl')")], f"torch.distributed.DistStoreError: Timed out after 601 seconds waiting for clients. {run.ranks - len(gone)}/{run.ranks} clients joined.")  # fmt: skip
    return Truth(frozenset({"c10d-clients-missing"}), frozenset(gone), frozenset({run.host(guilty)}))


def other_version(run: Run, guilty: int) -> Truth:
    """One host has another NCCL: the set-up fails on all others."""
    for rank in range(run.ranks):
        if run.host(rank) != run.host(guilty):
            who = f"{run.host(rank)}:{run.pid(rank)}:{run.pid(rank)} [{run.device(rank)}]"
            at = 9 + run.random.random()
            run.say(at, rank, f"{who} misc/socket.cc:571 NCCL WARN socketProgress: Connection closed by remote peer {run.host(guilty)}<{41000 + rank}>")  # fmt: skip
            run.say(at + 1, rank, f"[rank{rank}]: torch.distributed.DistBackendError: NCCL error in: /pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:94, remote process exited or there was a network error, NCCL version 2.27.5")  # fmt: skip
    odd = {run.host(guilty)} if len(run.hosts()) > 2 else set(run.hosts())  # of two, none is the odd one
    return Truth(frozenset({"nccl-host-versions-differ"}), hosts=frozenset(odd))


FAULTS: dict[str, Callable[[Run, int], Truth]] = {
    fault.__name__.replace("_", "-"): fault
    for fault in (
        exception, oom_killed, cuda_oom, gpu_lost, segfault, disk_full, straggler, silent, behind, other_collective,
        other_size, link_down, not_joined, other_version,
    )
}  # fmt: skip


def simulate(
    fault: str, *, ranks: int = 16, per_host: int = 8, lines: int = 100, layout: str = "rank-files", seed: int = 0
) -> tuple[dict[str, str], Truth]:
    """The files of a run with this fault (name -> text), and the truth. ``lines`` is the number of steps that each rank
    logs before it."""
    run = Run(ranks, per_host, seed, random.Random(f"{seed} {fault} {ranks} {layout}"))
    truth = live(run, fault, run.random.randrange(ranks), lines)
    return files(run, layout), truth


def live(run: Run, fault: str | None, guilty: int, lines: int) -> Truth | None:
    """Let the ranks of a run say what they say, until this fault befalls the guilty rank; without a fault to its end."""
    truth = FAULTS[fault](run, guilty) if fault else None
    early = fault in ("not-joined", "other-version")
    for rank in range(run.ranks):
        if truth and fault == "not-joined":
            run.log(1.0, rank, "INFO", "loading the tokenizer")
            if rank not in truth.ranks:
                run.log(
                    2.0, rank, "INFO", f"rank {rank}/{run.ranks}: initializing process group, master 10.41.0.1:29500"
                )
                run.log(
                    2.1,
                    rank,
                    "INFO",
                    f"world_size={run.ranks} rank={rank} local_rank={run.device(rank)} distributed_init_method=tcp://10.41.0.1:29500 backend=nccl",
                )
            continue
        odd = truth and fault == "other-version" and run.host(rank) == run.host(guilty)
        start(run, rank, version="2.21.5" if odd else "2.27.5")
        if not early:
            ready(run, rank)
            train(run, rank, lines)
    return truth


def files(run: Run, layout: str) -> dict[str, str]:
    """The logs as a launcher lays them out."""
    files: dict[str, list[tuple[float, str]]] = {}
    for key, lines in run.lines.items():
        kind, host = key.split()
        for at, rank, text in lines:
            if text not in run.keep and run.random.random() < LOST:
                continue
            name, shown = _place(run, layout, kind, host, rank, at, text)
            times = 2 if run.random.random() < REPEATED and rank >= 0 and text not in run.keep else 1
            files.setdefault(name, []).extend([(at, shown)] * times)
    for ordered in files.values():
        ordered.sort(key=lambda line: line[0])
    return {name: "\n".join(text for _, text in lines) + "\n" for name, lines in sorted(files.items())}


def _place(run: Run, layout: str, kind: str, host: str, rank: int, at: float, text: str) -> tuple[str, str]:
    """The file in which a line stands, and how it looks there."""
    if kind == "kern":
        return f"kern-{host}.log", f"{run.clock(host, at):%b %e %H:%M:%S} {host} kernel: {text}"
    if layout == "one-file":
        return "job.log", f"{rank}: {text}" if rank >= 0 else text
    if layout == "host-files" or rank < 0:
        return f"worker-{host}.out", text
    if layout == "torchrun":
        return f"{host}/attempt_0/{run.device(rank)}/stderr.log", text
    return f"rank_{rank}.log", text
