"""Every rule is tested by its own examples, every fact by its samples, and none may raise a false alarm on a healthy
log: what ``logdoctor rules test`` does, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from helpers import LIBRARY

from logdoctor import rulebook
from logdoctor.authoring import trials
from logdoctor.rulebook import healthy


@pytest.mark.parametrize(
    ("rule", "example"),
    [
        pytest.param(sheet.content["id"], example, id=f"{sheet.path.parent.name}/{sheet.path.stem}-{number}")
        for sheet in LIBRARY.of("rule")
        for number, example in enumerate(sheet.content["tests"])
    ],
)
def test_example(rule: str, example: Mapping[str, Any]) -> None:
    assert trials.example_fails(rule, example, rulebook.load()) is None


@pytest.mark.parametrize(
    ("entry", "example"),
    [
        pytest.param(entry, example, id=f"{entry['id']}-{number}")
        for sheet in LIBRARY.of("collect")
        for entry in sheet.content
        for number, example in enumerate(entry["tests"])
    ],
)
def test_what_is_asked_for(entry: Mapping[str, Any], example: Mapping[str, Any]) -> None:
    assert trials.request_fails(entry["why"], example, rulebook.load()) is None


@pytest.mark.parametrize(
    ("fact", "sample"),
    [
        pytest.param(fact["id"], sample, id=f"{sheet.path.stem}-{fact['id']}-{number}")
        for sheet in LIBRARY.of("facts")
        for _, fact in sheet.patterns()
        for number, sample in enumerate(fact["samples"])
    ],
)
def test_fact_sample(fact: str, sample: Mapping[str, Any]) -> None:
    assert trials.fact_sample_fails(fact, sample, rulebook.load()) is None


@pytest.mark.parametrize("log", [log for run in healthy.runs() for log in healthy.logs(run)], ids=lambda log: log.name)
def test_healthy_log_is_healthy(log: Path) -> None:
    assert trials.alarms(log, rulebook.load()) == []
