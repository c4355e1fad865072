"""The command line as a process: what a user types, what comes out, and with which exit status."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import logdoctor

FAILED = (
    "2026-05-01 09:14:30,001 INFO worker: rank 1/2 connecting to tcp://10.41.0.1:29500\n"
    "RuntimeError: [enforce fail at /pytorch/third_party/gloo/gloo/transport/tcp/device.cc:84] ifa != nullptr."
    " Unable to find address for: bond1\n"
)
HEALTHY = (
    "INFO 05-01 09:14:33 [api_server.py:1034] vLLM API server version 0.9.2\nINFO:     Application startup complete.\n"
)


def run(*arguments: object, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "logdoctor", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def failed(tmp_path: Path) -> Path:
    path = tmp_path / "rank_1.log"
    path.write_text(FAILED)
    return path


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"logdoctor {logdoctor.__version__}\n")


def test_help_names_the_command() -> None:
    assert "explain" in run("--help").stdout
    assert "--fail-on" in run("explain", "--help").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    done = run("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0
    assert "LOGDOCTOR_COMPLETE" in done.stdout.upper()


def test_explains_a_file(failed: Path) -> None:
    done = run("explain", failed)
    assert done.returncode == 1
    assert "bond1" in done.stdout
    assert "export GLOO_SOCKET_IFNAME=" in done.stdout
    assert "rank_1.log:2" in done.stdout
    assert "\x1b" not in done.stdout, "no colours in a pipe"
    assert done.stderr == ""


def test_explains_standard_input() -> None:
    for arguments in ((), ("-",)):
        done = run("explain", *arguments, "--format", "json", stdin=FAILED.encode())
        assert done.returncode == 1
        first = json.loads(done.stdout)["findings"][0]
        assert first["evidence"][0]["source"] == "<stdin>"
        assert first["evidence"][0]["line"] == 2


def test_a_healthy_log(tmp_path: Path) -> None:
    (tmp_path / "serve.log").write_text(HEALTHY)
    done = run("explain", tmp_path / "serve.log")
    assert done.returncode == 0
    assert run("explain", "--quiet", tmp_path / "serve.log").stdout == ""


def test_colours_are_the_users_choice(failed: Path) -> None:
    assert "\x1b[" in run("explain", "--color", "always", failed).stdout
    assert "\x1b[" not in run("explain", "--color", "never", failed).stdout
    assert "\x1b[" not in run("explain", failed, NO_COLOR="1").stdout


def test_output_goes_to_a_file(failed: Path, tmp_path: Path) -> None:
    target = tmp_path / "diagnosis.json"
    done = run("explain", failed, "--format", "json", "--output", target)
    assert (done.returncode, done.stdout) == (1, "")
    assert json.loads(target.read_text())["verdict"] == "root-cause"
    assert run("explain", failed, "--output", tmp_path / "no" / "such" / "folder").returncode == 2


@pytest.mark.parametrize(("fail_on", "status"), [("error", 1), ("warning", 1), ("never", 0)])
def test_fail_on(failed: Path, fail_on: str, status: int) -> None:
    assert run("explain", failed, "--fail-on", fail_on).returncode == status


def test_top_and_verbose(failed: Path) -> None:
    assert run("explain", failed, "--top", "1").returncode == 1
    assert "bond1" in run("explain", failed, "--verbose").stdout
    assert run("explain", failed, "--top", "0").returncode == 2


def test_a_run_of_many_files(tmp_path: Path) -> None:
    (tmp_path / "node1").mkdir()
    (tmp_path / "node1" / "rank_0.log").write_text(HEALTHY)
    (tmp_path / "node2").mkdir()
    (tmp_path / "node2" / "rank_1.log.gz").write_bytes(gzip.compress(FAILED.encode()))
    done = run("explain", tmp_path, "--format", "json")
    assert done.returncode == 1
    evidence = json.loads(done.stdout)["findings"][0]["evidence"][0]
    assert evidence["source"].startswith("node2/rank_1.log")
    assert json.loads(done.stdout)["stats"]["sources"] == 2
    with tarfile.open(tmp_path / "run.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "node2", "node2")
    assert run("explain", tmp_path / "run.tar.gz").returncode == 1
    assert run("explain", str(tmp_path / "node2" / "*.gz")).returncode == 1


def test_own_rules_add_to_the_built_in_ones_and_override_them(failed: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules" / "site"
    rules.mkdir(parents=True)
    (rules / "site-bond-missing.yaml").write_text(
        """
id: site-bond-missing
title: Somebody named bond1 again
component: site
severity: error
layer: host
signatures: [{pattern: 'Unable to find address for: bond1'}]
cause: Our nodes have no bond1.
fix: {summary: Use bond0., env: [{name: GLOO_SOCKET_IFNAME, value: bond0}]}
references: ['https://wiki.example/bonds']
tests:
  - {log: 'Unable to find address for: bond1', finds: site-bond-missing}
  - {log: 'bond1 is up', finds: nothing}
"""
    )
    done = run("explain", failed, "--rules", tmp_path / "rules", "--format", "json")
    assert json.loads(done.stdout)["findings"][0]["id"] == "site-bond-missing"
    assert run("explain", failed, "--rules", tmp_path / "nowhere").returncode == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: site-bad\ntitle: [", "not valid YAML"),
        ("id: site-bad\ntitel: typo\n", "titel"),
        ("", "is not of type"),
        (
            "id: site-bad\ntitle: t\ncomponent: c\nseverity: error\nlayer: fault\nsignatures: [{pattern: abcdef}]\n"
            "differential: [{id: a, when: {valu: x, matches: y}, cause: c, fix: {summary: s}}]\n"
            "tests: [{log: x, finds: a}, {log: y, finds: nothing}]\n",
            "site-bad.yaml:7: differential.0.when: expected one of the keys all, any, not, seen",
        ),
    ],
)
def test_a_bad_rule_file_is_told_and_the_rest_goes_on(failed: Path, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "site-bad.yaml").write_text(text)
    done = run("explain", failed, "--rules", tmp_path / "rules")
    assert done.returncode == 2
    assert "site-bad.yaml:" in done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "export GLOO_SOCKET_IFNAME=" in done.stdout, "what was found is not lost"


RULE = """
id: site-bad
title: t
component: site
severity: error
layer: fault
signatures: [{pattern: %s}]
cause: c
fix: {summary: s}
tests: [{log: x, finds: site-bad}, {log: y, finds: nothing}]
"""


@pytest.mark.parametrize(
    ("pattern", "said"), [("'(unclosed'", "regular expression"), (r"'\d+'", "literal"), ("'x'", "literal")]
)
def test_a_bad_pattern_is_told_with_its_line(failed: Path, tmp_path: Path, pattern: str, said: str) -> None:
    (tmp_path / "site-bad.yaml").write_text(RULE.lstrip() % pattern)
    done = run("explain", failed, "--rules", tmp_path)
    assert done.returncode == 2
    assert "site-bad.yaml:6: pattern: " in done.stderr
    assert said in done.stderr


def test_an_exploding_pattern_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "site-bad.yaml").write_text(RULE.lstrip() % r"'boom (a|a|aa)+$'")
    log = tmp_path / "x.log"
    log.write_text("boom " + "a" * 5000 + "b\n" + FAILED)
    done = run("explain", log, "--rules", tmp_path, "--format", "json")
    diagnosis = json.loads(done.stdout)
    assert diagnosis["findings"][0]["component"] == "gloo"
    assert any("site-bad" in sentence for sentence in diagnosis["stats"]["omitted"])


def test_missing_and_unreadable_input(failed: Path, tmp_path: Path) -> None:
    done = run("explain", tmp_path / "no-such.log", failed)
    assert done.returncode == 2
    assert "no-such.log" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "bond1" in done.stdout, "the rest is still explained"


def test_a_directory_without_logs(tmp_path: Path) -> None:
    done = run("explain", tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_empty_input() -> None:
    done = run("explain", "-")
    assert done.returncode == 2
    assert "empty" in done.stderr


def test_a_truncated_archive_gives_what_could_be_read(tmp_path: Path) -> None:
    noise = "".join(f"step {number} {os.urandom(8).hex()}\n" for number in range(20000))
    packed = gzip.compress((FAILED + noise).encode())
    (tmp_path / "x.log.gz").write_bytes(packed[: len(packed) // 2])
    done = run("explain", tmp_path / "x.log.gz")
    assert done.returncode == 2
    assert "bond1" in done.stdout
    assert len(done.stderr.splitlines()) == 1


def test_binary_and_broken_text(tmp_path: Path) -> None:
    (tmp_path / "core.bin").write_bytes(os.urandom(4096))
    assert run("explain", tmp_path / "core.bin").returncode == 2
    broken = tmp_path / "broken.log"
    broken.write_bytes(b"\x80\xfe caf\xe9\n" * 3 + FAILED.encode())
    assert run("explain", broken).returncode == 1


def test_a_line_of_100_mb(tmp_path: Path) -> None:
    path = tmp_path / "huge.log"
    with path.open("wb") as file:
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b"\n" + FAILED.encode())
    done = run("explain", path, "--format", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["findings"][0]["evidence"][0]["line"] == 3


def test_no_log_can_drive_the_terminal(tmp_path: Path) -> None:
    hostile = "\x1b]0;owned\x07[bold red]markup[/]\x9b31m\u202e"
    path = tmp_path / "x.log"
    path.write_text(
        f"RuntimeError: [enforce fail at x/gloo/transport/tcp/device.cc:84] ifa != nullptr. Unable to find address for: {hostile}\n"
    )
    for color in ("always", "never"):
        out = run("explain", path, "--color", color, "--verbose").stdout
        assert "\x1b]" not in out
        assert "\x07" not in out
        assert "\x9b" not in out
        assert "\u202e" not in out
        assert "[bold red]markup[/]" in out.replace("\n", "").replace(" ", "") or "[bold" in out


def test_a_reader_that_leaves_early(failed: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "logdoctor", "explain", failed], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.wait(30)


def test_stdin_holding_an_archive() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("../../etc/rank_1.log")
        member.size = len(FAILED)
        archive.addfile(member, io.BytesIO(FAILED.encode()))
    done = run("explain", "-", "--format", "json", stdin=packed.getvalue())
    assert done.returncode == 1
    assert json.loads(done.stdout)["findings"][0]["evidence"][0]["source"].endswith("rank_1.log")


def test_no_arguments_on_a_terminal_asks_for_logs() -> None:
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "logdoctor", "explain"], stdin=follower, capture_output=True, timeout=30, check=False
    )
    os.close(leader)
    os.close(follower)
    assert done.returncode == 2
    assert b"no logs given" in done.stderr
