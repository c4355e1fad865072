"""What a bad run has that a good one does not, and what is new in a log before it fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from helpers import FIXTURES, diagnose, source
from hypothesis import given
from hypothesis import strategies as st

from logdoctor import rulebook
from logdoctor.compare import Comparison, compare
from logdoctor.families import Families, families_of
from logdoctor.families.novelty import BEFORE, novelties
from logdoctor.render import comparison as render

GOOD = "gpu-a07:411:411 [0] NCCL INFO NCCL_SOCKET_IFNAME set by environment to eth0\n" + "".join(
    f"2026-05-01 10:00:{second:02d},000 INFO train: read shard {second}\n" for second in range(60)
)
BAD = (
    GOOD.replace("eth0", "bond1")
    + "2026-05-01 10:01:00,000 WARNING cache: checksum skipped\n"
    + 'Traceback (most recent call last):\n  File "/srv/x.py", line 7, in f\nflange.FlangeError: \x1b[31mbent [bold]\n'
)


def compared(good: str, bad: str) -> Comparison:
    return compare([source("good.log", good.encode())], [source("bad.log", bad.encode())], rulebook.load())


def test_a_run_differs_in_nothing_from_itself() -> None:
    comparison = compared(BAD, BAD)
    assert (comparison.differences, comparison.new, comparison.missing) == ((), (), ())
    assert "state and say the same" in render.as_text(comparison, color=False, width=80)


def test_what_is_stated_differently() -> None:
    (difference,) = (d for d in compared(GOOD, BAD).differences if d.group == "variables")
    assert (difference.name, difference.good, difference.bad) == ("env.NCCL_SOCKET_IFNAME", ("eth0",), ("bond1",))


def test_lines_that_only_one_run_says() -> None:
    comparison = compared(GOOD, BAD)
    assert [family.message.partition(":")[0] for family in comparison.new] == [
        "cache",
        "flange.FlangeError",
        "NCCL_SOCKET_IFNAME set by environment to bond1",
    ], "alarming ones first, frames left out"
    assert [family.count for family in comparison.missing] == [1]


def test_nothing_of_a_log_drives_the_terminal() -> None:
    text = render.as_text(compared(GOOD, BAD), color=False, width=200, verbose=True)
    assert "\x1b" not in text
    assert "[bold]" in text


def test_json_says_the_same() -> None:
    document = json.loads(render.as_json(compared(GOOD, BAD)))
    assert document["schema"] == "logdoctor.comparison/1"
    assert document["bad"] == {
        "verdict": "unknown-failure",
        "id": "unrecognised-failure",
        "title": document["bad"]["title"],
    }
    assert document["differences"][0]["group"] == "variables"


def test_the_variable_that_a_recorded_failure_lacked() -> None:
    logs = FIXTURES / "vllm-two-hosts-gloo-loopback" / "logs"
    command = [sys.executable, "-m", "logdoctor", "diff", str(FIXTURES / "healthy" / "vllm-two-hosts"), str(logs)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[1].split() == ["GLOO_SOCKET_IFNAME", "eth0", "-"]


def test_bad_usage_is_one_sentence(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(GOOD)
    for arguments, said in (((str(log), str(log)), "name the logs of two runs"), ((str(log), "nowhere"), "nowhere")):
        done = subprocess.run([sys.executable, "-m", "logdoctor", "diff", *arguments], capture_output=True, text=True)
        assert done.returncode == 2
        assert said in done.stderr
        assert done.stderr.count("\n") == 1


@given(st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")), max_size=30), st.integers(1, 50))
def test_families_do_not_depend_on_blocks(lines: list[bytes], size: int) -> None:
    content = b"".join(line + b"\n" for line in lines)
    families = Families()
    blocks = [content[at : at + size] for at in range(0, len(content), size)]
    assert list(families.watch("x", blocks)) == blocks
    assert families.counts == Counter(families_of(lines))
    for family, example in families.examples.items():
        first = next(number for number, line in enumerate(lines, 1) if families_of([line]) == [family])
        assert (example.number, example.line) == (first, lines[first - 1])


def test_numbers_tell_no_families_apart() -> None:
    one, other, third = families_of([b"step 7 at 0xdeadbeef", b"step 1234 at 0x12ab", b"step nan at 0x1"])
    assert one == other != third


def test_what_is_new_before_an_unknown_failure() -> None:
    ordinary = "".join(f"2026-05-01 10:00:00,000 INFO train: read shard {number}\n" for number in range(5 * BEFORE))
    strange = "2026-05-01 10:00:00,000 INFO train: the mirror answered instead of the origin\n"
    log = (
        ordinary
        + strange
        + ordinary[: ordinary.index("\n") + 1]
        + 'Traceback (most recent call last):\n  File "/srv/x.py", line 7, in f\n'
    )
    diagnosis = diagnose(log + "flange.FlangeError: bent\n")
    assert [(place.line, place.text) for place in diagnosis.novel] == [(5 * BEFORE + 1, strange.rstrip("\n"))]


def test_nothing_is_new_where_little_was_healthy() -> None:
    assert novelties(source("x", b"a\nb\nc\n"), 3) == ()
