"""The scanner gives the same lines however the bytes are cut, and the same hits as a naive search."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdoctor import scan as scanning
from logdoctor.model import Line
from logdoctor.scan import Scan, Scanner, beats, chunks, folding, matcher, search
from logdoctor.scan.matcher import Automaton, Hyperscan, Plain


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


def scan(data: bytes, cuts: list[int], threads: int = 1) -> tuple[list[Line], int]:
    def blocks() -> Iterator[bytes]:
        edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
        for start, end in pairwise(edges):
            yield data[start:end]

    scanner = Scanner(Book(), threads)  # type: ignore[arg-type]
    run = Scan(scanner)
    lines = [line for chunk, hits in scanner.chunks(blocks()) for line in run.feed(chunk, hits)]
    assert run.twin().rest() == run.twin().rest(), "a look at what is still to come changes nothing"
    return lines + run.rest(), run.lines


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
    before = chunks.PIECE
    scanning.PIECE = chunks.PIECE = 2000
    try:
        assert scan(data, cuts) == scan(data, [])
    finally:
        scanning.PIECE = chunks.PIECE = before


@settings(max_examples=60, deadline=None)
@given(st.lists(words, max_size=80).map(b"".join), st.lists(st.integers(0, 1 << 20), max_size=4))
def test_threads_do_not_matter(data: bytes, cuts: list[int]) -> None:
    before, search.WORTH, search.LEARNT = (search.WORTH, search.LEARNT), 0, 1
    try:
        assert scan(data, cuts, threads=3) == scan(data, [])
    finally:
        search.WORTH, search.LEARNT = before


@pytest.mark.skipif(not find_spec("hyperscan"), reason="no hyperscan here")
def test_threads_do_not_look_for_what_stands_in_every_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "WORTH", 0)
    found: list[list[int]] = []
    find = Hyperscan.find
    monkeypatch.setattr(Hyperscan, "find", lambda *given: found.append(find(*given) or []) or found[-1])
    idle, busy = (b"%d tokens/s" % speed + b" " * 60 + b"\n" for speed in (0, 5))
    data = idle * 3000 + busy * 3000 + b"all is well\n" * 6000 + busy + b"Killed process 7\n"
    lines, _ = scan(data, list(range(0, len(data), 500)), threads=2)
    assert [line.number for line in lines if 3 in line.candidates] == [3001, 12001]
    assert sum(map(len, found)) < 200


alike = [  # lines that only digits tell apart, and those that look so
    b"Killed process %d of Error",
    b"Killed process %d of rror",
    b"Killed process %d of E1rror",
    b"Killed process %d" + b"y" * 375,
    b"Killed process %d" + b"y" * 420,
    b"Error at %d tokens/s",
    b"Error at %dd tokens/s",
    b"all is well %d",
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(alike), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0, 7, 10**12])), max_size=60),
    st.lists(st.integers(0, 1 << 20), max_size=12),
)
def test_how_lines_that_repeat_are_told_does_not_matter(
    kinds: list[bytes], order: list[tuple[int, int]], cuts: list[int]
) -> None:
    data = b"\n".join(kinds[kind % len(kinds)] % number for kind, number in order)
    before = scanning.WITH_CONTEXT, scanning.FREELY, scanning.ALONE, scanning.CROWDED, folding.EACH
    scanning.WITH_CONTEXT, scanning.FREELY, scanning.ALONE, scanning.CROWDED, folding.EACH = 1, 2, 5, 1, 1
    try:
        one_by_one = scan(data, [])
        assert scan(data, cuts) == one_by_one
        scanning.CROWDED = 1 << 30
        assert scan(data, cuts) == one_by_one
    finally:
        scanning.WITH_CONTEXT, scanning.FREELY, scanning.ALONE, scanning.CROWDED, folding.EACH = before


def test_lines_that_repeat_are_counted_without_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    searched = []
    find = Scanner.find
    monkeypatch.setattr(Scanner, "find", lambda *given: searched.append(len(given[1])) or find(*given))
    log = b"".join(b"ncclSystemError of rank %d\n" % number for number in range(100_000))
    lines, count = scan(log, list(range(0, len(log), 1 << 18)))
    assert (count, sum(line.repeats for line in lines)) == (100_000, 100_000)
    assert sum(searched) < len(log) / 2


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([b"1 beat", b"0 beat", b"x", b"x" * 30]), max_size=80), st.lists(st.integers(1, 300)))
def test_a_heartbeat_is_found_as_a_naive_search_finds_it(lines: list[bytes], cuts: list[int]) -> None:
    data = b"\n".join(lines)
    held = [
        (at, line)
        for at, line in zip(accumulate((len(line) + 1 for line in lines), initial=0), lines, strict=False)
        if b"beat" in line
    ]
    slots = [
        list(group)
        for _, group in groupby(held, lambda line: line[0] // 32 if line[0] < 512 else 16 + (line[0] - 512) // 64)
    ]
    tried = ([slot[0] for slot in slots], [slot[-1] for slot in slots][::-1])
    wanted = {at for some in tried for at in [at for at, line in some if line == b"1 beat"][:1]}
    beat = beats.Beat(lambda line: line == "1 beat")
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    before = beats.FINE, beats.BEGIN, beats.SLOT
    beats.FINE, beats.BEGIN, beats.SLOT = 32, 512, 64
    try:
        for chunk in chunks.cut((data[start:end] for start, end in pairwise(edges)), 50):
            beat.take(chunk, [literal for literal in (b"beat", b"1 b") if literal in chunk.data[chunk.new :]])
    finally:
        beats.FINE, beats.BEGIN, beats.SLOT = before
    assert [place.at for place in beat.places] == sorted(wanted)


ENGINES = [
    Plain,
    Automaton,
    lambda literals, once: Automaton(literals, once, fast=False),
    pytest.param(Hyperscan, marks=pytest.mark.skipif(not find_spec("hyperscan"), reason="no hyperscan here")),
]


@pytest.mark.parametrize("engine", ENGINES)
@given(
    st.lists(st.text("ab\0\xe9", min_size=1, max_size=5).map(str.encode), min_size=1, max_size=12, unique=True),
    st.lists(st.text("ab\n\0\xe9").map(str.encode)).map(b"".join),
    st.integers(0, 9),
    st.sets(st.integers(0, 3)),
)
def test_every_engine_finds_what_a_naive_search_finds(
    engine: Any, literals: list[bytes], data: bytes, start: int, once: set[int]
) -> None:
    naive = [
        (at, index)
        for at in range(start, len(data))
        for index, literal in enumerate(literals)
        if data.startswith(literal, at)
    ]
    if engine is Hyperscan and any(b"\0" in literal for literal in literals):
        with pytest.raises(matcher.NotHere):
            Hyperscan(literals, once)
        return
    found = [(hit >> matcher.SHIFT, hit & matcher.LITERAL) for hit in engine(literals, once).find(data, start)]
    assert found == sorted(found)
    assert [hit for hit in found if hit[1] not in once] == [hit for hit in naive if hit[1] not in once]
    assert {hit[1] for hit in found} == {hit[1] for hit in naive}
    assert set(found) <= set(naive)


def test_without_hyperscan_the_engine_grows_with_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    matchers = matcher.Matchers([b"Error"])
    engines = [type(matchers.after(size)) for size in (1000, matcher.PLAIN, matcher.SMALL)]
    assert engines == [Plain, Automaton, Automaton]


@pytest.mark.skipif(not find_spec("hyperscan"), reason="no hyperscan here")
def test_what_hyperscan_makes_of_the_literals_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = Hyperscan([b"Error", b"Killed"], keep=True).find(b"an Error")
    (kept,) = (tmp_path / "logdoctor").iterdir()
    for content in (kept.read_bytes(), kept.read_bytes()[:-9], b"", b"Error"):
        kept.write_bytes(content)
        assert Hyperscan([b"Error", b"Killed"], keep=True).find(b"an Error") == found
    kept.write_bytes(kept.read_bytes().replace(b"Killed", b"killed"))
    assert Hyperscan([b"Error", b"Killed"], keep=True).find(b"an Error, Killed") == [*found, 10 << matcher.SHIFT | 1]


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
    idle, busy = (b"%d tokens/s" % speed + b" " * 60 + b"\n" for speed in (0, 5))
    lines, _ = scan(idle + busy * 1000 + idle, [])
    assert [(line.number, line.text.strip()) for line in lines] == [(2, "5 tokens/s"), (1001, "5 tokens/s")]


def test_lines_that_repeat_are_counted_and_the_last_is_kept() -> None:
    log = b"".join(b"ncclSystemError of rank %d\nok\n" % number for number in range(10_000))
    lines, count = scan(log, list(range(0, len(log), 5000)))
    hits = [line for line in lines if line.candidates]
    assert count == 20_000
    assert len(hits) == folding.ALONE + 1
    assert sum(line.repeats for line in hits) == 10_000
    assert (hits[-1].number, hits[-1].text) == (19_999, "ncclSystemError of rank 9999")
    assert sum(line.text == "ok" for line in lines) < 500, "only the first ones bring the lines around them"


def _repeating(speakers: int, lines: int) -> bytes:
    """A message at different times and with different numbers, by so many ranks in turn."""
    return b"".join(
        b"[rank%d] 09:%02d:%02d ncclSystemError at step %d of the run, %s: %d\n"
        % (number % speakers, number // 60, number % 60, 7, b"x" * 40, number)
        for number in range(lines)
    )


def test_of_lines_that_repeat_some_of_each_speaker_are_read() -> None:
    lines, count = scan(_repeating(50, 1000), list(range(0, 80_000, 5000)))
    assert sum(line.repeats for line in lines) == count == 1000
    spoken = Counter(line.text.split("]")[0] for line in lines)
    assert len(spoken) == 50
    lines, _ = scan(_repeating(1, 1000), [])
    assert len(lines) == folding.FREELY + folding.EACH + 1, "the last one is kept too"
    assert (lines[-1].number, lines[-1].repeats) == (1000, 1000 - len(lines) + 1)


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
