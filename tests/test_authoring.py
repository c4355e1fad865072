"""``logdoctor rules lint`` and ``test`` on rules of one's own: each mistake is told, with its file and line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from logdoctor import rulebook
from logdoctor.authoring.attack import attacks
from logdoctor.authoring.checks import CHECKS
from logdoctor.authoring.checks.patterns import explodes
from logdoctor.authoring.examine import examine
from logdoctor.authoring.library import Library
from logdoctor.authoring.lint import lint
from logdoctor.rulebook import healthy

NOTHING = {"log": "acme: link to rack-7 is up\n", "finds": "nothing"}


def rule(**changed: Any) -> dict[str, Any]:
    """A rule that passes all checks, but for what is changed."""
    return {
        "id": "site-link-broken",
        "title": "The link to {peer} is broken",
        "component": "site",
        "severity": "error",
        "layer": "fault",
        "signatures": [{"pattern": r"acme: broken link to (?P<peer>\S+)"}],
        "cause": "The cable to {peer} is out.",
        "fix": {"summary": "Plug it in.", "verify": ["ping -c 1 {peer}"]},
        "references": ["https://example.org/links"],
        "tests": [
            {"log": "acme: broken link to rack-7\n", "finds": "site-link-broken", "evidence": "broken link"},
            NOTHING,
        ],
        **changed,
    }


def differential(*entries: dict[str, Any], **changed: Any) -> dict[str, Any]:
    plain = rule(differential=[{**entry, "cause": "c", "fix": {"summary": "s"}} for entry in entries], **changed)
    del plain["cause"], plain["fix"]
    plain["tests"] = [{**plain["tests"][0], "finds": entries[-1]["id"]}, NOTHING]
    return plain


def write(directory: Path, *rules: dict[str, Any]) -> Path:
    for plain in rules:
        (directory / f"{plain['id']}.yaml").write_text(yaml.safe_dump(plain, sort_keys=False))
    return directory


def library(directory: Path, *rules: dict[str, Any]) -> Library:
    """The built-in rules and these, of which these are to be checked."""
    write(directory, *rules)
    return Library((directory,), (directory,))


MISSPELT = {"summary": "s", "env": [{"name": "GLOO_SOCKET_IFNAM", "value": "eth0"}]}
CALLED = "site-link-broken"
MISTAKES: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    # check: rules, what stands on the line that is told, and what is said of it
    "unusable-file": ([rule(severity="eror")], "severity: eror", "is not one of ['error', 'warning', 'info']"),
    "id-taken": ([rule(), differential({"id": CALLED}, id="site-other")], "id: site-link-broken", "is also in site-"),
    "unknown-name": ([rule(explains=["gloo-connect-timeot"])], "gloo-connect-timeot", "is no rule and no cause"),
    "unreachable-cause": ([differential({"id": "site-a"}, {"id": "site-b"})], "id: site-b", "'site-b' can never win"),
    "cycle": (
        [rule(explains=["site-other"]), rule(id="site-other", explains=[CALLED])],
        "- site-",
        "site-link-broken explains site-other",
    ),
    "duplicate-signature": ([rule(), rule(id="site-other")], "pattern:", "is also a signature of site-"),
    "shadowed-signature": (
        [rule(), rule(id="site-other", signatures=[{"pattern": "broken link to"}])],
        "pattern: broken link to",
        "is one of site-link-broken too",
    ),
    "unfindable-literal": ([rule(signatures=[{"pattern": "(?i)acme", "literals": ['ac"me']}])], "(?i)acme", "quotes"),
    "hot-literal": ([rule(signatures=[{"pattern": "grad norm: (?:inf|nan)"}])], "grad norm: ", "all the time"),
    "exploding-pattern": ([rule(signatures=[{"pattern": r"(\w+\s?)+: no"}])], "pattern:", "takes very long"),
    "missing-example": ([rule(tests=[dict(NOTHING), dict(NOTHING)])], "log: ", "no example of a log in which"),
    "missing-reference": ([{k: v for k, v in rule().items() if k != "references"}], "id:", "names no source"),
    "unfinished": ([rule(cause="TODO: why it happened")], "cause: ", "why it happened"),
    "unreadable-command": ([rule(fix={"commands": ["echo 'open"]})], "echo 'open", "unexpected EOF"),
    "unknown-variable": ([rule(fix=MISSPELT)], "GLOO_SOCKET_IFNAM", "did you mean GLOO_SOCKET_IFNAME?"),
    "unknown-flag": (
        [rule(fix={"flags": [{"name": "--max-modellen", "of": "vllm serve, on one node"}]})],
        "--max-modellen",
        "vllm serve takes no --max-modellen; did you mean --max-model-len?",
    ),
}


@pytest.mark.parametrize("check", MISTAKES)
def test_mistake(tmp_path: Path, check: str) -> None:
    rules, stands, said = MISTAKES[check]
    found = list(CHECKS[check](library(tmp_path, *rules)))
    told = next((problem for problem in found if said in problem.message), None)
    assert told, found
    assert stands in told.path.read_text().splitlines()[told.line - 1]


@pytest.mark.parametrize(
    ("fix", "said"),
    [
        ({"flags": [{"name": "--mem-fraction-static", "of": "vllm serve"}]}, "did you mean --gpu-memory-utilization?"),
        ({"flags": [{"name": "--dtype", "value": "fp4", "of": "vllm serve"}]}, "--dtype of vllm serve takes one of"),
        ({"flags": [{"name": "--shm-size", "of": "vllm serve"}]}, "vllm serve takes no --shm-size"),
        ({"commands": ["ray start --adress=10.0.0.1:6379"]}, "ray start takes no --adress; did you mean --address?"),
        ({"verify": ["torchrun --nproc 2 train.py --nproc 3 | tee x"]}, "torchrun takes no --nproc"),
    ],
)
def test_a_flag_that_its_command_does_not_take(tmp_path: Path, fix: dict[str, Any], said: str) -> None:
    found = list(CHECKS["unknown-flag"](library(tmp_path, rule(fix={"summary": "s", **fix}))))
    assert [said in problem.message for problem in found] == [True]


@pytest.mark.parametrize(
    "fix",
    [
        {"flags": [{"name": "--shm-size", "value": "10g", "of": "docker run (vllm serve has no such flag)"}]},
        {"flags": [{"name": "--structured-outputs-config.backend", "value": "guidance", "of": "vllm serve"}]},
        {"flags": [{"name": "--tensor_parallel_size", "value": "GPUS_OF_THE_CLUSTER", "of": "vllm serve"}]},
        {"flags": [{"name": "--no-enable-prefix-caching", "of": "vllm serve"}]},
        {"flags": [{"name": "--own-flag", "of": "acme serve"}]},
        {"commands": ["docker run --rm --gpus all image vllm-plugin --not-of-docker"]},
        {"commands": ["torchrun --nproc-per-node 2 train.py --lr 0.1"]},
        {"commands": ["vllm serve m --port 8001 | grep -- --whatever"]},
    ],
)
def test_a_flag_that_its_command_takes(tmp_path: Path, fix: dict[str, Any]) -> None:
    assert not list(CHECKS["unknown-flag"](library(tmp_path, rule(fix={"summary": "s", **fix}))))


def test_every_check_is_tested() -> None:
    assert {*MISTAKES, "loose-grammar"} == set(CHECKS)


def test_every_check_is_documented() -> None:
    guide = (Path(__file__).parent.parent / "docs" / "rules.md").read_text()
    assert [name for name in CHECKS if f"`{name}`" not in guide] == []


def test_loose_grammar(tmp_path: Path) -> None:
    (tmp_path / "formats").mkdir()
    grammar = {"id": "site", "kind": "record", "pattern": "(?P<who>.*)(?P<text>x)", "samples": [], "not_samples": []}
    (tmp_path / "formats" / "site.yaml").write_text(yaml.safe_dump([grammar]))
    said = [problem.message for problem in lint(library(tmp_path)) if problem.check == "loose-grammar"]
    assert "'site' has groups that nothing reads: who" in said


def test_a_good_rule_passes_all(tmp_path: Path) -> None:
    assert lint(library(tmp_path, rule())) == []
    assert examine(library(tmp_path), healthy.runs()).problems == []


def test_every_mistake_of_a_file_is_told(tmp_path: Path) -> None:
    bad = rule(severity="eror", signatures=[{"pattern": "(open", "level": ["error"]}], fix={"env": [{"name": "A"}]})
    said = [problem.message for problem in lint(library(tmp_path, bad))]
    assert len(said) == 3
    assert any("no such key; did you mean 'levels'?" in message for message in said)


def test_two_files_of_one_id_are_told(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    write(tmp_path / "other", rule())
    assert "is taken by another file" in lint(library(tmp_path, rule()))[0].message


def test_examples_that_fail_say_what_was_found(tmp_path: Path) -> None:
    wrong = rule(tests=[{**NOTHING, "log": "acme: broken link to rack-7"}, {"log": "acme", "finds": CALLED}])
    first, second = (problem.message for problem in examine(library(tmp_path, wrong), []).problems)
    assert "  - finds nothing\n  + finds site-link-broken" in first
    assert "  - finds site-link-broken\n  + nothing" in second
    assert "  | acme" in second


def test_a_false_alarm_is_told(tmp_path: Path) -> None:
    alarm = rule(signatures=[{"pattern": r"saved checkpoint (?P<peer>\S+)"}], tests=[dict(NOTHING), dict(NOTHING)])
    said = [p.message for p in examine(library(tmp_path, alarm), healthy.runs()).problems]
    assert any("finds site-link-broken in a healthy run" in message for message in said)


def test_a_rule_of_ones_own_overrides(tmp_path: Path) -> None:
    book = rulebook.load()
    own = rule(id=book.rule_ids[0])
    own["tests"][0]["finds"] = own["id"]
    assert library(tmp_path, own).rules[own["id"]].path.parent == tmp_path


@pytest.mark.parametrize(
    ("pattern", "explodes_"),
    [
        (r"(a+)+b", True),
        (r"(\w+\s?)+: no", True),
        (r"\s*\s*\s*x", True),
        (r"(?P<file>\S+):(?P<line>\d+) failed", False),
        (r"[^\n]*error[^\n]*", False),
    ],
)
def test_patterns_that_explode(pattern: str, explodes_: bool) -> None:
    assert (explodes(pattern) is not None) is explodes_


@given(st.from_regex(r"[a-z \\w.*+?()|]{0,12}", fullmatch=True))
def test_attacks_are_made_for_any_pattern(pattern: str) -> None:
    assert all(len(text) < 10_000 for text in attacks(pattern))


# The commands


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "logdoctor", "rules", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_lint_as_a_command(tmp_path: Path) -> None:
    write(tmp_path, rule(severity="eror"))
    told = run("lint", tmp_path)
    assert (told.returncode, told.stdout.split(": ")[1]) == (1, "unusable-file")
    assert f"site-{'link-broken.yaml'}:4: " in told.stdout
    assert "1 file checked, 1 to mend" in told.stderr
    listed = json.loads(run("lint", "--rules", tmp_path, "--format", "json").stdout)
    assert [(problem["check"], problem["line"]) for problem in listed["problems"]] == [("unusable-file", 4)]
    annotated = run("lint", tmp_path, "--format", "github").stdout
    assert annotated.startswith("::error file=")
    assert ",line=4,title=unusable-file::severity" in annotated
    assert run("lint", tmp_path, "--ignore", "unusable-file").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("lint", "nowhere"), "nowhere: no such file or directory"),
        (("lint", "--rules", "nowhere"), "--rules nowhere: no such directory"),
        (("lint", "--ignore", "hot-literals"), "did you mean hot-literal?"),
        (("test", "--healthy", "nowhere"), "--healthy nowhere: no such file or directory"),
    ],
)
def test_bad_usage_is_one_sentence(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr


@pytest.mark.parametrize("kind", ["rule", "facts", "formats", "env", "collect"])
def test_schema_is_printed(kind: str) -> None:
    assert json.loads(run("schema", kind).stdout)["$id"] == f"urn:logdoctor:{kind}:1"
