"""Every rule is tested by its own examples, and none may raise a false alarm on a healthy log."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from helpers import FIXTURES, diagnose, source

from logdoctor import core, rulebook
from logdoctor.rulebook.compile import files, read

RULES = rulebook.rules_directory()
PATHS = [path for path in files(RULES) if path.relative_to(RULES).parts[0] not in ("formats", "facts", "env")]
EXAMPLES = [
    pytest.param(path, number, id=f"{path.parent.name}/{path.stem}-{number}")
    for path in PATHS
    for number in range(len(read(path).get("tests", ())))
]


@pytest.mark.parametrize(("path", "number"), EXAMPLES)
def test_example(path: Path, number: int) -> None:
    rule = read(path)
    example: dict[str, Any] = rule["tests"][number]
    findings = diagnose(example.get("logs") or example["log"]).findings
    own = {case.id for case in rulebook.load().rule(rule["id"]).cases}
    if example["finds"] == "nothing":
        assert not [finding.id for finding in findings if finding.id in own and finding.rule == rule["id"]]
        return
    assert example["finds"] in own, "an example finds its own rule's cases"
    finding = next((finding for finding in findings if finding.id == example["finds"]), None)
    assert finding is not None, f"found {[finding.id for finding in findings]}"
    if "evidence" in example:
        assert any(example["evidence"] in evidence.text for evidence in finding.evidence), [
            evidence.text for evidence in finding.evidence
        ]
    for field in ("title", "cause"):
        assert example.get(field, "") in getattr(finding, field)
    assert example.get("fix", "") in json.dumps(dataclasses.asdict(finding.fix), ensure_ascii=False)
    if "role" in example:
        assert finding.role == example["role"]
    if example.get("first"):
        assert findings[0] is finding


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_has_examples_of_both_kinds(path: Path) -> None:
    found = [example["finds"] for example in read(path)["tests"]]
    assert "nothing" in found
    assert set(found) - {"nothing"}
    assert read(path).get("references"), "a rule names its sources"


@pytest.mark.parametrize("path", sorted((FIXTURES / "healthy").rglob("*.log")), ids=lambda path: path.stem)
def test_healthy_log_is_healthy(path: Path) -> None:
    diagnosis = diagnose(path.read_bytes())
    assert [finding.id for finding in diagnosis.findings if finding.severity == "error"] == []
    assert diagnosis.verdict == "healthy"


FACTS = [
    pytest.param(fact["id"], sample, id=f"{path.stem}-{fact['id']}-{number}")
    for path in files(RULES / "facts")
    for content in [read(path)]
    for fact in (content.get("facts", []) if isinstance(content, dict) else content)
    for number, sample in enumerate(fact["samples"])
]


@pytest.mark.parametrize(("name", "sample"), FACTS)
def test_fact_sample(name: str, sample: dict[str, Any]) -> None:
    run = core.Run(rulebook.load())
    run.read(source("sample", sample["line"].encode() + b"\n"))
    facts = [fact for id in run.observations.facts.names() for fact in run.observations.facts.all(id)]
    gives = sample.get("gives", {})
    stated = [fact for fact in facts if _template(name).match(fact.name)]
    if gives == "nothing":
        assert not stated
    elif gives:
        assert {(fact, str(value)) for fact, value in gives.items()} <= {(fact.name, fact.value) for fact in facts}
    else:
        assert stated


def _template(name: str) -> re.Pattern[str]:
    """What the names of a fact look like: its id, groups in it filled, perhaps with a further group's name."""
    return re.compile(re.sub(r"\\\{\w+\\\}", r"\\w+", re.escape(name)) + r"(\.\w+)?$")
