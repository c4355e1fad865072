"""Conditions, differentials and edges, on a small rulebook of its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import diagnose

from logdoctor import rulebook
from logdoctor.rulebook.cache import through_cache

FACTS = [
    {"id": "net", "pattern": r"uses interface (?P<interface>\w+) address (?P<address>\S+)", "samples": [{"line": "x"}]},
    {
        "id": "env.{name}",
        "pattern": r"export (?P<name>[A-Z_]+)=(?P<value>\S*)",
        "literals": ["export "],
        "samples": [{"line": "x"}],
    },
    {"id": "version.torch", "pattern": r"torch version (?P<value>\S+)", "samples": [{"line": "x"}]},
]


def find(directory: Path, log: str | dict[str, str], **when: Any) -> str | None:
    """The finding of a rule whose first entry has this condition, and whose second has none."""
    rule = {
        "id": "site-broken",
        "title": "broken {peer}",
        "component": "site",
        "severity": "error",
        "layer": "fault",
        "signatures": [{"pattern": r"broken link(?: to (?P<peer>\S+))?"}],
        "differential": [
            {"id": "site-special", "when": when, "cause": "c {peer}", "fix": {"summary": "s"}},
            {"id": "site-general", "cause": "c", "fix": {"summary": "s"}},
        ],
        "references": ["https://example.org"],
        "tests": [{"log": "broken link", "finds": "site-general"}, {"log": "ok", "finds": "nothing"}],
    }
    (directory / "facts").mkdir(exist_ok=True)
    (directory / "facts" / "site.yaml").write_text(yaml.safe_dump(FACTS))
    (directory / "site-broken.yaml").write_text(yaml.safe_dump(rule, sort_keys=False))
    shutil.copytree(rulebook.rules_directory() / "formats", directory / "formats", dirs_exist_ok=True)
    book = rulebook.Rulebook(through_cache((directory,)))
    assert book.problems == ()
    findings = diagnose(log, book).findings
    return findings[0].id if findings else None


LINK = "broken link to 10.0.0.9\n"


@pytest.mark.parametrize(
    ("before", "after", "when", "holds"),
    [
        ("", "", {"value": "peer", "matches": r"^10\."}, True),
        ("", "", {"value": "peer", "matches": r"^11\."}, False),
        ("", "", {"value": "peer", "present": True}, True),
        ("", "", {"value": "missing", "absent": True}, True),
        ("", "", {"not": {"value": "peer", "present": True}}, False),
        ("torch version 2.8.1\n", "", {"version": "torch", "at_least": "2.8", "below": "2.10"}, True),
        ("torch version 2.10.0\n", "", {"version": "torch", "below": "2.10"}, False),
        ("", "", {"version": "torch", "below": "2.10"}, False),
        ("export FOO=eth0\n", "", {"env": "FOO", "equals": "eth0"}, True),
        ("export FOO=eth0\n", "", {"env": "BAR", "unset": True}, True),
        ("export FOO=eth0\n", "", {"env": "FOO", "unset": True}, False),
        ("export FOO=a\nexport FOO=b\n", "", {"env": "FOO", "differs": True}, True),
        ("export FOO=9\n", "", {"env": "FOO", "more_than": 8}, True),
        ("export FOO=9\n", "", {"env": "FOO", "less_than": 8}, False),
        ("uses interface eth0 address 10.0.0.1\n", "", {"fact": "net.address", "same_network_as": "{peer}"}, True),
        ("uses interface eth0 address 10.0.7.1\n", "", {"fact": "net.address", "same_network_as": "{peer}"}, False),
        ("torch version 2\n", "", {"seen": "version.torch", "order": "before"}, True),
        ("", "torch version 2\n", {"seen": "version.torch", "order": "before"}, False),
        ("", "torch version 2\n", {"seen": "version.torch", "order": "after", "where": "same-source"}, True),
        ("", "", {"not_seen": "version.torch"}, True),
        ("", LINK, {"count": "site-broken", "at_least": 2}, True),
        ("", "", {"count": "site-broken", "at_least": 2}, False),
        ("", "", {"text": "link to"}, True),
        ("", "", {"all": [{"text": "link"}, {"value": "peer", "equals": "10.0.0.9"}]}, True),
        ("", "", {"any": [{"text": "nothing"}, {"value": "peer", "equals": "{peer}"}]}, True),
    ],
)
def test_conditions(tmp_path: Path, before: str, after: str, when: dict[str, Any], holds: bool) -> None:
    assert find(tmp_path, before + LINK + after, **when) == ("site-special" if holds else "site-general")


@pytest.mark.parametrize(("where", "holds"), [("same-host", False), ("other-host", True), ("same-source", False)])
def test_places(tmp_path: Path, where: str, holds: bool) -> None:
    logs = {
        "a.log": f"(Worker pid=1, ip=10.0.0.1) {LINK}",
        "b.log": "(Worker pid=1, ip=10.0.0.2) torch version 2\n",
    }
    found = find(tmp_path, logs, seen="version.torch", where=where)
    assert found == ("site-special" if holds else "site-general")


def test_the_cache_serves_what_the_compiler_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert find(tmp_path, LINK, text="link") == "site-special"
    assert list((tmp_path / "cache" / "logdoctor").iterdir())
    assert find(tmp_path, LINK, text="link") == "site-special"
    for cached in (tmp_path / "cache" / "logdoctor").iterdir():
        cached.write_bytes(b"{")
    assert find(tmp_path, LINK, text="link") == "site-special", "a broken cache is made anew"
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    assert find(tmp_path, LINK, text="link") == "site-special", "a cache that cannot be written is no error"
