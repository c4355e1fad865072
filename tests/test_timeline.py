"""The timeline (lanes, first occurrences, progress, clocks), and the lines kept around what is found."""

from __future__ import annotations

import pytest
from helpers import FIXTURES, diagnose, source

from logdoctor import core, rulebook, sources
from logdoctor.diagnosis import timeline
from logdoctor.model import Mark
from logdoctor.scan.excerpts import AFTER, BEFORE, Excerpts

HANG = (
    "[rank{rank}]:[E501 10:{minute:02}:07.000000000 ProcessGroupNCCL.cpp:616] [Rank {rank}] Watchdog caught collective "
    "operation timeout: WorkNCCL(SeqNum=4, OpType=ALLREDUCE, NumelIn=1, NumelOut=1, Timeout(ms)=600000) ran for 600031 "
    "milliseconds before timing out."
)
TIMEOUT = "c10d-nccl-collective-timeout"


def hang(ranks: int) -> str:
    """Each rank says its name, then that a collective timed out."""
    return "\n".join(
        [*(f"[rank{rank}]: here" for rank in range(ranks))]
        + [HANG.format(rank=rank, minute=rank % 60) for rank in range(ranks)]
    )


def marks(kind: str, found: tuple[Mark, ...]) -> list[Mark]:
    return [mark for mark in found if mark.kind == kind]


def test_each_rank_has_a_lane_with_its_first_occurrence_however_many_there_are() -> None:
    """More ranks than a finding keeps events of."""
    line = diagnose(hang(300)).timeline
    assert [lane.stream.rank for lane in line.lanes] == list(range(300))
    assert all(
        [(mark.finding, mark.line) for mark in marks("finding", lane.marks)] == [(TIMEOUT, 301 + rank)]
        for rank, lane in enumerate(line.lanes)
    )


def test_time_is_counted_from_the_earliest_of_all_lanes() -> None:
    line = diagnose({"a.log": HANG.format(rank=0, minute=5), "b.log": HANG.format(rank=1, minute=3)}).timeline
    assert line.start == "--05-01T10:03:07.000000"
    assert [marks("finding", lane.marks)[0].at for lane in line.lanes] == [120.0, 0.0]


def test_repeated_occurrences_are_counted_not_repeated() -> None:
    line = diagnose("\n".join(HANG.format(rank=3, minute=minute) for minute in range(9))).timeline
    (lane,) = line.lanes
    assert [(mark.count, mark.line) for mark in marks("finding", lane.marks)] == [(9, 1)]


def test_a_mark_without_a_time_stands_at_the_time_before_it() -> None:
    log = (
        HANG.format(rank=0, minute=1)
        + "\n[rank1]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB."
    )
    line = diagnose(log).timeline
    (mark,) = marks("finding", line.lanes[1].marks)
    assert mark.at == 0.0


def test_clocks_that_cannot_be_compared_are_left_out() -> None:
    dated = "2026-05-01 10:00:00,000 ERROR torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB."
    line = diagnose({"a.log": HANG.format(rank=0, minute=1) + "\n" + HANG.format(rank=2, minute=2), "b.log": dated})
    assert {mark.at for lane in line.timeline.lanes for mark in lane.marks if mark.source == "b.log"} == {None}


def test_progress_is_shown_with_its_first_and_last_sign() -> None:
    steps = "\n".join(
        f'2026-05-01 10:00:{second:02},000 INFO: 10.0.0.1:4 - "GET /health HTTP/1.1" 200 OK' for second in range(9)
    )
    lane = diagnose(steps).timeline.lanes[0]
    assert [mark.line for mark in marks("progress", lane.marks)] == [1, 9]


def test_what_a_host_says_stands_beside_its_ranks() -> None:
    nccl = "node{host}:{pid}:{pid} [{local}] NCCL INFO comm 0x7f rank {rank} nranks 4 cudaDev {local} busId 3b000 commId 0x9e1b2b7f5b6f3c1d - Init START"
    log = [nccl.format(host=rank // 2, pid=100 + rank, local=rank % 2, rank=rank) for rank in range(4)]
    kernel = "May  1 10:00:00 node1 kernel: Out of memory: Killed process 102 (python) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0"
    line = diagnose({"run.log": "\n".join(log), "kern.log": kernel}).timeline
    assert [lane.stream.rank for lane in line.lanes] == [0, 1, None, 2, 3]
    assert line.lanes[2].stream.component == "kernel"


def test_lanes_are_bounded_and_those_with_findings_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "LANES", 10)
    log = "\n".join([*(f"[rank{rank}]: Traceback" for rank in range(40)), HANG.format(rank=39, minute=1)])
    line = diagnose(log).timeline
    assert (len(line.lanes), line.omitted) == (10, 30)
    assert line.lanes[-1].stream.rank == 39


def test_unrecognised_failures_have_their_place() -> None:
    log = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    f()\nFooError: never seen\n'
    (lane,) = diagnose(log).timeline.lanes
    assert [(mark.finding, mark.line) for mark in marks("finding", lane.marks)] == [("unrecognised-failure", 4)]


# -- excerpts


@pytest.mark.parametrize("block", [7, 1 << 20])
def test_evidence_comes_with_the_lines_around_it(block: int) -> None:
    lines = [f"line {number}" for number in range(1, 41)]
    lines[19] = HANG.format(rank=0, minute=1)
    excerpts = Excerpts()
    found = core.explain([source("log.txt", "\n".join(lines).encode(), block)], rulebook.load(), excerpts=excerpts)
    context = found.findings[0].evidence[0].context
    assert [quote.number for quote in context] == list(range(20 - BEFORE, 20 + AFTER + 1))
    assert [quote.text for quote in context] == lines[19 - BEFORE : 20 + AFTER]


def test_without_excerpts_evidence_has_no_context() -> None:
    assert diagnose(hang(2)).findings[0].evidence[0].context == ()


def test_what_was_left_out_of_an_excerpt_is_said() -> None:
    log = "x\n" * 9000 + HANG.format(rank=0, minute=1) + "\n" + "x\n" * 9000
    excerpts = Excerpts()
    found = core.explain([source("log.txt", log.encode())], rulebook.load(), excerpts=excerpts)
    text = list(excerpts.text("log.txt", found.stats.lines))
    assert HANG.format(rank=0, minute=1) in text
    assert text[0].startswith("[... ")
    assert text[-1].endswith(" lines left out ...]")
    counted = sum(int(line.split()[1]) if line.startswith("[...") else 1 for line in text)
    assert counted == found.stats.lines


@pytest.mark.parametrize("name", ["vllm-two-hosts-gloo-loopback", "torchrun-child-killed", "ray-actor-exception"])
def test_an_excerpt_gets_the_diagnosis_of_the_whole_log(name: str) -> None:
    excerpts = Excerpts()
    whole = core.explain(sources.discover([str(FIXTURES / name / "logs")]), rulebook.load(), excerpts=excerpts)
    names = [file.name for file in sorted((FIXTURES / name / "logs").iterdir())]
    again = diagnose({name: "\n".join(excerpts.text(name, 0)) for name in names})
    assert [f.id for f in again.findings] == [f.id for f in whole.findings]
