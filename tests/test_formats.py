"""The samples of the line grammars are their tests; a few properties hold for all of them."""

from __future__ import annotations

from typing import Any

import pytest
import regex

from logdoctor import rulebook
from logdoctor.formats import Grammar, assemble, load_grammars
from logdoctor.rulebook.compile import files, read

GRAMMARS = load_grammars()
WRITTEN = {entry["id"]: entry for path in files(rulebook.rules_directory() / "formats") for entry in read(path)}
"""The grammars as their files have them, with their samples."""
HEADS = (*GRAMMARS.wrappers, *GRAMMARS.records)
GROUPS = {
    "time",
    "level",
    "host",
    "pid",
    "tid",
    "rank",
    "process",
    "file",
    "lineno",
    "channel",
    "repeated",
    "rest",
    "text",
}


def samples(grammars: tuple[Grammar, ...], field: str = "samples") -> list[Any]:
    return [
        pytest.param(grammar, sample, id=f"{grammar.id}-{number}")
        for grammar in grammars
        for number, sample in enumerate(WRITTEN[grammar.id].get(field, ()), 1)
    ]


@pytest.mark.parametrize(("grammar", "sample"), samples(HEADS))
def test_a_sample_gives_its_groups(grammar: Grammar, sample: dict[str, Any]) -> None:
    matched = grammar.pattern.match(sample["line"])
    assert matched, sample["line"]
    groups = matched.groupdict()
    assert {name: groups.get(name) for name in sample["gives"]} == {
        name: None if value is None else str(value) for name, value in sample["gives"].items()
    }


@pytest.mark.parametrize(("grammar", "sample"), samples(GRAMMARS.names))
def test_a_name_tells_who_speaks(grammar: Grammar, sample: dict[str, Any]) -> None:
    found = grammar.pattern.search(sample["line"])
    assert found, sample["line"]
    assert {name: value for name, value in found.groupdict().items() if value} == sample["gives"]


@pytest.mark.parametrize(("grammar", "sample"), samples(GRAMMARS.records))
def test_a_record_is_taken_by_its_own_grammar(grammar: Grammar, sample: dict[str, Any]) -> None:
    assert GRAMMARS.strict_wrappers.match(sample["line"]) is None, "a wrapper peels it"
    found = GRAMMARS.heads.match(sample["line"])
    assert found
    assert found[0].id == grammar.id


@pytest.mark.parametrize(("grammar", "sample"), samples(tuple(g for g in GRAMMARS.wrappers if not g.weak)))
def test_a_prefix_is_peeled_by_its_own_grammar(grammar: Grammar, sample: dict[str, Any]) -> None:
    found = GRAMMARS.strict_wrappers.match(sample["line"])
    assert found
    assert found[0].id == grammar.id


@pytest.mark.parametrize(("grammar", "sample"), samples((*GRAMMARS.blocks, *GRAMMARS.continuations)))
def test_lines_make_so_many_records(grammar: Grammar, sample: dict[str, Any]) -> None:
    records = list(assemble("x.log", list(enumerate(sample["lines"], 1))))
    assert len(records) == (1 if sample.get("joins") else sample["records"]), [record.lines for record in records]


@pytest.mark.parametrize(("grammar", "line"), samples(GRAMMARS.all, "not_samples"))
def test_a_near_miss_is_left_alone(grammar: Grammar, line: str) -> None:
    apply = grammar.pattern.search if grammar.kind == "name" else grammar.pattern.match
    assert apply(line) is None


@pytest.mark.parametrize("grammar", GRAMMARS.all, ids=lambda grammar: grammar.id)
def test_a_grammar_keeps_the_rules(grammar: Grammar) -> None:
    assert WRITTEN[grammar.id]["samples"]
    assert WRITTEN[grammar.id]["not_samples"]
    named = set(grammar.pattern.groupindex)
    assert named <= GROUPS
    if grammar.kind == "wrapper":
        assert "rest" in named
        assert "text" not in named
    elif grammar.kind == "record":
        assert "text" in named
        assert "rest" not in named
        assert ("file" in named) == ("lineno" in named)
        assert "file" not in named or "time" in named, "equal heads without a time tell nothing"
    elif grammar.kind == "name":
        assert named <= {"host", "rank", "pid", "process"}
    else:
        assert not named
    if not grammar.weak and grammar.kind != "name":
        assert grammar.first, "it should begin with a literal or a character class"


UNITS = ("a", "A", " ", "(", "[", '"', ".", "a.", "a:", "(a ", '"b",', "a = ", "1", "=", "\\")


@pytest.mark.parametrize("grammar", GRAMMARS.all, ids=lambda grammar: grammar.id)
def test_a_pattern_is_linear(grammar: Grammar) -> None:
    starts = ("", *(str(sample.get("line", ""))[:40] for sample in WRITTEN[grammar.id]["samples"][:2]))
    for unit in UNITS:
        for start in starts:
            line = start + unit * (20_000 // len(unit))
            for pattern in (grammar.pattern, *grammar.parts.values()):
                regex.compile(pattern.pattern, regex.ASCII).match(line, timeout=5)  # raises when it explodes


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
