"""One root cause out of the fallout: the reasoning, on small runs."""

from __future__ import annotations

import itertools

import pytest
from helpers import diagnose

from logdoctor.model import Diagnosis

INTERFACE = "RuntimeError: [enforce fail at x/gloo/transport/tcp/device.cc:84] ifa != nullptr. Unable to find address for: bond1\n"
CLOSED = "RuntimeError: [/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer [10.0.0.12]:41173\n"
ENGINE = "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}\n"


def traceback(raised: str, file: str = "/srv/app/train.py") -> str:
    return f'Traceback (most recent call last):\n  File "{file}", line 7, in main\n    go()\n{raised}\n'


def ids(diagnosis: Diagnosis) -> list[str]:
    return [finding.id for finding in diagnosis.findings]


def test_a_lower_layer_explains_a_higher_one() -> None:
    diagnosis = diagnose(CLOSED + INTERFACE + ENGINE)
    first, *others = diagnosis.findings
    assert (diagnosis.verdict, first.component, first.role) == ("root-cause", "gloo", "root-cause")
    assert "bond1" in first.title + first.cause
    assert {finding.role for finding in others} == {"consequence"}
    assert all(first.id in finding.caused_by for finding in others)
    assert set(first.explains) == {finding.id for finding in others}


def test_only_fallout() -> None:
    diagnosis = diagnose(ENGINE)
    assert diagnosis.verdict == "consequence-only"
    assert diagnosis.findings[0].role == "consequence"
    assert diagnosis.missing, "it says what to collect"
    assert all(item.how for item in diagnosis.missing)


def test_an_exception_that_no_rule_knows_competes() -> None:
    diagnosis = diagnose(traceback("flange.FlangeError: the flange is bent") + CLOSED + ENGINE)
    first = diagnosis.findings[0]
    assert (diagnosis.verdict, first.id) == ("unknown-failure", "unrecognised-failure")
    assert "the flange is bent" in first.title
    assert "/srv/app/train.py:7" in first.cause
    assert first.evidence[0].line == 4, "the exception's own line"
    assert first.confidence <= 0.5


@pytest.mark.parametrize(
    ("file", "own"),
    [("/opt/venv/bin/ray", False), ("/usr/local/bin/vllm", False), ("bin/torchrun", False), ("/srv/bin/job.py", True)],
)
def test_a_console_script_is_not_the_users_code(file: str, own: bool) -> None:
    frames = f'  File "{file}", line 8, in <module>\n  File "/opt/venv/lib/python3.11/site-packages/flange/cli.py", line 3, in main\n'
    diagnosis = diagnose(f"Traceback (most recent call last):\n{frames}flange.FlangeError: bent\n")
    first = diagnosis.findings[0]
    assert first.id == "unrecognised-failure"
    assert (file in first.cause + first.fix.steps[0]) is own


def test_a_heading_does_not_hide_the_exception_whose_traceback_was_cut_off_at_the_top() -> None:
    heading, *rest = traceback("flange.FlangeError: no steam").splitlines()
    lines = [heading.replace("Traceback (most recent call last):", "EngineCore failed to start."), *rest]
    prefix = "(EngineCore_DP0 pid=66) ERROR 04-28 11:10:09 [core.py:1011] "
    diagnosis = diagnose("".join(f"{prefix}{line}\n" for line in lines))
    assert ids(diagnosis) == ["unrecognised-failure", "vllm-engine-core-failed"]
    assert "no steam" in diagnosis.findings[0].title


def test_what_a_rule_knows_comes_before_what_none_knows() -> None:
    diagnosis = diagnose(traceback("flange.FlangeError: the flange is bent") + INTERFACE)
    assert diagnosis.findings[0].component == "gloo"


def test_the_first_exception_of_a_chain_is_the_cause() -> None:
    chain = traceback("flange.FlangeError: the flange is bent") + (
        "\nThe above exception was the direct cause of the following exception:\n\n"
    )
    first = diagnose(chain + traceback("flange.WrapperError: giving up")).findings[0]
    assert "bent" in first.title


@pytest.mark.parametrize(
    "handled",
    [
        "Exception ignored in: <function Pool.__del__ at 0x7f>\n" + traceback("AttributeError: no pool"),
        traceback("KeyboardInterrupt"),
    ],
)
def test_handled_exceptions_do_not_compete(handled: str) -> None:
    assert diagnose(handled).verdict == "healthy"


def test_later_progress_demotes() -> None:
    served = 'INFO:     10.0.0.7:53310 - "GET /health HTTP/1.1" 200 OK\n'
    diagnosis = diagnose(traceback("flange.FlangeError: once") + served)
    assert diagnosis.verdict == "healthy"
    assert diagnose(served + traceback("flange.FlangeError: once")).verdict == "unknown-failure"


def test_last_words_are_suspected() -> None:
    line = "ERROR 05-01 09:14:33 [core.py:708] The flange is bent\n"
    assert diagnose(line).verdict == "unknown-failure"
    quiet = diagnose(line + "INFO 05-01 09:14:34 [core.py:709] going on\n" * 100)
    assert quiet.verdict == "healthy"
    assert quiet.findings[0].severity == "warning"
    assert quiet.unexplained[0].line == 1


def test_the_earlier_of_two_faults_is_blamed_where_clocks_agree() -> None:
    early, late = (
        "".join(f"2026-05-01T09:{minute}:00Z {line}\n" for line in traceback(raised).splitlines())
        for minute, raised in (("00", "flange.FlangeError: early"), ("10", "flange.FlangeError: late"))
    )
    for logs in ({"a.log": early, "b.log": late}, {"a.log": late, "b.log": early}):
        assert "early" in diagnose(logs).findings[0].title


def test_counts_and_streams() -> None:
    lines = "".join(f"(RayWorkerWrapper pid={pid}, ip=10.41.0.8) {INTERFACE}" for pid in (71, 72, 73))
    repeated = f"(RayWorkerWrapper pid=74, ip=10.41.0.9) {INTERFACE.rstrip()} [repeated 7x across cluster]\n"
    finding = diagnose(lines + repeated).findings[0]
    assert finding.count == 10
    assert {evidence.stream.pid for evidence in finding.evidence} == {71, 72, 73, 74}
    assert {evidence.stream.host for evidence in finding.evidence} == {"10.41.0.8", "10.41.0.9"}


def test_a_hundred_thousand_repeats_are_counted_not_read() -> None:
    diagnosis = diagnose("".join(f"[rank{rank % 64}]: {CLOSED}" for rank in range(100_000)) + "the end\n")
    finding = diagnosis.findings[0]
    assert finding.count == 100_000
    assert diagnosis.stats.records < 5000
    assert diagnosis.stats.lines == 100_001


def test_neither_order_of_files_nor_blocks_matter() -> None:
    logs = {"a.log": CLOSED * 3 + ENGINE, "b.log": INTERFACE, "c.log": traceback("flange.FlangeError: bent")}
    wanted = diagnose(logs)
    for names in itertools.permutations(logs):
        assert diagnose({name: logs[name] for name in names}).findings == wanted.findings
    for block in (1, 7, 64, 1000):
        assert diagnose(logs, block=block).findings == wanted.findings


def test_evidence_quotes_the_line_as_it_stands() -> None:
    line = f"2026-05-01T09:14:33.123456789Z stderr F {INTERFACE}"
    evidence = diagnose("first\n" + line).findings[0].evidence[0]
    assert (evidence.line, evidence.end_line) == (2, 2)
    assert evidence.text == line.rstrip("\n")
    assert evidence.time == "2026-05-01T09:14:33.123456Z"


def test_source_lines_of_frames_are_no_evidence() -> None:
    frame = 'Traceback (most recent call last):\n  File "/srv/x.py", line 7, in f\n    raise RuntimeError("Unable to find address for: bond1")\nflange.FlangeError: bent\n'
    assert diagnose(frame).findings[0].id == "unrecognised-failure"


def test_a_traceback_that_repeats_is_counted_as_often_as_its_exception() -> None:
    one = 'Traceback (most recent call last):\n  File "/opt/app/a.py", line 3, in run\n    go()\nValueError: a %d\n'
    other = one.replace("a.py", "b.py").replace("ValueError: a", "KeyError: b")
    log = "".join((one if number % 3 else other) % number + f"step {number}\n" for number in range(6000))
    counts = {finding.title: finding.count for finding in diagnose(log).findings}
    assert sorted(counts.values()) == [2000, 4000], counts
