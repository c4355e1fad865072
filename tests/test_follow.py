"""``--follow``: files are read as they grow, are emptied and rotated, as ``tail -F`` does."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_cli import FAILED, HEALTHY
from test_live import COMMAND, PATIENCE, started, until


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "serve.log"
    path.write_text(HEALTHY)
    return path


@pytest.fixture
def follower(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with started("explain", "--follow", log.parent, "--format", "json") as process:
        yield process


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def ended(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The diagnosis after Ctrl-C."""
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    diagnosis: dict[str, Any] = json.loads(out)
    assert process.returncode == 1
    return diagnosis


def test_a_file_that_grows(log: Path, follower: subprocess.Popen[bytes]) -> None:
    append(log, FAILED[:100])
    append(log, FAILED[100:])
    assert b"serve.log line 4: " in until(follower.stderr, b"export GLOO_SOCKET_IFNAME=")
    assert ended(follower)["stats"]["lines"] == 4


def test_a_file_that_is_rotated(log: Path, follower: subprocess.Popen[bytes]) -> None:
    append(log, FAILED)
    until(follower.stderr, b"export GLOO_SOCKET_IFNAME=")
    log.rename(log.with_suffix(".log.1"))
    log.write_text("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n")
    until(follower.stderr, b"serve.log (2) line 1: ")
    stats = ended(follower)["stats"]
    assert (stats["sources"], stats["lines"]) == (2, 5)


def test_a_file_that_is_emptied(log: Path, follower: subprocess.Popen[bytes]) -> None:
    append(log, FAILED)
    until(follower.stderr, b"export GLOO_SOCKET_IFNAME=")
    log.write_text("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n")
    until(follower.stderr, b"serve.log (2) line 1: ")


def test_files_that_come_later(log: Path, follower: subprocess.Popen[bytes]) -> None:
    (log.parent / "weights.bin").write_bytes(bytes(100))
    (log.parent / "rank_1.log").write_text(FAILED)
    until(follower.stderr, b"rank_1.log line 2: ")
    assert ended(follower)["stats"]["sources"] == 2


def test_a_named_file_is_waited_for(tmp_path: Path) -> None:
    with started("explain", "-F", tmp_path / "later.log") as process:
        until(process.stderr, b"waiting for it")
        (tmp_path / "later.log").write_text(FAILED)
        until(process.stderr, b"export GLOO_SOCKET_IFNAME=")


def test_what_cannot_be_followed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.log.gz"
    path.write_bytes(gzip.compress(FAILED.encode()))
    with started("explain", "--follow", path) as process:
        until(process.stderr, b"cannot be followed")


@pytest.mark.parametrize("arguments", [[], ["-"], ["--tee", "x"]])
def test_only_files_are_followed(arguments: list[str]) -> None:
    done = subprocess.run([*COMMAND, "explain", "--follow", *arguments], capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
    assert b"--follow" in done.stderr or b"--tee" in done.stderr
