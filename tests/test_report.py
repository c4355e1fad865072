"""``logdoctor report``, ``redact`` and ``collect`` as processes: what they write, and that nothing secret is in it."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from helpers import FIXTURES
from hypothesis import given
from hypothesis import strategies as st
from planted import ANYWHERE, NAMED, SPECIAL, TOKENS, WORDS, draw, private_key, wrapped

from logdoctor.report.pack import safe_name

RUN = FIXTURES / "vllm-two-hosts-gloo-loopback" / "logs"


def logdoctor(*arguments: str | Path, text: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "logdoctor", *map(str, arguments)],
        input=text,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100", **variables},
        check=False,
    )


@pytest.mark.parametrize("ending", [".html", ".md", ".zip"])
def test_a_report(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"ticket{ending}"
    done = logdoctor("report", RUN, "-o", path)
    assert done.returncode == 0, done.stderr
    assert "GLOO_SOCKET_IFNAME is not set" in done.stderr
    if ending == ".zip":
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist() == [
                "report.html",
                "report.md",
                "logdoctor.json",
                "logs/head.log",
                "logs/worker.log",
            ]
            assert json.loads(archive.read("logdoctor.json"))["verdict"] == "root-cause"
        once, again = (json.loads(logdoctor("explain", logs, "--format", "json").stdout) for logs in (RUN, path))
        assert [(f["id"], f["count"]) for f in again["findings"]] == [(f["id"], f["count"]) for f in once["findings"]]
    else:
        assert "export GLOO_SOCKET_IFNAME=eth0" in path.read_text()


def test_the_same_logs_give_the_same_archive(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        logdoctor("report", RUN, "-o", tmp_path / name)
    with zipfile.ZipFile(tmp_path / "a.zip") as a, zipfile.ZipFile(tmp_path / "b.zip") as b:
        for name in a.namelist():
            if name.startswith("logs/"):
                assert a.read(name) == b.read(name)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "ticket.pdf"], "use .html, .md or .zip"),
        (["-o", "/nowhere/ticket.html"], "cannot be written"),
        (["--hide", "hosts", "--no-redact"], "use one of them"),
    ],
)
def test_bad_usage_is_told(arguments: list[str], said: str) -> None:
    done = logdoctor("report", RUN, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_log_is_told_and_the_rest_reported(tmp_path: Path) -> None:
    done = logdoctor("report", RUN, tmp_path / "none.log", "-o", tmp_path / "t.md")
    assert done.returncode == 2
    assert "none.log does not exist" in (tmp_path / "t.md").read_text()


# -- nothing secret leaves


def leaks(secrets: list[str], text: str) -> list[str]:
    return [secret for secret in secrets if secret[-12:] in text or secret[:14] in text]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A failing run whose logs, and whose names, hold every kind of secret in every position."""
    chance = random.Random("planted")
    value = draw("", "ABCDEFGHKLMNPQRSTUVWXYZabcdefghkmnpqrstuvwxyz23456789", 24)
    secrets: list[str] = []

    def one(secret: str) -> str:
        secrets.append(secret)
        return secret

    lines = []
    for make in TOKENS.values():
        lines += [template.format(one(make(chance))) for template in ANYWHERE.values()]
        lines += wrapped(f"2026-05-01 10:00:00 INFO the login of node gpu-a17 with {one(make(chance))}", 80).split("\n")
    for name in WORDS:
        lines += [template.format(name=name, value=one(value(chance))) for template in NAMED.values()]
    lines += [template.format(one(value(chance))) for template in SPECIAL.values()]
    key = private_key(chance)
    secrets += key[1:-1]
    lines += key
    failing = [  # secrets where findings, facts and evidence come from
        f"export NCCL_SOCKET_IFNAME={one(TOKENS['github'](chance))}",
        f"RuntimeError: Gloo connectFullMesh failed with {one(TOKENS['huggingface'](chance))}, remote=[127.0.1.1]:1",
        "Traceback (most recent call last):",
        f'  File "/home/zacharias/train.py", line 3, in login_{one(TOKENS["gitlab"](chance))}',
        f"ValueError: no login with {one(TOKENS['openai'](chance))} for zoe.b@quuxlabs-mail.net",
    ]
    secrets += ["zacharias", "zoe.b@quuxlabs-mail.net"]
    folder = tmp_path_factory.mktemp("planted") / "run"
    folder.mkdir()
    log = "\n".join([*failing, *(line for line in lines for line in (line,)), *failing]) + "\n"
    with tarfile.open(folder / f"logs-{one(TOKENS['github'](chance))}.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo(f"rank-{one(TOKENS['gitlab'](chance))}/worker.log")
        info.size = len(log.encode())
        archive.addfile(info, io.BytesIO(log.encode()))
    (folder / "head.log").write_text("\n".join(failing))
    return folder, secrets


@pytest.mark.parametrize("format", ["text", "json", "markdown", "html", "sarif", "junit", "github"])
def test_no_secret_is_in_an_explanation(format: str, planted: tuple[Path, list[str]], tmp_path: Path) -> None:
    folder, secrets = planted
    path = tmp_path / "out"
    done = logdoctor("explain", folder, "--redact", "--verbose", "--why", "--format", format, "-o", path)
    assert done.returncode == 1, done.stderr
    assert leaks(secrets, path.read_text()) == []


@pytest.mark.parametrize("ending", [".html", ".md", ".zip"])
def test_no_secret_is_in_a_report(ending: str, planted: tuple[Path, list[str]], tmp_path: Path) -> None:
    folder, secrets = planted
    path = tmp_path / f"ticket{ending}"
    assert logdoctor("report", folder, "-o", path).returncode == 0
    if ending == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                assert leaks(secrets, name + archive.read(name).decode()) == []
    else:
        assert leaks(secrets, path.read_text()) == []


def test_no_secret_is_in_a_redacted_log(planted: tuple[Path, list[str]], tmp_path: Path) -> None:
    folder, secrets = planted
    done = logdoctor("redact", folder, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) == 2
    for path in files:
        assert leaks(secrets, str(path) + path.read_text()) == []
    assert leaks(secrets, logdoctor("redact", text=(folder / "head.log").read_text()).stdout) == []


def test_without_redaction_nothing_is_masked(planted: tuple[Path, list[str]], tmp_path: Path) -> None:
    folder, secrets = planted
    logdoctor("report", folder, "--no-redact", "-o", tmp_path / "t.md")
    assert leaks(secrets, (tmp_path / "t.md").read_text())


def test_hosts_are_hidden_by_choice_and_the_mapping_stays_here(tmp_path: Path) -> None:
    mapping = tmp_path / "names.json"
    done = logdoctor("report", RUN, "--hide", "hosts", "--mapping", mapping, "-o", tmp_path / "t.md")
    assert done.returncode == 0, done.stderr
    names = json.loads(mapping.read_text())
    assert "10.77.0.1" in names
    assert "10.77.0.1" not in (tmp_path / "t.md").read_text()
    assert "127.0.1.1" in (tmp_path / "t.md").read_text()
    assert mapping.stat().st_mode & 0o077 == 0


@given(st.text(min_size=1, max_size=40))
def test_no_name_leads_out_of_the_archive(name: str) -> None:
    parts = safe_name(name).split("/")
    assert all(part and part not in (".", "..") for part in parts)
    assert all(part.isascii() and part.isprintable() for part in parts)


# -- collect


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("collect")
    run = folder / "run"
    run.mkdir()
    secret = TOKENS["github"](random.Random("collect"))
    (run / "worker.log").write_text((RUN / "worker.log").read_text() + f"\nlogin with {secret}\n")
    path = folder / "node.tar.gz"
    done = logdoctor("collect", run, "-o", path, NCCL_DEBUG="INFO", HF_TOKEN=secret)
    return path, done


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {name.partition("/")[2]: archive.extractfile(name).read() for name in archive.getnames()}  # type: ignore[union-attr]


def test_collect_takes_what_exists_and_lists_what_does_not(
    collected: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    path, done = collected
    assert done.returncode == 0, done.stderr
    found = members(path)
    assert {"system/uname.txt", "system/limits.txt", "system/shm.txt", "variables.txt", "MISSING.txt"} <= set(found)
    assert b"export NCCL_DEBUG=INFO" in found["variables.txt"]
    assert any(name.startswith("added/") and name.endswith("worker.log") for name in found)
    missing = found["MISSING.txt"].decode()
    assert "not had" in done.stderr
    assert all(f"not had: {line}" in done.stderr for line in missing.splitlines())


def test_collect_masks_secrets(collected: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    secret = TOKENS["github"](random.Random("collect")).encode()
    assert not any(secret in content for content in members(collected[0]).values())


def test_explain_reads_what_collect_wrote(collected: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    done = logdoctor("explain", collected[0], "--format", "json")
    assert done.returncode == 1, done.stderr
    found = [finding["id"] for finding in json.loads(done.stdout)["findings"]]
    assert "gloo-socket-ifname-missing" in found  # not always the first: the node's own messages count too


def test_collect_keeps_its_limit(tmp_path: Path) -> None:
    (tmp_path / "big.log").write_bytes(os.urandom(50_000).hex().encode() * 30)
    done = logdoctor("collect", tmp_path / "big.log", "-o", tmp_path / "n.tar.gz", "--limit", "1M")
    assert done.returncode == 0, done.stderr
    assert "over the limit of 1 MiB" in done.stderr
    assert sum(map(len, members(tmp_path / "n.tar.gz").values())) <= 1 << 20


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limit", "much"], "is no size"),
        (["/no/such/log"], "does not exist"),
        (["-o", "/nowhere/x.tar.gz"], "cannot be written"),
    ],
)
def test_bad_usage_of_collect_is_told(arguments: list[str], said: str) -> None:
    done = logdoctor("collect", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_comparison_is_masked_too(tmp_path: Path) -> None:
    secret = TOKENS["github"](random.Random("diff"))
    (tmp_path / "good.log").write_text("started\n")
    (tmp_path / "bad.log").write_text(f"started\nERROR login with {secret} failed\n")
    done = logdoctor("diff", tmp_path / "good.log", tmp_path / "bad.log", "--redact")
    assert "<github-token-1>" in done.stdout
    assert secret not in done.stdout
    done = logdoctor("diff", tmp_path / "good.log", tmp_path / "bad.log", "--format", "html")
    assert (done.returncode, "as text or json" in done.stderr) == (2, True)
