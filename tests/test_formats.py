"""The samples of the line grammars are their tests, and ordinary text is none of theirs."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import LIBRARY

from logdoctor import rulebook
from logdoctor.authoring import trials
from logdoctor.formats import load_grammars

GRAMMARS = load_grammars()


def written(field: str) -> list[Any]:
    """What the grammars' files list under a field."""
    return [
        pytest.param(grammar["id"], sample, id=f"{grammar['id']}-{number}")
        for sheet in LIBRARY.of("formats")
        for _, grammar in sheet.patterns()
        if grammar["kind"] != "anchors"
        for number, sample in enumerate(grammar.get(field, ()), 1)
    ]


@pytest.mark.parametrize(("grammar", "sample"), written("samples"))
def test_a_sample_gives_what_it_says(grammar: str, sample: dict[str, Any]) -> None:
    assert trials.grammar_sample_fails(grammar, sample, rulebook.load()) is None


@pytest.mark.parametrize(("grammar", "line"), written("not_samples"))
def test_a_near_miss_is_left_alone(grammar: str, line: str) -> None:
    assert trials.near_miss_fails(grammar, line, rulebook.load()) is None


ORDINARY = (
    "",
    "Loading safetensors checkpoint shards:  25% Completed | 1/4 [00:02<00:07,  2.41s/it]",
    "hello world",
    "step 10 loss 2.31",
    "[0] init rpc as ps",
    "(this is a remark) and its text",
    "(pid 5) text",
    "+---------------+---------+",
    "| N/A   34C    P0    66W / 400W |",
    "rank 0 in world size 2",
    "12 workers",
    "node1 is up",
    "Killed",
    "Aborted (core dumped)",
    "https://docs.vllm.ai/en/latest/",
    "pip install vllm==0.11.0",
    "export NCCL_DEBUG=INFO",
    "{'object': 'list', 'data': []}",
    '{"object":"error","message":"no such model","code":404}',
    "Thu May  1 10:10:59 2025",
    "2026-05-01",
    "    indented",
    "- a list item",
    "# a comment",
    "$ ray status",
)


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_text_is_no_head(line: str) -> None:
    assert GRAMMARS.strict_wrappers.match(line) is None
    assert GRAMMARS.heads.match(line) is None
    assert GRAMMARS.openings.match(line) is None
    assert GRAMMARS.joints.match(line) is None
