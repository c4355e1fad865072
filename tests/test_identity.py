"""Who is who: what prefixes, file names and lines say of a process is put together."""

from __future__ import annotations

import pytest
from helpers import diagnose

from logdoctor.model import Actor, Diagnosis

INIT = "{host}:{pid}:{pid} [{device}] NCCL INFO ncclCommInitRank comm 0x55 rank {rank} nranks 4 cudaDev {device} busId {bus}000 commId 0x7b - Init START\n"
KILLED = "May  1 09:40:09 node07 kernel: Out of memory: Killed process 4711 (python) total-vm:1kB, anon-rss:1kB, file-rss:1kB, shmem-rss:1kB, UID:0 pgtables:1kB oom_score_adj:0\n"
XID = "May  1 09:40:09 node07 kernel: NVRM: Xid (PCI:0000:3b:00): 79, pid=4712, name=python, GPU has fallen off the bus.\n"
BENT = (
    'Traceback (most recent call last):\n  File "/srv/train.py", line 7, in main\n    go()\nflange.FlangeError: bent\n'
)


def init(rank: int, host: str, pid: int, bus: str = "3b") -> str:
    return INIT.format(rank=rank, host=host, pid=pid, device=rank % 2, bus=bus)


def guilty(diagnosis: Diagnosis) -> tuple[Actor, ...]:
    return diagnosis.findings[0].guilty


def test_the_victim_of_the_kernel_is_a_rank() -> None:
    logs = {"job.log": init(0, "node06", 4711) + init(2, "node07", 4711), "kern.log": KILLED}
    assert guilty(diagnose(logs)) == (Actor("node07", 2, 4711),)


def test_a_device_is_a_rank_on_its_own_host_alone() -> None:
    logs = {"job.log": init(1, "node06", 9, "3b") + init(3, "node07", 4712, "3b"), "kern.log": XID}
    (actor,) = guilty(diagnose(logs))
    assert (actor.host, actor.rank, actor.device) == ("node07", 3, "0000:3b:00")
    assert str(actor) == "rank 3, device 0000:3b:00, pid 4712 on node07"


def test_an_unknown_victim_stays_unknown() -> None:
    assert guilty(diagnose({"kern.log": KILLED})) == (Actor("node07", None, 4711),)


@pytest.mark.parametrize(
    ("name", "actor"),
    [
        ("rank_3.log", Actor(rank=3)),
        ("node07/attempt_0/3/stderr.log", Actor(host="node07")),
        ("nccl.gpu-a17.4711.log", Actor(host="gpu-a17", pid=4711)),
        ("logs/worker-10.41.0.8.log", Actor(host="10.41.0.8")),
        ("job.log", None),
    ],
)
def test_the_name_of_a_file_tells_who_speaks(name: str, actor: Actor | None) -> None:
    assert guilty(diagnose({name: BENT, "other.log": "healthy\n"})) == ((actor,) if actor else ())


def test_of_a_single_log_with_one_prefix_nothing_is_concluded() -> None:
    """What has no prefix may be the launcher's, or another rank's."""
    assert guilty(diagnose("[rank0]: world_size=4 rank=0\n" + BENT)) == ()


def test_a_file_for_each_rank_belongs_to_that_rank() -> None:
    stated = {f"{name}.out": f"world_size=2 rank={rank}\n" for rank, name in enumerate("ab")}
    assert guilty(diagnose({**stated, "b.out": stated["b.out"] + BENT})) == (Actor(rank=1),)


def test_an_address_and_a_name_are_one_host() -> None:
    logs = {
        "a.log": "node06:1:1 [0] NCCL INFO Bootstrap: Using eth0:10.0.0.6<0>\n",
        "b.log": "node07:1:1 [0] misc/socket.cc:915 NCCL WARN socketProgress: Connection closed by remote peer 10.0.0.6<40000>\n",
    }
    assert guilty(diagnose(logs)) == (Actor(host="node06"),)


def test_a_remote_exception_is_of_the_remote_process() -> None:
    log = (
        'Traceback (most recent call last):\n  File "/srv/driver.py", line 7, in <module>\n    ray.get(f)\n'
        "ray.exceptions.RayTaskError(FlangeError): ray::work() (pid=8123, ip=10.41.0.8)\n"
        '  File "/srv/train.py", line 33, in work\n    go()\nflange.FlangeError: bent\n'
    )
    assert guilty(diagnose(log)) == (Actor("10.41.0.8", None, 8123),)


def test_a_group_of_exceptions_is_told_by_its_first_member() -> None:
    log = (
        "  + Exception Group Traceback (most recent call last):\n"
        '  |   File "/srv/train.py", line 4, in main\n'
        "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n"
        "  +-+---------------- 1 ----------------\n"
        "    | Traceback (most recent call last):\n"
        '    |   File "/srv/load.py", line 12, in fetch\n'
        "    | KeyError: 'shard-17'\n"
        "    +------------------------------------\n"
    )
    assert diagnose(log).findings[0].title.startswith("KeyError: 'shard-17'")


def test_another_ranks_progress_excuses_nobody() -> None:
    step = "[rank1]: step 412 loss 2.19\n"
    failed = "".join(f"[rank0]: {line}\n" for line in BENT.splitlines())
    assert diagnose(failed + step).verdict == "unknown-failure"
    assert diagnose(failed + step.replace("rank1", "rank0")).verdict == "healthy"
