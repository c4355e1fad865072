"""``logdoctor rules show`` and ``list``: every rule and every variable is a page to read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from helpers import LIBRARY

from logdoctor.diagnosis.conditions import spoken
from logdoctor.diagnosis.expressions import plain
from logdoctor.handbook import terminal
from logdoctor.handbook.page import Handbook

BOOK = Handbook(LIBRARY)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "logdoctor", "rules", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "100", **environment}
    )


def test_every_rule_has_a_page() -> None:
    for id in BOOK.rules:
        page = terminal.rule(BOOK.rule(id), color=False, width=100)
        assert page.startswith(f"{id}\n")
        assert "\x1b" not in page
        for part in ("Why", "Fix", "Sources"):
            assert f"\n{part}\n" in page, id


def test_every_variable_has_a_page() -> None:
    for name in BOOK.variables:
        assert terminal.setting(BOOK.variable(name), color=False, width=100).startswith(f"{name}\n")


def test_every_flag_has_a_page() -> None:
    for command in BOOK.commands.values():
        for name in command.settings:
            page = terminal.setting(BOOK.flag(command, name), color=False, width=100)
            assert page.startswith(f"{command.name} {name}\n")


def test_a_flag_is_shown_for_each_command_that_has_it() -> None:
    shown = run("show", "--port").stdout
    assert re.findall(r"^(\S.*) --port$", shown, re.MULTILINE) == ["ray start", "sglang.launch_server", "vllm serve"]
    assert "\nSet by the fixes of\n  vllm-http-port-in-use " in shown
    assert run("show", "-tp").stdout.startswith("vllm serve --tensor-parallel-size\n")


def test_a_page_says_how_causes_are_told_apart() -> None:
    shown = run("show", "gloo-connect-full-mesh").stdout
    assert "Told by\n  - GLOO_SOCKET_IFNAME is lo\n  - peer matches /^(127\\.|::1$)/ or reason matches" in shown
    assert "  export GLOO_SOCKET_IFNAME=" in shown
    assert re.search(r"\nExplained by\n  gloo-\S+ ", shown)


def test_a_page_says_what_counts_against_a_node() -> None:
    assert "In a fleet" in run("show", "xid-fallen-off-bus").stdout
    assert "In a fleet" not in run("show", "gloo-interface-not-found").stdout


def test_a_cause_leads_to_its_rule() -> None:
    assert run("show", "gloo-socket-ifname-is-loopback").stdout.startswith("gloo-connect-full-mesh\n")


def test_a_variable_is_shown() -> None:
    shown = run("show", "GLOO_SOCKET_IFNAME").stdout
    assert "component    gloo\n" in shown
    assert "\nSet by the fixes of\n" in shown
    assert "gloo-connect-full-mesh" in shown


def test_a_name_that_nothing_reads_is_told() -> None:
    assert "what is meant is GLOO_SOCKET_IFNAME" in run("show", "GLOO_IFNAME").stdout


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gloo-conect-full-mesh", "gloo-connect-full-mesh"),
        ("NCCL_DEBG", "NCCL_DEBUG"),
        ("--max-modl-len", "--max-model-len"),
    ],
)
def test_a_misspelt_name_is_guessed(name: str, meant: str) -> None:
    done = run("show", name)
    assert done.returncode == 2
    assert f"did you mean {meant}" in done.stderr


def test_texts_of_a_rule_cannot_drive_the_terminal(tmp_path: Path) -> None:
    hostile = "[red]\x1b[31mred\u202e"
    rule = {
        "id": "site-x",
        "title": hostile,
        "component": "site",
        "severity": "error",
        "layer": "fault",
        "signatures": [{"pattern": "acme broke"}],
        "cause": hostile,
        "fix": {
            "summary": hostile,
            "commands": [hostile],
            "steps": [hostile],
            "env": [{"name": "A", "value": hostile}],
        },
        "references": [hostile],
        "tests": [{"log": hostile, "finds": "site-x"}, {"log": "x", "finds": "nothing"}],
    }
    (tmp_path / "site-x.yaml").write_text(yaml.safe_dump(rule))
    shown = run("show", "site-x", "--rules", str(tmp_path)).stdout
    assert "[red]^[[31mred<U+202E>" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert run("show", "site-x", LOGDOCTOR_RULES=str(tmp_path)).stdout == shown


def test_list_filters() -> None:
    listed = json.loads(run("list", "loopback", "--component", "gloo", "--format", "json").stdout)["rules"]
    assert "gloo-connect-full-mesh" in [rule["id"] for rule in listed]
    assert {rule["component"] for rule in listed} == {"gloo"}
    hosts = json.loads(run("list", "--layer", "host", "--format", "json").stdout)["rules"]
    assert "host-oom-killer" in [rule["id"] for rule in hosts]


def test_list_is_a_table() -> None:
    shown = run("list", "-c", "gloo").stdout
    assert re.search(r"^gloo-connect-full-mesh +error +fault +gloo could not connect", shown, re.MULTILINE)
    assert re.search(r"^\d+ rules$", shown, re.MULTILINE)


def test_a_filter_that_nothing_passes_is_a_mistake() -> None:
    done = run("list", "--component", "glo")
    assert (done.returncode, done.stderr) == (2, "logdoctor: --component glo: there is none; did you mean gloo?\n")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{peer} is gone", "<peer> is gone"),
        ('{peer | "the peer"} is gone', "the peer is gone"),
        ("{\" on {host}\" | ''} x", " x"),
        ("awk '{{print $1}}' {fact net.interface}", "awk '{print $1}' <interface>"),
    ],
)
def test_expressions_read_plainly(template: str, text: str) -> None:
    assert plain(template) == text


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"seen": "a", "where": "same-host", "order": "before"}, "a is seen, on the same host, before it"),
        ({"not_seen": "a"}, "a is not seen"),
        ({"count": "a", "at_least": 2}, "a occurs 2 times or more"),
        ({"count": "a", "at_least": 2, "at_most": 3}, "a occurs 2 to 3 times"),
        ({"env": "A", "unset": True}, "A is set by no line"),
        ({"version": "torch", "at_least": "2.8", "below": "2.10"}, "torch is 2.8 or newer and older than 2.10"),
        ({"not": {"any": [{"text": "a"}, {"value": "b", "equals": 1}]}}, "not: (the message contains /a/ or b is 1)"),
    ],
)
def test_conditions_are_spoken(condition: dict[str, object], words: str) -> None:
    assert spoken(condition) == words
