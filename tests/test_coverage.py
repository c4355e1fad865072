"""``logdoctor rules coverage``: the messages in a source tree, and whether a rule recognises them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdoctor import rulebook
from logdoctor.authoring.coverage import cpp, python
from logdoctor.authoring.coverage.survey import survey

HERE = Path("x")


@pytest.mark.parametrize(
    ("source", "call", "text"),
    [
        ('WARN("NET/IB : Unable to open device %s", name);', "WARN", "NET/IB : Unable to open device <...>"),
        ('WARN("size %" PRIu64 " of "\n  "%d", a, b);', "WARN", "size <...> of <...>"),
        ('INFO(NCCL_INIT|NCCL_NET, "Using %s", n);', "INFO", "Using <...>"),
        ('GLOO_ENFORCE(ifa != nullptr, "Unable to find: ", iface);', "GLOO_ENFORCE", "Unable to find: <...>"),
        ('GLOO_ENFORCE_EQ(a, f(b, c), "not equal");', "GLOO_ENFORCE_EQ", "not equal"),
        ('GLOO_THROW_IO_EXCEPTION("read: ", strerror(e), ", x");', "GLOO_THROW_IO_EXCEPTION", "read: <...>, x"),
        ('TORCH_CHECK(ok(a, b), c10::str("bad ", x, "!"));', "TORCH_CHECK", "bad <...>!"),
        ('C10D_ERROR("[{}] gave up after {}", a, b);', "C10D_ERROR", "[<...>] gave up after <...>"),
        ('LOG(ERROR) << prefix() << "watchdog: " << what << "; ended";', "LOG(ERROR)", "<...>watchdog: <...>; ended"),
        ('RAY_LOG(WARNING).WithField(a) << "node " << id << " is dead";', "RAY_LOG(WARNING)", "node <...> is dead"),
        ('throw std::runtime_error("no " + name + " found");', "throw std::runtime_error", "no <...> found"),
        ('WARN("a \\"quoted\\" one; %d%%", x); // WARN("not this")', "WARN", 'a "quoted" one; <...>%'),
    ],
)
def test_messages_of_cpp(source: str, call: str, text: str) -> None:
    found = list(cpp.messages(HERE, f"int f() {{\n  {source}\n}}\n"))
    assert [(message.call, message.text, message.line) for message in found] == [(call, text, 2)]


@pytest.mark.parametrize(
    "source",
    [
        "#define WARN(...) log(__VA_ARGS__)",
        '/* WARN("old"); */',
        "WARN(message);",
        'x.WARN("a method");',
        "THROW_WARN;",
    ],
)
def test_no_message_of_cpp(source: str) -> None:
    assert list(cpp.messages(HERE, source)) == []


@pytest.mark.parametrize(
    ("source", "call", "text"),
    [
        ('raise ValueError(f"no {name} in {path!r}")', "raise ValueError", "no <...> in <...>"),
        ('raise exceptions.Gone("it " "is gone: %s" % why)', "raise exceptions.Gone", "it is gone: <...>"),
        ('raise Gone("{} is gone".format(x))', "raise Gone", "<...> is gone"),
        ('logger.warning("rank %d of %s", a, b)', "logger.warning", "rank <...> of <...>"),
        ('self.log.exception("failed: " + str(e))', "self.log.exception", "failed: <...>"),
        ('assert x, f"x is {x}"', "assert", "x is <...>"),
        ('warnings.warn("old")', "warnings.warn", "old"),
    ],
)
def test_messages_of_python(source: str, call: str, text: str) -> None:
    found = list(python.messages(HERE, f"# a comment\n{source}\n"))
    assert [(message.call, message.text, message.line) for message in found] == [(call, text, 2)]


@pytest.mark.parametrize("source", ["raise ValueError", "raise", "logger.debug('x')", "x.error", "def (", "raise X(y)"])
def test_no_message_of_python(source: str) -> None:
    assert list(python.messages(HERE, source)) == []


@given(st.text(alphabet='WARN("%s\\\\")<;\n{}+,/*TORCH_CHECK LOGERO', max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    assert all(message.parts for message in cpp.messages(HERE, text))
    assert all(message.parts for message in python.messages(HERE, text))


def test_a_survey_tells_known_from_unknown(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "device.cc").write_text(
        'GLOO_ENFORCE(ifa != nullptr, "Unable to find address for: ", iface);\nWARN("the moon is in the way of %s", x);\n'
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "x.py").write_text('raise ValueError("nobody sees this message")\n')
    found = survey(tmp_path, rulebook.load())
    assert [(message.text, rule) for message, rule in found.recognised] == [
        ("Unable to find address for: <...>", "gloo-interface-not-found")
    ]
    assert [message.text for message, _ in found.unrecognised] == ["the moon is in the way of <...>"]
    command = [sys.executable, "-m", "logdoctor", "rules", "coverage", "--source", str(tmp_path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "net/device.cc\n      2  WARN: the moon is in the way of <...>\n" in shown
    assert "1 of 2 messages recognised (50 %)" in shown
    plain = json.loads(subprocess.run([*command, "-f", "json"], capture_output=True, text=True, check=True).stdout)
    assert (plain["messages"], plain["unrecognised"][0]["line"]) == (2, 2)


def test_a_tree_without_messages_is_a_mistake(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "logdoctor", "rules", "coverage", "--source", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no C, C++ or Python message found in it" in done.stderr
