"""What the compiler reads out of a pattern is right: a match always holds one of its literals, and begins as said."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdoctor.rulebook.literals import Endings, first_characters, needs, required


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        (r"Unable to find address for: (?P<interface>\S+)", ("Unable to find address for: ",)),
        (r"timed out connecting: (?:SO_ERROR: )?(?P<errno>[^,]+), remote=", ("timed out connecting: ",)),
        (r"(?:connectFullMesh|tensorpipe) failed", ("connectFullMesh", "tensorpipe")),
        (r"(?:Bootstrap : |Bootstrap: )Using", ("Bootstrap",)),
        (r"a|bcde", None),
        (r"\d+ abc", (" abc",)),
        (r"(?i)out of memory", None),
        (r"one\ntwo three", ("two three",)),
        (r"(?i:out of memory) on (?:GPU)", (" on GPU",)),
    ],
)
def test_required(pattern: str, literals: tuple[str, ...] | None) -> None:
    assert required(pattern) == literals


@pytest.mark.parametrize(
    ("pattern", "called", "others"),
    [
        (r"Got completion (?:error |status=)5", ["Got completion "], [("status=", "error ")]),
        (r"Got completion (?:error |status=)5", ["Got completion error 5"], []),
        (r"ipc path [^\n]* is longer than (?P<limit>\d+)", [" is longer than "], [("ipc path ",)]),
        (r"(?:vendor err \d+)? x", ["anything"], [(" x",)]),
        (r"one\Ktwo", ["one"], []),
    ],
)
def test_needs(pattern: str, called: list[str], others: list[tuple[str, ...]]) -> None:
    assert [set(choice) for choice in needs(pattern, called)] == [set(choice) for choice in others]


parts = st.recursive(
    st.sampled_from(["abcd", "efgh", "x", r"\d", ".", "[ab]", "ijkl", " "]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda choices: f"(?:{'|'.join(choices)})"),
        inner.map(lambda part: f"(?:{part})?"),
        inner.map(lambda part: f"({part})"),
        inner.map(lambda part: f"(?:{part})+"),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(parts, st.data())
def test_every_match_holds_a_required_literal(pattern: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
    literals, first = required(pattern), first_characters(pattern)
    if literals and "\n" not in text:
        assert any(literal in text for literal in literals)
    if first is not None:
        assert text[0] in first
    assert all(any(other in text for other in choice) for choice in needs(pattern, literals or ()))


def test_a_literal_ends_where_few_lines_do() -> None:
    usual, literals = ["all is settled, and started"], "worker was killed\nwas tied"
    assert Endings(usual, literals).telling("worker was killed") == "worker was kil"
    assert Endings(usual, f"{literals}\nworker was kilt").telling("worker was killed") == "worker was kille"
    assert Endings(usual, literals).telling("was tied") == "was tied", "it is short already"


@given(st.text("abed: ", max_size=30), st.lists(st.text("abed: ", max_size=30), max_size=3), st.text("abed: "))
def test_what_is_left_of_a_literal_stands_in_it(literal: str, usual: list[str], others: str) -> None:
    known = f"{others}\n{literal}"
    left = Endings(usual, known).telling(literal)
    assert literal.startswith(left)
    assert len(left) >= min(len(literal), max(Endings.STAY, len(literal) - Endings.CUT))
    assert known.count(left) <= known.count(literal)
