"""Logs that are read while they are written, as a user does it: pipes that stay open, readers that leave, Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_cli import FAILED, HEALTHY

COMMAND = [sys.executable, "-m", "logdoctor"]
PATIENCE = 30.0
"""Seconds that a process may take before the test fails; nothing takes that long."""


def heed_signals() -> None:
    """A background job of a shell ignores Ctrl-C, and so would all that it starts, the suite included."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def started(*arguments: object, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A logdoctor with pipes at all ends."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    process = subprocess.Popen([*COMMAND, *map(str, arguments)], preexec_fn=heed_signals, **pipes)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()


def write(process: subprocess.Popen[bytes], text: str | bytes) -> None:
    assert process.stdin
    process.stdin.write(text if isinstance(text, bytes) else text.encode())
    process.stdin.flush()


def until(pipe: Any, wanted: bytes) -> bytes:
    """What comes out until this does."""
    seen, end = b"", time.monotonic() + PATIENCE
    while wanted not in seen:
        ready, _, _ = select.select([pipe], [], [], max(0, end - time.monotonic()))
        assert ready, f"{wanted!r} did not come, but {seen!r}"
        block = os.read(pipe.fileno(), 1 << 16)
        assert block, f"ended without {wanted!r}, with {seen!r}"
        seen += block
    return seen


def test_a_finding_is_told_while_the_pipe_is_open() -> None:
    with started("explain", "--format", "json") as process:
        write(process, FAILED)
        assert b"export GLOO_SOCKET_IFNAME=" in until(process.stderr, b"GLOO_SOCKET_IFNAME=")
        out, err = process.communicate(b"more\n", PATIENCE)
    assert process.returncode == 1
    assert json.loads(out)["stats"]["lines"] == 3
    assert err.count(b"export GLOO") == 0, "told once"


def test_nothing_is_told_early_when_the_pipe_has_ended() -> None:
    done = subprocess.run([*COMMAND, "explain"], input=FAILED.encode(), capture_output=True, check=False, timeout=60)
    assert done.stderr == b""
    assert b"export GLOO_SOCKET_IFNAME=" in done.stdout


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_with_the_full_diagnosis(signal_: int) -> None:
    with started("explain", "--format", "json") as process:
        write(process, FAILED + "an unfinished line")
        until(process.stderr, b"GLOO_SOCKET_IFNAME=")
        process.send_signal(signal_)
        assert process.stdout
        diagnosis = json.loads(process.stdout.read())
        assert process.wait(PATIENCE) == 1
    assert diagnosis["verdict"] == "root-cause"
    assert diagnosis["stats"]["lines"] == 3


def test_a_signal_before_the_first_byte() -> None:
    with started("explain") as process:
        time.sleep(1.5)  # it waits for input by now; a signal before that ends it too, in another way
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) in (2, -signal.SIGINT)


def test_nohup_is_honoured() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with started("explain", "--format", "json") as process:
            write(process, FAILED)
            until(process.stderr, b"GLOO_SOCKET_IFNAME=")
            process.send_signal(signal.SIGHUP)
            out, _ = process.communicate(HEALTHY.encode(), PATIENCE)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert json.loads(out)["stats"]["lines"] == 4


def test_a_stall_after_a_failure_brings_the_diagnosis_and_the_pipe_goes_on() -> None:
    with started("explain", "--stall", "0.2s", "--quiet") as process:
        write(process, FAILED + HEALTHY)
        assert b"gloo-interface-not-found" in until(process.stdout, b"4 lines of 1 log (")
        write(process, HEALTHY)
        out, _ = process.communicate(timeout=PATIENCE)
    assert b"6 lines" in out


def test_a_healthy_stall_says_nothing() -> None:
    with started("explain", "--stall", "0.1") as process:
        write(process, HEALTHY)
        assert process.stdout
        assert select.select([process.stdout], [], [], 1.5)[0] == []


@pytest.mark.parametrize("text", ["soon", "-3s", "3 days"])
def test_a_stall_is_a_time(text: str) -> None:
    done = subprocess.run([*COMMAND, "explain", f"--stall={text}"], capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
    assert b"30s" in done.stderr


def test_tee_passes_the_first_byte_at_once() -> None:
    with started("explain", "--tee") as process:
        for byte in (b"\xff", b"a", b"\n", b"\0"):
            write(process, byte)
            assert until(process.stdout, byte) == byte


def test_tee_changes_no_byte() -> None:
    log = random.Random(7).randbytes(3_000_000).replace(b"\0", b"\n") + FAILED.encode() + b"no newline"
    done = subprocess.run(
        [*COMMAND, "explain", "--tee", "--format", "json"], input=log, capture_output=True, check=False, timeout=60
    )
    assert done.stdout == log
    assert done.returncode == 1
    assert json.loads(done.stderr)["verdict"] == "root-cause"


def test_tee_waits_for_a_slow_reader() -> None:
    log = b"".join(b"line %d\n" % number for number in range(200_000)) + FAILED.encode()
    with started("explain", "--tee", "--quiet") as process:
        writer = os.fork()
        if writer == 0:
            with contextlib.suppress(OSError):
                write(process, log)
            os._exit(0)
        assert process.stdin
        process.stdin.close()
        time.sleep(0.3)
        assert process.stdout
        assert process.stdout.read() == log
        os.waitpid(writer, 0)
        assert process.wait(PATIENCE) == 1


def test_tee_goes_on_without_a_reader() -> None:
    with started("explain", "--tee", "--format", "json") as process:
        assert process.stdout
        process.stdout.close()
        write(process, b"x\n" * 1000)
        write(process, FAILED)
        assert process.stdin
        process.stdin.close()
        assert process.stderr
        assert json.loads(process.stderr.read())["stats"]["lines"] == 1002
        assert process.wait(PATIENCE) == 1


def test_tee_passes_the_last_words_after_ctrl_c() -> None:
    with started("explain", "--tee", "--format", "json") as process:
        write(process, FAILED)
        until(process.stderr, b"GLOO_SOCKET_IFNAME=")
        process.send_signal(signal.SIGINT)
        write(process, "KeyboardInterrupt\n")
        assert process.stdin
        process.stdin.close()
        assert process.stdout
        assert process.stdout.read().decode() == FAILED + "KeyboardInterrupt\n"
        assert process.stderr
        assert b"root-cause" in process.stderr.read()


def test_tee_takes_no_paths(tmp_path: Path) -> None:
    done = subprocess.run([*COMMAND, "explain", "--tee", tmp_path], capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
    assert b"--tee" in done.stderr


def test_the_status_line_on_a_terminal() -> None:
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    with started("explain", "--format", "json", stderr=follower) as process:
        os.close(follower)
        write(process, HEALTHY + FAILED)
        with os.fdopen(leader, "rb", buffering=0) as terminal:
            seen = until(terminal, b"suspect")
            assert b"4 lines, 1 suspect" in seen
            assert b"\r" in seen
            out, _ = process.communicate(timeout=PATIENCE)
    assert json.loads(out)["verdict"] == "root-cause"


def test_what_is_read_does_not_depend_on_how_it_comes() -> None:
    text = (FAILED + HEALTHY) * 20
    whole = subprocess.run(
        [*COMMAND, "explain", "--format", "json"], input=text.encode(), capture_output=True, check=False, timeout=60
    )
    with started("explain", "--format", "json") as process:
        for start in range(0, len(text), 997):
            write(process, text[start : start + 997])
            time.sleep(0.01)
        out, _ = process.communicate(timeout=PATIENCE)
    one, other = json.loads(whole.stdout), json.loads(out)
    for diagnosis in (one, other):
        diagnosis["stats"].pop("seconds")
    assert one == other
