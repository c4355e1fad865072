"""``logdoctor run -- COMMAND``: the command behaves as without it, and what it printed is explained."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_cli import FAILED, HEALTHY
from test_live import COMMAND, PATIENCE, started, until

from logdoctor import rulebook
from logdoctor.live.command import environment


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, "run", *map(str, arguments)],
        capture_output=True,
        check=False,
        timeout=60,
        **options,  # type: ignore[call-overload,no-any-return]
    )


@pytest.fixture
def failing(tmp_path: Path) -> list[str]:
    (tmp_path / "log").write_text(FAILED)
    return ["sh", "-c", f"cat {tmp_path}/log >&2; echo out; exit 7"]


def test_output_and_status_are_those_of_the_command(failing: list[str]) -> None:
    done = run("--", *failing)
    assert done.returncode == 7
    assert done.stdout == b"out\n"
    assert done.stderr.startswith(FAILED.encode())
    assert b"export GLOO_SOCKET_IFNAME=" in done.stderr
    assert b"<stderr>:2" in done.stderr


def test_one_stream_where_both_outputs_go_to_one_place(failing: list[str]) -> None:
    done = subprocess.run([*COMMAND, "run", *failing], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.stdout.startswith(f"{FAILED}out\n".encode())
    assert b"<output>:2" in done.stdout


def test_a_healthy_command_is_left_alone() -> None:
    done = run("--", "sh", "-c", f"printf '{HEALTHY}'")
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, HEALTHY, b"")


def test_standard_input_is_that_of_the_command() -> None:
    assert run("cat", input=b"\0bytes").stdout == b"\0bytes"


def test_a_status_that_nothing_explains_is_told() -> None:
    done = run("--", "sh", "-c", "kill -9 $$")
    assert done.returncode == 137
    assert b"137" in done.stderr


def test_a_command_that_cannot_be_run(tmp_path: Path) -> None:
    assert run("no-such-command").returncode == 127
    (tmp_path / "file").write_text("no program")
    done = run(tmp_path / "file")
    assert done.returncode == 126
    assert len(done.stderr.splitlines()) == 1


def test_json_goes_to_a_file(failing: list[str], tmp_path: Path) -> None:
    run("--format", "json", "--output", tmp_path / "diagnosis.json", "--", *failing)
    assert json.loads((tmp_path / "diagnosis.json").read_text())["verdict"] == "root-cause"


def test_what_a_command_leaves_running_is_not_waited_for() -> None:
    began = time.monotonic()
    assert run("--", "sh", "-c", "sleep 20 & echo started").stdout == b"started\n"
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_reach_the_command(number: int) -> None:
    program = "import signal, sys, time; " + "".join(
        f"signal.signal({one}, lambda n, _: sys.exit(n));" for one in (2, 10, 15)
    )
    with started("run", "--", sys.executable, "-u", "-c", f"{program} print('ready'); time.sleep(30)") as process:
        until(process.stdout, b"ready")
        process.send_signal(number)
        assert process.wait(PATIENCE) == number


def test_a_terminal_stays_a_terminal() -> None:
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    program = "import os, sys; print(sys.stdout.isatty(), sys.stderr.isatty()); print('x' * 3, flush=True)"
    with started("run", "--", sys.executable, "-c", program, stdout=follower, stderr=follower) as process:
        os.close(follower)
        with os.fdopen(leader, "rb", buffering=0) as terminal:
            assert until(terminal, b"xxx\r\n").splitlines()[0] == b"True True"
            assert process.wait(PATIENCE) == 0


def test_the_environment_is_known_and_secrets_are_not_kept(failing: list[str]) -> None:
    given = {
        "NCCL_SOCKET_IFNAME": "eth0",
        "NCCL_IB_PKEY": "3",
        "HF_TOKEN": "hf_secret",
        "GLOO_X": "redis://me:secret@host:1",
        "HOME": "/root",
    }
    facts = {fact.name: fact.value for fact in environment(given, rulebook.load().environment)}
    assert facts["env.NCCL_SOCKET_IFNAME"] == "eth0"
    assert facts["env.GLOO_X"] == "redis://***@host:1"
    assert "environment.known" in facts
    assert "env.HOME" not in facts
    assert "secret" not in str(facts)
    done = run("--format", "json", "--", *failing, env={**os.environ, "NCCL_SOCKET_IFNAME": "eth7"})
    diagnosis = json.loads(done.stderr[done.stderr.index(b"{") :])
    assert diagnosis["cluster"]["env"]["NCCL_SOCKET_IFNAME"] == ["eth7"]
