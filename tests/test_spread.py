"""Files that are read side by side, in processes of their own, give what they give one after the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import FIXTURES

pytestmark = pytest.mark.skipif(os.uname().sysname != "Linux", reason="processes are forked on Linux only")

SIDE_BY_SIDE = """
from logdoctor import spread
spread.WORTH, spread.processors = 0, lambda: 2
"""
NEVER = "from logdoctor import spread; spread.worth = lambda sources: False"
DEADLY = """
import os
share, parent = spread._share, os.getpid()
def deadly(place):
    if place == 1 and os.getpid() != parent:
        os._exit(9)
    return share(place)
spread._share = deadly
"""
COUNTED = """
import sys
join = core.Run.join
def counted(run, share):
    sys.stderr.write("joined\\n")
    join(run, share)
core.Run.join = counted
"""


def explain(path: Path, *how: str) -> tuple[dict, list[str]]:
    """The diagnosis of a fresh process that was prepared by some code, and what it told."""
    code = "\n".join(("from logdoctor import core", *how, "from logdoctor.cli import main", "main()"))
    call = [sys.executable, "-c", code, "explain", str(path), "--format", "json"]
    done = subprocess.run(call, capture_output=True, text=True, timeout=120)
    diagnosis = json.loads(done.stdout)
    del diagnosis["stats"]["seconds"]
    return diagnosis, done.stderr.splitlines()


@pytest.mark.parametrize("run", ["nccl-link-lost", "torch-collectives-differ", "ray-node-killed"])
def test_the_diagnosis_is_the_same(run):
    together, told = explain(FIXTURES / run / "logs", SIDE_BY_SIDE, COUNTED)
    assert told.count("joined") == together["stats"]["sources"] > 1
    assert explain(FIXTURES / run / "logs", NEVER) == (together, [])


def test_what_cannot_be_read_is_told_all_the_same(tmp_path):
    (tmp_path / "a.log").write_text("all is well\n")
    (tmp_path / "b.log.gz").write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\3broken")
    together = explain(tmp_path, SIDE_BY_SIDE)
    assert explain(tmp_path, NEVER) == together
    assert "b.log.gz" in together[1][0]


def test_what_a_dead_process_leaves_is_read_by_the_one_that_waits():
    logs = FIXTURES / "nccl-link-lost" / "logs"
    assert explain(logs, SIDE_BY_SIDE, DEADLY) == explain(logs, NEVER)
