"""Recorded runs, broken on purpose or healthy, and the diagnosis that each must get. See fixtures/README.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import FIXTURES, diagnose

from logdoctor.model import Diagnosis, Finding, Fix

SCENARIOS = [pytest.param(path.parent, id=path.parent.name) for path in sorted(FIXTURES.glob("*/expected.yaml"))]
HEALTHY = [pytest.param(path, id=path.stem) for path in sorted((FIXTURES / "healthy").iterdir())]
KEYS = {"what", "verdict", "first", "evidence", "source", "fix", "cause"}
#: Stands before a failing log: it sets none of the variables, ranks and versions that decide a case.
EARLIER = FIXTURES / "healthy" / "ray-two-hosts" / "dashboard_agent.log"


def expected(scenario: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((scenario / "expected.yaml").read_text(encoding="utf-8"))
    return content


def logs(path: Path) -> dict[str, bytes]:
    """File name -> content, of a directory of logs or of one file."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return {file.name: file.read_bytes() for file in files}


def instructions(fix: Fix) -> str:
    """A fix as its reader may type it, one instruction a line."""
    return "\n".join(
        [
            fix.summary,
            *(
                f"unset {setting.name}" if setting.value is None else f"export {setting.name}={setting.value}"
                for setting in fix.env
            ),
            *(f"on {setting.where}" for setting in fix.env),
            *(flag.name if flag.value is None else f"{flag.name} {flag.value}" for flag in fix.flags),
            *fix.commands,
            *fix.steps,
        ]
    )


def holds(text: str, wanted: str) -> bool:
    """Whether the wanted text occurs, and a number at its end is not part of a longer one."""
    return re.search(re.escape(wanted) + (r"(?!\w|\.\d)" if wanted[-1].isdigit() else ""), text) is not None


def outline(diagnosis: Diagnosis) -> list[tuple[str, str, int]]:
    return [(finding.id, finding.role, finding.count) for finding in diagnosis.findings]


def place(finding: Finding) -> tuple[str, str, int]:
    return finding.id, finding.evidence[0].source, finding.evidence[0].line


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_diagnosis_is_right(scenario: Path) -> None:
    wanted = expected(scenario)
    assert wanted.keys() <= KEYS
    diagnosis = diagnose(logs(scenario / "logs"))
    assert diagnosis.findings, "nothing found"
    first = diagnosis.findings[0]
    assert (first.id, diagnosis.verdict) == (wanted["first"], wanted["verdict"]), outline(diagnosis)
    evidence = first.evidence[0]
    cited = logs(scenario / "logs")[wanted["source"]].decode().split("\n")[evidence.line - 1]
    assert evidence.source == wanted["source"]
    assert wanted["evidence"] in cited, f"line {evidence.line} is cited: {cited}"
    for text in wanted["fix"]:
        assert holds(instructions(first.fix), text), f"{text!r} is missing in:\n{instructions(first.fix)}"
    for text in wanted.get("cause", ()):
        assert holds(f"{first.title}\n{first.cause}", text), f"{text!r} is missing in: {first.title}. {first.cause}"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_order_of_files_does_not_matter(scenario: Path) -> None:
    files = logs(scenario / "logs")
    if len(files) == 1:
        pytest.skip("one file")
    backwards = diagnose(dict(reversed(files.items())))
    forwards = diagnose(files)
    assert outline(backwards) == outline(forwards)
    assert place(backwards.findings[0]) == place(forwards.findings[0])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_size_of_blocks_does_not_matter(scenario: Path) -> None:
    files = logs(scenario / "logs")
    whole, pieces = diagnose(files), diagnose(files, block=1000)
    assert pieces.findings == whole.findings
    assert pieces.verdict == whole.verdict


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_healthy_run_before_it_does_not_matter(scenario: Path) -> None:
    files = logs(scenario / "logs")
    before = EARLIER.read_bytes().rstrip(b"\n") + b"\n"
    alone, late = diagnose(files), diagnose({name: before + content for name, content in files.items()})
    identifier, source, line = place(alone.findings[0])
    assert late.verdict == alone.verdict
    assert place(late.findings[0]) == (identifier, source, line + before.count(b"\n"))


@pytest.mark.parametrize("run", HEALTHY)
def test_healthy_run_is_healthy(run: Path) -> None:
    diagnosis = diagnose(logs(run))
    assert [finding.id for finding in diagnosis.findings if finding.severity == "error"] == []
    assert diagnosis.verdict == "healthy"


@pytest.mark.parametrize(
    "path",
    sorted(path for path in FIXTURES.rglob("*") if path.is_file() and path.parent.name == "logs"),
    ids=lambda path: str(path.relative_to(FIXTURES)),
)
def test_log_is_small(path: Path) -> None:
    assert 0 < path.stat().st_size < 300_000
