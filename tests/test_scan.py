"""The scanner gives the same lines however the bytes are cut, and the same hits as a naive search."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdoctor import scan as scanning
from logdoctor.model import Line
from logdoctor.scan import Scanner, folding
from logdoctor.scan.matcher import Matcher


class Book:
    """Just enough of a rulebook: three signatures, a fact, a heartbeat and an anchor."""

    literals = {"ncclSystemError": [0], "Killed process": [1], "Bootstrap": [2], "tokens/s": [3], "Error": [0, 1]}
    anchors = ("Traceback",)
    heartbeats = frozenset((3,))
    _patterns = {3: r"[1-9] tokens/s"}

    def is_fact(self, index: int) -> bool:
        return index >= 2

    def regex(self, index: int) -> object:
        import regex

        return regex.compile(self._patterns[index])


def scan(data: bytes, cuts: list[int]) -> tuple[list[Line], int]:
    def blocks() -> Iterator[bytes]:
        edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
        for start, end in pairwise(edges):
            yield data[start:end]

    run = Scanner(Book()).scan(blocks())  # type: ignore[arg-type]
    return list(run), run.lines


words = st.sampled_from(
    [
        b"ncclSystemError",
        b"Killed process 7",
        b"Bootstrap : Using",
        b"5 tokens/s",
        b"0 tokens/s",
        b"Traceback",
        b"Error",
        b"\r",
        b"\r\n",
        b"\n",
        b"\n\n",
        b"x" * 700,
        b"\xff\xfe",
        b" ok ",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(words, max_size=80).map(b"".join), st.lists(st.integers(0, 1 << 20), max_size=12))
def test_blocks_do_not_matter(data: bytes, cuts: list[int]) -> None:
    assert scan(data, cuts) == scan(data, [])


@settings(max_examples=30, deadline=None)
@given(st.lists(words, max_size=40).map(b"".join), st.lists(st.integers(0, 1 << 20), max_size=6))
def test_blocks_do_not_matter_for_lines_without_end(data: bytes, cuts: list[int]) -> None:
    before = scanning.PIECE
    scanning.PIECE = 2000
    try:
        assert scan(data, cuts) == scan(data, [])
    finally:
        scanning.PIECE = before


@given(st.lists(words, max_size=60).map(b"".join))
def test_finds_what_a_naive_search_finds(data: bytes) -> None:
    literals = [literal.encode() for literal in Book.literals]
    naive = sorted(
        (at, index) for index, literal in enumerate(literals) for at in range(len(data)) if data.startswith(literal, at)
    )
    assert Matcher(literals).find(data) == naive


def test_numbers_lines_as_an_editor_does() -> None:
    lines, count = scan(b"a\n" * 5000 + b"ncclSystemError: no\nthen this\n" + b"b\n" * 9000 + b"Killed process 7", [])
    hits = {line.number: line.text for line in lines if line.candidates}
    assert hits == {5001: "ncclSystemError: no", 14003: "Killed process 7"}
    assert count == 14003
    assert [line.number for line in lines if line.gap] == sorted({line.number for line in lines if line.gap})
    assert (5002, "then this") in [(line.number, line.text) for line in lines]


def test_a_healthy_log_costs_no_lines() -> None:
    assert scan(b"all is well\n" * 10000, []) == ([], 10000)


def test_a_fact_brings_no_context() -> None:
    lines, _ = scan(b"a\nBootstrap : Using eth0\nb\n", [])
    assert [line.text for line in lines] == ["Bootstrap : Using eth0"]


def test_only_the_first_and_the_last_heartbeat_are_read() -> None:
    lines, _ = scan(b"0 tokens/s\n" + b"5 tokens/s\n" * 1000 + b"0 tokens/s\n", [])
    assert [(line.number, line.text) for line in lines] == [(2, "5 tokens/s"), (1001, "5 tokens/s")]


def test_lines_that_repeat_are_counted_and_the_last_is_kept() -> None:
    log = b"".join(b"ncclSystemError of rank %d\nok\n" % number for number in range(10_000))
    lines, count = scan(log, list(range(0, len(log), 5000)))
    hits = [line for line in lines if line.candidates]
    assert count == 20_000
    assert len(hits) == folding.ALONE + 1
    assert sum(line.repeats for line in hits) == 10_000
    assert (hits[-1].number, hits[-1].text) == (19_999, "ncclSystemError of rank 9999")
    assert sum(line.text == "ok" for line in lines) < 500, "only the first ones bring the lines around them"


def test_of_a_progress_bar_the_parts_with_hits_and_the_last_are_read() -> None:
    bar = b"\r".join(b" %d%%|####|" % part for part in range(100))
    lines, _ = scan(bar + b"\rError: in the middle\r 99%|####|\nnext\n", [])
    assert [line.text for line in lines] == ["Error: in the middle", " 99%|####|", "next"]
    assert [line.number for line in lines] == [1, 1, 2]


def test_an_endless_line_is_read_around_its_hits() -> None:
    data = b"x" * 3_000_000 + b" ncclSystemError " + b"y" * 3_000_000 + b"\nKilled process 7\n"
    lines, count = scan(data, list(range(0, len(data), 1 << 16)))
    assert count == 2
    assert [line.number for line in lines if line.candidates] == [1, 2]
    assert max(len(line.text) for line in lines) <= scanning.WINDOW_BEFORE + scanning.WINDOW_AFTER


@pytest.mark.parametrize("data", [b"", b"\n", b"Error", b"\xff\xff Error \xff", b"\x00Error\x00"])
def test_odd_input(data: bytes) -> None:
    scan(data, [1])


def test_random_bytes() -> None:
    scan(os.urandom(1 << 20), [5000, 70000])
