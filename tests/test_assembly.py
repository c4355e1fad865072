"""Lines to records, on small invented logs of every family."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

import pytest

from logdoctor.formats import assemble
from logdoctor.model import Line, Record


def split(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines, cut at carriage returns as the scanner does."""
    for number, line in enumerate(text.rstrip("\n").split("\n"), 1):
        for part in line.rstrip("\r").split("\r"):
            yield number, part


def records(text: str) -> list[Record]:
    """The records of a log in the order of their first lines, without those that hold nothing."""
    found = assemble("x.log", list(split(text)))
    return sorted((record for record in found if record.text.strip()), key=lambda record: record.first_line)


def dedent(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


def who(record: Record) -> dict[str, object]:
    stream = record.stream
    named = {
        "component": stream.component,
        "host": stream.host,
        "rank": stream.rank,
        "pid": stream.pid,
        "process": stream.process,
        "level": record.level,
    }
    return {name: value for name, value in named.items() if value is not None}


# ---- one line of each family ----

FAMILIES = {
    "INFO 05-01 09:14:33 [api_server.py:1034] vLLM API server version 0.11.0": (
        {"component": "vllm", "level": "info"},
        "vLLM API server version 0.11.0",
    ),
    "WARNING 05-01 09:14:33 config.py:428] no cache": ({"component": "vllm", "level": "warning"}, "no cache"),
    "(Worker_TP3 pid=814) ERROR 05-01 09:14:33 [worker.py:10] lost": (
        {"component": "vllm", "level": "error", "process": "Worker_TP3", "pid": 814},
        "lost",
    ),
    "(EngineCore_DP0 pid=77) (Worker_TP0 pid=81) INFO 05-01 09:14:33 [w.py:1] up": (
        {"component": "vllm", "level": "info", "process": "Worker_TP0", "pid": 81},
        "up",
    ),
    "(VllmWorker rank=1 pid=812) INFO 05-01 09:14:33 [w.py:1] up": (
        {"component": "vllm", "level": "info", "process": "VllmWorker", "rank": 1, "pid": 812},
        "up",
    ),
    "(VllmWorkerProcess pid=812) INFO 05-01 09:14:33 w.py:1] up": (
        {"component": "vllm", "level": "info", "process": "VllmWorkerProcess", "pid": 812},
        "up",
    ),
    "(MainProcess pid=1) INFO 05-01 09:14:33 [w.py:1] up": (
        {"component": "vllm", "level": "info", "process": "MainProcess", "pid": 1},
        "up",
    ),
    'INFO:     10.0.3.7:53310 - "GET /health HTTP/1.1" 503 Service Unavailable': (
        {"component": "uvicorn", "level": "info"},
        '10.0.3.7:53310 - "GET /health HTTP/1.1" 503 Service Unavailable',
    ),
    "2026-05-01 09:14:33,123\tINFO worker.py:1918 -- Connected to Ray cluster.": (
        {"component": "ray", "level": "info"},
        "Connected to Ray cluster.",
    ),
    "[2026-05-01 09:14:33,123 E 1234 1301] (raylet) node_manager.cc:3193: 2 Workers killed": (
        {"component": "ray", "level": "error", "pid": 1234, "process": "raylet"},
        "2 Workers killed",
    ),
    "[2026-05-01 09:14:33,123 C 1978 1978] core_worker.cc:2930: The raylet exited": (
        {"component": "ray", "level": "fatal", "pid": 1978},
        "The raylet exited",
    ),
    "(raylet, ip=10.41.0.8) [2026-05-01 09:14:33,123 W 1234 1234] (raylet) worker_pool.cc:1: slow": (
        {"component": "ray", "level": "warning", "host": "10.41.0.8", "pid": 1234, "process": "raylet"},
        "slow",
    ),
    "(autoscaler +1m12s) Error: No available node types": (
        {"component": "ray", "process": "autoscaler"},
        "Error: No available node types",
    ),
    "gpu-07:411:437 [3] NCCL INFO Bootstrap : Using eth0:10.0.0.11<0>": (
        {"component": "nccl", "level": "info", "host": "gpu-07", "pid": 411},
        "Bootstrap : Using eth0:10.0.0.11<0>",
    ),
    "[2026-05-01 09:14:33] gpu-07:411:437 [3] misc/socket.cc:61 (socketProgress) NCCL WARN Connection closed": (
        {"component": "nccl", "level": "warning", "host": "gpu-07", "pid": 411},
        "Connection closed",
    ),
    "NCCL version 2.21.5+cuda12.4": ({"component": "nccl", "level": "info"}, "NCCL version 2.21.5+cuda12.4"),
    "[rank3]:[E501 09:14:33.123456789 ProcessGroupNCCL.cpp:632] [Rank 3] late": (
        {"component": "torch", "level": "error", "rank": 3},
        "[Rank 3] late",
    ),
    "[W socket.cpp:436] [c10d] retrying": ({"component": "torch", "level": "warning"}, "[c10d] retrying"),
    "E0501 09:14:33.123000 4321 torch/distributed/elastic/multiprocessing/api.py:874] failed (exitcode: -9)": (
        {"component": "torch", "level": "error", "pid": 4321},
        "failed (exitcode: -9)",
    ),
    "[/pytorch/third_party/gloo/gloo/transport/tcp/debug_logger.cc:9] ERROR failed to connect, rank=1": (
        {"component": "gloo", "level": "error"},
        "failed to connect, rank=1",
    ),
    "[2026-05-01 09:14:33 DP0 TP3] Decode batch, #running-req: 12": (
        {"component": "sglang", "process": "DP0 TP3"},
        "Decode batch, #running-req: 12",
    ),
    "[1714550000.123456] [gpu-07:4321 :0]    ib_mlx5_log.c:179  UCX  ERROR Transport retry count exceeded": (
        {"component": "ucx", "level": "error", "host": "gpu-07", "pid": 4321},
        "Transport retry count exceeded",
    ),
    "libfabric:411:1714550000::efa:cq:efa_rdm_cq_handle_error():120<warn> Unreachable remote": (
        {"component": "libfabric", "level": "warning", "pid": 411},
        "Unreachable remote",
    ),
    "gpu-07:411:411 [0] /src/host/init/init.cu:310 NVSHMEM WARN no transport": (
        {"component": "nvshmem", "level": "warning", "host": "gpu-07", "pid": 411},
        "no transport",
    ),
    "[05/01/2026-09:14:33] [TRT-LLM] [RANK 3] [E] no memory": (
        {"component": "trtllm", "level": "error", "rank": 3},
        "no memory",
    ),
    "[TensorRT-LLM][WARNING] slow": ({"component": "trtllm", "level": "warning"}, "slow"),
    "[2026-05-01 09:14:33,123] LMCache ERROR: no memory (cache_engine.py:512:lmcache.v1.cache_engine)": (
        {"component": "lmcache", "level": "error"},
        "no memory",
    ),
    "E0501 09:14:33.123456    1234 nixl_agent.cpp:12] no backend": (
        {"component": "nixl", "level": "error"},
        "no backend",
    ),
    "W0501 09:14:33.123456 1301 transfer_engine.cpp:120] slow link": ({"level": "warning"}, "slow link"),
    "[12345.678901] NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.": (
        {"component": "kernel"},
        "NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.",
    ),
    "May  1 09:14:33 gpu-07 kernel: [12345.678901] Out of memory: Killed process 4329 (python3)": (
        {"component": "kernel", "host": "gpu-07"},
        "Out of memory: Killed process 4329 (python3)",
    ),
    "5m12s   Warning   BackOff   pod/llama-0   Back-off restarting failed container": (
        {"component": "kubernetes", "level": "warning"},
        "BackOff   pod/llama-0   Back-off restarting failed container",
    ),
    "2026-05-01 09:14:33,123 - transformers - WARNING - old": ({"level": "warning"}, "old"),
    "[09:14:33][rank1][ERROR] no shard": ({"level": "error", "rank": 1}, "no shard"),
    "ERROR:asyncio:Task exception was never retrieved": ({"level": "error"}, "Task exception was never retrieved"),
    "srun: error: node2: task 12: Killed": ({"level": "error"}, "srun: error: node2: task 12: Killed"),
}


@pytest.mark.parametrize(("line", "expected"), FAMILIES.items(), ids=range(len(FAMILIES)))
def test_a_line_of_each_family(line: str, expected: tuple[dict[str, object], str]) -> None:
    (record,) = records(line)
    assert (who(record), record.text) == expected


WRAPPED = {
    "cri": "2026-05-01T09:14:33.123456789Z stderr F {}",
    "kubectl": "[pod/llama-0/main] 2026-05-01T09:14:33.123456789Z {}",
    "ci": "2026-05-01T09:14:33.1234567Z {}",
    "journald": "May  1 09:14:33 gpu-07 vllm[4329]: {}",
    "mpirun": "[1,3]<stderr>:{}",
    "mpirun-time": "Thu May  1 09:14:33 2026[1,3]<stderr>:{}",
    "torchrun": "[default3]:{}",
    "ray": "\x1b[36m(TrainWorker pid=1978, ip=10.41.0.8)\x1b[0m {}",
    "ray-esc-lost": "[36m(TrainWorker pid=1978, ip=10.41.0.8)[0m {}",
    "vllm": "(EngineCore_DP0 pid=77) {}",
    "ts": "May 01 09:14:33 {}",
}
HEADS = {
    "gpu-07:411:437 [3] NCCL INFO Connected all rings": ("nccl", "Connected all rings"),
    "[rank3]:[E501 09:14:33.123456789 ProcessGroupNCCL.cpp:632] late": ("torch", "late"),
    "E0501 09:14:33.123000 4321 torch/distributed/run.py:1] failed": ("torch", "failed"),
    "[../third_party/gloo/gloo/transport/tcp/pair.cc:9] ERROR lost": ("gloo", "lost"),
    "INFO 05-01 09:14:33 [w.py:1] up": ("vllm", "up"),
    "E0501 09:14:33.123456 1234 nixl_agent.cpp:12] none": ("nixl", "none"),
}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("wrapper", WRAPPED)
def test_heads_are_read_inside_prefixes(wrapper: str, head: str) -> None:
    (record,) = records(WRAPPED[wrapper].format(head))
    assert (record.stream.component, record.text) == HEADS[head]


# ---- nested prefixes ----

TRACEBACK = """\
Traceback (most recent call last):
  File "/srv/app/train.py", line 14, in setup
    dist.init_process_group("gloo")
    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
RuntimeError: Gloo connectFullMesh failed with no error"""


def test_cri_around_vllm() -> None:
    log = dedent(
        """
        2026-05-01T09:14:33.100000000Z stdout F (EngineCore_DP0 pid=77) ERROR 05-01 11:14:33 [core.py:708] EngineCore failed to start.
        2026-05-01T09:14:33.100000001Z stdout F (EngineCore_DP0 pid=77) ERROR 05-01 11:14:33 [core.py:708] Traceback (most recent call last):
        2026-05-01T09:14:33.100000002Z stdout F (APIServer pid=1) INFO:     Shutting down
        2026-05-01T09:14:33.100000003Z stdout F (EngineCore_DP0 pid=77) ERROR 05-01 11:14:33 [core.py:708] ValueError: no KV cache
        """
    )
    engine, server = records(log)
    assert who(engine) == {"component": "vllm", "process": "EngineCore_DP0", "pid": 77, "level": "error"}
    assert engine.numbers == (1, 2, 4)
    assert engine.time == "2026-05-01T09:14:33.100000000Z"
    assert engine.text == "EngineCore failed to start.\nTraceback (most recent call last):\nValueError: no KV cache"
    assert (who(server)["process"], server.text) == ("APIServer", "Shutting down")


def test_docker_json_around_colour_and_ray_and_a_traceback() -> None:
    lines = [
        json.dumps(
            {
                "log": f"\x1b[36m(TrainWorker pid=303, ip=10.41.0.8)\x1b[0m {line}\n",
                "stream": "stderr",
                "time": "2026-05-01T09:14:33.1Z",
            },
            separators=(",", ":"),
        )
        for line in TRACEBACK.splitlines()
    ]
    (record,) = records("\n".join(lines))
    assert who(record) == {"host": "10.41.0.8", "pid": 303, "process": "TrainWorker", "level": "error"}
    assert record.numbers == (1, 2, 3, 4, 5)
    assert record.lines[1] == '  File "/srv/app/train.py", line 14, in setup'
    assert record.lines[-1] == "RuntimeError: Gloo connectFullMesh failed with no error"
    assert record.time == "2026-05-01T09:14:33.1Z"


def test_slurm_label_around_c10() -> None:
    log = dedent(
        """
         0: [rank0]:[W501 09:14:33.123456789 TCPStore.cpp:106] [c10d] sendBytes failed: Broken pipe
         8: [rank8]:[W501 09:14:33.223456789 TCPStore.cpp:106] [c10d] sendBytes failed: Broken pipe
         0: Exception raised from sendBytes at /pytorch/torch/csrc/distributed/c10d/Utils.hpp:653 (most recent call first):
         8: Exception raised from sendBytes at /pytorch/torch/csrc/distributed/c10d/Utils.hpp:653 (most recent call first):
         0: frame #0: c10::Error::Error(c10::SourceLocation, std::string) + 0x9d (0x7d91 in /opt/env/lib/libc10.so)
         8: frame #0: c10::Error::Error(c10::SourceLocation, std::string) + 0x9d (0x7d92 in /opt/env/lib/libc10.so)
        """
    )
    first, second = records(log)
    assert (first.stream.rank, first.numbers) == (0, (1, 3, 5))
    assert (second.stream.rank, second.numbers) == (8, (2, 4, 6))


def test_mpirun_around_nccl() -> None:
    log = dedent(
        """
        [1,0]<stdout>:gpu-07:411:411 [0] NCCL INFO Bootstrap : Using eth0:10.0.0.11<0>
        [1,1]<stderr>:
        [1,1]<stderr>:gpu-08:512:540 [0] misc/socket.cc:58 NCCL WARN socketProgress: Connection closed by remote peer gpu-07<51432>
        """
    )
    info, warning = records(log)
    assert who(info) == {"component": "nccl", "level": "info", "host": "gpu-07", "rank": 0, "pid": 411}
    assert who(warning) == {"component": "nccl", "level": "warning", "host": "gpu-08", "rank": 1, "pid": 512}


def test_torchrun_and_rank_around_a_traceback() -> None:
    log = "".join(f"[default1]:[rank9]: {line}\n" for line in TRACEBACK.splitlines())
    (record,) = records(log)
    assert (record.stream.rank, record.stream.process, len(record.lines)) == (9, "default1", 5)


def test_kubectl_around_ray_system_lines() -> None:
    (record,) = records(
        "[pod/llama-head-x2x7q/ray-head] 2026-05-01T09:14:33.123456789Z (raylet, ip=10.41.0.9) Spilled 4096 MiB, 12 objects"
    )
    assert who(record) == {"component": "ray", "host": "10.41.0.9", "process": "raylet"}


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("2026-05-01T09:14:33.1234567Z ", {}),
        ("[2026-05-01T09:14:33.123Z] ", {}),
        ("[2026-05-01 09:14:33] ", {}),
        ("2026-05-01 09:14:33 ", {}),
        ("May 01 09:14:33 ", {}),
        ("09:14:33.123 ", {}),
        ("llama-1  | ", {"host": "llama-1"}),
        ("llama-7c9d8b6f5-x2x7q main ", {"host": "llama-7c9d8b6f5-x2x7q", "process": "main"}),
        ("12: ", {"process": "12"}),
        ("gpu-07: ", {"host": "gpu-07"}),
        ("> ", {}),
    ],
)
def test_a_traceback_behind_each_general_prefix(prefix: str, expected: dict[str, object]) -> None:
    log = "".join(f"{prefix}{line}\n" for line in TRACEBACK.splitlines())
    (record,) = records(log)
    assert who(record) == {**expected, "level": "error"}
    assert record.lines[-1].startswith("RuntimeError")


def test_a_weak_prefix_counts_only_where_most_lines_have_it() -> None:
    log = "starting\nloading\n12: the answer\nready\nserving\n"
    assert [record.text for record in records(log)] == log.split("\n")[:-1]


# ---- tracebacks ----


def test_interleaved_tracebacks_of_two_workers() -> None:
    one = [f"(TrainWorker pid=402) {line}" for line in TRACEBACK.splitlines()]
    two = [
        f"(TrainWorker pid=303, ip=10.41.0.8) {line.replace('no error', 'Connection refused')}"
        for line in TRACEBACK.splitlines()
    ]
    first, second = records("\n".join(line for pair in zip(one, two, strict=True) for line in pair))
    assert (first.stream.pid, first.numbers, first.lines[-1]) == (
        402,
        (1, 3, 5, 7, 9),
        "RuntimeError: Gloo connectFullMesh failed with no error",
    )
    assert (second.stream.host, second.numbers) == ("10.41.0.8", (2, 4, 6, 8, 10))
    assert second.lines[-1] == "RuntimeError: Gloo connectFullMesh failed with Connection refused"


def test_source_lines_are_hidden_frames_are_not() -> None:
    log = dedent(
        """
        Traceback (most recent call last):
          File "/srv/app/serve.py", line 7, in main
            raise RuntimeError("CUDA error: out of memory")
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        RuntimeError: something else
        """
    )
    (record,) = records(log)
    assert "CUDA error" not in record.text
    assert "^^^" not in record.text
    assert 'File "/srv/app/serve.py", line 7' in record.text
    assert "CUDA error" in record.raw[2]


def test_chained_exceptions_are_one_record() -> None:
    chain = "\n\nThe above exception was the direct cause of the following exception:\n\n"
    (record,) = records(
        "Process EngineCore_DP0:\n"
        + TRACEBACK
        + chain
        + TRACEBACK.replace("RuntimeError: Gloo", "ValueError: then gloo")
    )
    assert record.first_line == 1
    assert record.numbers[-1] == 14
    assert record.level == "error"


def test_unrelated_tracebacks_are_two_records() -> None:
    assert [record.first_line for record in records(f"{TRACEBACK}\n{TRACEBACK}")] == [1, 6]


def test_the_remote_part_of_a_ray_error_belongs_to_it() -> None:
    log = dedent(
        """
        Traceback (most recent call last):
          File "/srv/app/driver.py", line 27, in <module>
            ray.get(refs)
        ray.exceptions.RayTaskError(RuntimeError): \x1b[36mray::TrainWorker.setup()\x1b[39m (pid=402, ip=10.41.0.8, actor_id=0f0f01000000)
          File "/srv/app/driver.py", line 14, in setup
            dist.init_process_group("gloo")
        RuntimeError: Gloo connectFullMesh failed with no error
        (TrainWorker pid=402) bye
        """
    )
    record, _ = records(log)
    assert record.numbers == (1, 2, 3, 4, 5, 6, 7)
    assert record.lines[3].startswith("ray.exceptions.RayTaskError(RuntimeError): ray::TrainWorker.setup() (pid=402")
    assert record.lines[5] == ""


def test_a_traceback_cut_at_its_top() -> None:
    (record,) = records("\n".join(TRACEBACK.splitlines()[1:]))
    assert (record.level, len(record.lines)) == ("error", 4)


def test_a_traceback_that_lost_its_indentation() -> None:
    (record,) = records("\n".join(line.strip() for line in TRACEBACK.splitlines()))
    assert record.lines[-1].startswith("RuntimeError")


def test_other_messages_may_interrupt_a_traceback() -> None:
    lines = TRACEBACK.splitlines()
    lines[2:2] = ["gpu-07:411:437 [3] NCCL INFO Connected all rings", "INFO 05-01 09:14:33 [w.py:1] up"]
    traceback, nccl, vllm = records("\n".join(lines))
    assert traceback.numbers == (1, 2, 5, 6, 7)
    assert (nccl.text, vllm.text) == ("Connected all rings", "up")


def test_a_finished_traceback_takes_nothing_of_later_messages() -> None:
    lines = TRACEBACK.splitlines()
    lines[2:2] = ["INFO 05-01 09:14:33 [w.py:1] up"]
    lines += [
        "[W501 09:14:34.123456789 TCPStore.cpp:106] [c10d] sendBytes failed: Broken pipe",
        "Exception raised from sendBytes at /pytorch/torch/csrc/distributed/c10d/Utils.hpp:653 (most recent call first):",
        "frame #0: c10::Error::Error(c10::SourceLocation) + 0x9d (0x7d91 in /opt/env/lib/libc10.so)",
        "",
        "Process EngineCore:",
        *TRACEBACK.splitlines(),
    ]
    first, _, warning, second = records("\n".join(lines))
    assert first.numbers == (1, 2, 4, 5, 6)
    assert [number for number, line in zip(warning.numbers, warning.lines, strict=True) if line] == [7, 8, 9]
    assert second.numbers == (11, 12, 13, 14, 15, 16)


def test_a_warning_takes_its_source_line_and_no_more() -> None:
    log = dedent(
        """
        /opt/env/lib/python3.11/site-packages/x.py:138: FutureWarning: `reduce_op` is deprecated, use `ReduceOp` instead: error
          warnings.warn(
        INFO 05-01 09:14:33 [w.py:1] up
        Process EngineCore:
        """
    )
    warning, _, traceback = records(log + TRACEBACK)
    assert (warning.level, warning.numbers) == ("warning", (1, 2))
    assert traceback.numbers == (4, 5, 6, 7, 8, 9)


def test_a_logged_exception_of_uvicorn() -> None:
    (record,) = records("ERROR:    Exception in ASGI application\n" + TRACEBACK)
    assert (record.stream.component, record.level, len(record.lines)) == ("uvicorn", "error", 6)


def test_sglang_ends_its_message_with_the_header() -> None:
    log = (
        "[2026-05-01 09:14:33 TP0] Scheduler hit an exception: "
        + TRACEBACK
        + "\n\n[2026-05-01 09:14:34] Received sigquit from a child process.\n"
    )
    first, second = records(log)
    assert who(first) == {"component": "sglang", "process": "TP0"}
    assert first.lines[4].startswith("RuntimeError")
    assert second.text.startswith("Received sigquit")


def test_an_exception_group() -> None:
    log = dedent(
        """
          + Exception Group Traceback (most recent call last):
          |   File "/srv/app/serve.py", line 7, in main
          |     run()
          | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
          +-+---------------- 1 ----------------
            | Traceback (most recent call last):
            |   File "/srv/app/serve.py", line 9, in run
            |     raise ValueError("nothing")
            | ValueError: no such model
            +------------------------------------
        done
        """
    )
    group, done = records(log)
    assert "ValueError: no such model" in group.text
    assert "nothing" not in group.text
    assert done.text == "done"


# ---- messages over several lines ----


def test_vllm_repeats_its_head_with_cr_lf() -> None:
    head = "(EngineCore_DP0 pid=77) ERROR 05-01 09:14:33 [core.py:708] "
    lines = [
        "EngineCore failed to start.",
        *TRACEBACK.splitlines(),
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        *TRACEBACK.splitlines(),
    ]
    log = (
        "\r\n".join(head + line for line in lines)
        + "\n(EngineCore_DP0 pid=77) ERROR 05-01 09:14:34 [core.py:708] next\n"
    )
    record, after = records(log)
    assert (record.level, len(record.lines)) == ("error", len(lines))
    assert not any(line.endswith("\r") for line in record.lines)
    assert record.lines[3] == "", "source text is hidden here too"
    assert record.lines[5] == "RuntimeError: Gloo connectFullMesh failed with no error"
    assert after.text == "next"


def test_equal_heads_of_nccl_are_two_messages() -> None:
    line = "[2026-05-01 09:14:33] gpu-07:411:437 [3] transport/net_ib.cc:2210 NCCL WARN NET/IB: Got completion from peer 10.0.0.{}<4> with status=12\n"
    assert len(records(line.format(2) + "\n" + line.format(3))) == 2


def test_an_nccl_error_of_pytorch() -> None:
    log = dedent(
        """
        [rank3]:[E501 09:14:33.123456789 ProcessGroupNCCL.cpp:2057] [Rank 3] watchdog thread terminated with exception: NCCL error: remote process exited
        ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely.
        Last error:
        socketProgress: Connection closed by remote peer gpu-08<51432>
        Exception raised from checkForNCCLErrorsInternal at /pytorch/torch/csrc/distributed/c10d/ProcessGroupNCCL.cpp:2363 (most recent call first):
        frame #0: c10::Error::Error(c10::SourceLocation, std::string) + 0x98 (0x7f in /opt/env/lib/libc10.so)

        terminate called after throwing an instance of 'c10::DistBackendError'
          what():  [Rank 3] watchdog thread terminated with exception: NCCL error: remote process exited
        ncclRemoteError: A call failed possibly due to a network error or a remote process exiting prematurely.
        Last error:
        socketProgress: Connection closed by remote peer gpu-08<51432>
        done
        """
    )
    error, terminate, done = records(log)
    assert (error.stream.rank, error.stream.component) == (3, "torch")
    assert error.lines[3] == "socketProgress: Connection closed by remote peer gpu-08<51432>"
    assert (terminate.level, terminate.numbers) == ("fatal", (8, 9, 10, 11, 12))
    assert done.text == "done"


def test_a_cuda_error_with_its_advice() -> None:
    advice = dedent(
        """
        CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be incorrect.
        For debugging consider passing CUDA_LAUNCH_BLOCKING=1
        Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.
        """
    )
    error, after = records(TRACEBACK + "\n" + advice + "\nINFO:     Shutting down\n")
    assert error.numbers[:8] == (1, 2, 3, 4, 5, 6, 7, 8)
    assert after.text == "Shutting down"


def test_torchelastic_with_its_table() -> None:
    log = dedent(
        """
        Traceback (most recent call last):
          File "/opt/env/bin/torchrun", line 8, in <module>
            sys.exit(main())
        torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
        ============================================================
        pretrain.py FAILED
        ------------------------------------------------------------
        Failures:
          <NO_OTHER_FAILURES>
        ------------------------------------------------------------
        Root Cause (first observed failure):
        [0]:
          time      : 2026-05-01_09:14:33
          host      : gpu-07
          rank      : 11 (local_rank: 3)
          exitcode  : -9 (pid: 4329)
          error_file: <N/A>
          traceback : Signal 9 (SIGKILL) received by PID 4329
        ============================================================
        done
        """
    )
    record, done = records(log)
    assert record.numbers == tuple(range(1, 20))
    assert done.text == "done"


def test_a_crash_with_the_stacks_of_all_threads() -> None:
    log = dedent(
        """
        *** SIGSEGV received at time=1777625673 on cpu 17 ***
        PC: @     0x7f3c0a7fc740  (unknown)  ncclGroupEnd
            @     0x7f3c0a7fc741  (unknown)  start_thread
        Fatal Python error: Segmentation fault

        Thread 0x00007f3c0a7fc740 (most recent call first):
          File "/usr/lib/python3.12/threading.py", line 324 in wait
          File "/usr/lib/python3.12/threading.py", line 622 in run

        Extension modules: numpy.core._multiarray_umath (total: 1)
        done
        """
    )
    crash, done = records(log)
    assert (crash.level, crash.first_line) == ("fatal", 1)
    assert done.text == "done"


def test_a_ray_actor_that_died() -> None:
    log = dedent(
        """
        Traceback (most recent call last):
          File "/srv/app/driver.py", line 27, in <module>
            ray.get(refs)
        ray.exceptions.ActorDiedError: The actor died unexpectedly before finishing this task.
        \tclass_name: TrainWorker
        \tactor_id: 0f0f01000000
        \tpid: 1978
        \tip: 10.41.0.8
        The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: End of file.
        done
        """
    )
    died, done = records(log)
    assert died.numbers == tuple(range(1, 10))
    assert done.text == "done"


def test_blank_lines_end_no_record_and_lengthen_none() -> None:
    log = "INFO 05-01 09:14:33 [w.py:1] up\n" + "\n" * 30 + "(EngineCore_DP0 pid=77) INFO:     x\n\n"
    up, _ = records(log)
    assert up.numbers[-1] <= 2


# ---- bytes and counts ----


def test_a_progress_bar_and_then_an_error() -> None:
    log = (
        "Loading shards:   0% Completed | 0/4 [00:00<?, ?it/s]\rLoading shards:  50% Completed | 2/4 [00:02<00:02,  1.00it/s]"
        "\r(Worker_TP1 pid=81) ERROR 05-01 09:14:33 [w.py:1] out of space\r\n(Worker_TP1 pid=81) ERROR 05-01 09:14:33 [w.py:1] OSError: no space left\n"
    )
    *bars, error = records(log)
    assert all(bar.text.startswith("Loading") for bar in bars)
    assert error.lines == ("out of space", "OSError: no space left")
    assert error.numbers == (1, 2)


@pytest.mark.parametrize(
    "colour",
    ["\x1b[36m{}\x1b[0m", "\x1b[1;36m{}\x1b[0;0m", "\\u001b[36m{}\\u001b[0m", "#033[36m{}#033[0m", "[36m{}[0m"],
)
def test_colours_are_taken_off_however_they_are_spelt(colour: str) -> None:
    (record,) = records(colour.format("(TrainWorker pid=402)") + " INFO 05-01 09:14:33 [w.py:1] up")
    assert (record.stream.pid, record.text) == (402, "up")


@pytest.mark.parametrize("text", ["rate(x[5m])", "rate(x[30m])", "a[0] = b[1]"])
def test_brackets_that_are_no_colour(text: str) -> None:
    assert records(text)[0].text == text


def test_repeats_that_ray_counted() -> None:
    (record,) = records("(TrainWorker pid=402) ERROR 05-01 09:14:33 [w.py:1] lost [repeated 7x across cluster]")
    assert (record.repeats, record.text) == (7, "lost")


def test_a_json_log_with_a_traceback_inside() -> None:
    line = {
        "asctime": "2026-05-01 09:14:33,123",
        "levelname": "ERROR",
        "processName": "EngineCore",
        "process": 77,
        "message": "EngineCore failed to start.\n" + TRACEBACK,
    }
    *_, record = records(json.dumps(line))
    assert who(record) == {"process": "EngineCore", "pid": 77, "level": "error"}
    assert record.lines[-1].startswith("RuntimeError: Gloo")
    assert set(record.numbers) == {1}


def test_a_gap_ends_all_records() -> None:
    lines = [Line(number, text, frozenset(), gap=number == 4) for number, text in enumerate(TRACEBACK.splitlines(), 1)]
    assert len(list(assemble("x.log", lines))) > 1


def test_an_indented_traceback_is_read_as_if_it_stood_at_the_margin() -> None:
    lines = [
        "  error: subprocess-exited-with-error",
        "      Traceback (most recent call last):",
        '        File "/tmp/flange/setup.py", line 100, in <module>',
        "          bend()",
        "      flange.FlangeError: bent",
        "      [end of output]",
    ]
    traceback = next(record for record in assemble("x.log", list(enumerate(lines, 1))) if 2 in record.numbers)
    assert traceback.lines[0] == "Traceback (most recent call last):"
    assert "flange.FlangeError: bent" in traceback.lines


def test_no_record_grows_without_end() -> None:
    head = "INFO 05-01 09:14:33 [x.py:1] "
    lines = [(number, head + "x" * 10_000) for number in range(1, 100)]
    records = list(assemble("x.log", lines))
    assert len(records) > 1
    assert max(len(record.text) for record in records) < 300_000
    assert [number for record in records for number in record.numbers] == [number for number, _ in lines]
