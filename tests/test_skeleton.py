"""``logdoctor rules new``: a rule to fill in, that already recognises the message it came from."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml
from helpers import source
from hypothesis import example, given
from hypothesis import strategies as st

from logdoctor import rulebook
from logdoctor.authoring import skeleton
from logdoctor.authoring.checks.examples import TODO
from logdoctor.authoring.examine import examine
from logdoctor.authoring.library import Library
from logdoctor.authoring.lint import lint
from logdoctor.rulebook.compile import mistakes

LOG = """\
2026-05-01 10:00:00 INFO starting
2026-05-01 10:00:01 ERROR [acme.py:12] fabric manager refused port 4711 of switch 'sw-a7' at 10.1.2.3:99 (code=7)
2026-05-01 10:00:02 ERROR [acme.py:12] fabric manager refused port 4712 of switch 'sw-b1' at 10.1.2.4:99 (code=9)
Traceback (most recent call last):
  File "/srv/acme/main.py", line 3, in <module>
    go()
acme.errors.FluxError: the capacitor of rank 3 holds 0x7f00 - 12.5 GiB
"""


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "logdoctor", "rules", "new", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_messages_of_one_kind_are_one_template() -> None:
    kinds = skeleton.templates([source("x.log", LOG.encode())], rulebook.load())
    assert [(kind.count, kind.shown) for kind in kinds] == [
        (1, "acme.errors.FluxError: the capacitor of rank <number> holds <id> - <number> GiB"),
        (2, "fabric manager refused port <number> of switch '<name>' at <address> (code=<number>)"),
    ]


def test_words_that_differ_are_values() -> None:
    kinds = [
        skeleton.of_line("x", 1, f"cannot join the mesh of {color} workers in time", rulebook.load())
        for color in ("red", "blue")
    ]
    (kind,) = skeleton.merged(kinds)
    assert (kind.count, kind.shown) == (2, "cannot join the mesh of <word> workers in time")


def test_a_skeleton_needs_nothing_but_its_author(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text(LOG)
    done = run("--from", log, "--nth", 2, "--output", tmp_path / "rules")
    assert done.returncode == 0, done.stderr
    assert "* --nth 2: 2x fabric manager refused port <number>" in done.stderr
    (path,) = (tmp_path / "rules").iterdir()
    assert path.name == "site-fabric-manager-refused-port.yaml"
    library = Library((path.parent,), (path.parent,))
    assert {problem.check for problem in lint(library)} == {"unfinished"}
    assert len(lint(library)) == path.read_text().count(f"{TODO}:") - 1  # one is a remark behind the layer
    assert examine(library, []).problems == []
    again = run("--from", log, "--nth", 2, "--output", tmp_path / "rules")
    assert (again.returncode, "cannot be written: File exists" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "nowhere.log"], "--from nowhere.log: no such file"),
        (["--from", "healthy.log"], "every error in it is known"),
        (["--from", "run.log", "--nth", "9"], "only 2 kinds of messages are unknown"),
        (["--from", "run.log", "--line", "99"], "has no text there"),
    ],
)
def test_bad_usage_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    (tmp_path / "run.log").write_text(LOG)
    (tmp_path / "healthy.log").write_text("all is well\n")
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert (done.returncode, said in done.stderr, done.stdout) == (2, True, "")


def test_any_line_can_be_taken(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text(LOG)
    assert yaml.safe_load(run("--from", log, "--line", 1).stdout)["signatures"] == [{"pattern": "starting"}]


@given(st.text(alphabet="abc '\"\\(){}[]:/.0123456789-=\t\x1b", min_size=1).filter(str.strip))
@example("\x1b\\")
def test_a_skeleton_of_any_line_is_a_rule(line: str) -> None:
    book = rulebook.load()
    template = skeleton.of_line("x", 1, line, book)
    if template is None:
        return
    text = skeleton.suggest(template, book)
    content = yaml.safe_load(text)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{content['id']}.yaml")
        path.write_text(text)
        found = [error.expected for error in mistakes(path, content, "rule")]
    assert all("literal" in message for message in found), found
