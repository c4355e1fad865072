"""The catalogue of flags, and what is said of flags that a command refused or that a fix gives."""

from __future__ import annotations

import re

import pytest
from helpers import diagnose

from logdoctor import rulebook
from logdoctor.diagnosis.flags import refused
from logdoctor.facts import Facts
from logdoctor.model import Event, Fact, Record, Stream

BOOK = rulebook.load()
VLLM = BOOK.commands["vllm serve"]
REFUSED = "vllm serve: error: unrecognized arguments: {}\n"


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("--tensor-parallel-size", "--tensor-parallel-size"),
        ("--tensor_parallel_size=2", "--tensor-parallel-size"),
        ("tensor_parallel_size", "--tensor-parallel-size"),
        ("-tp", "--tensor-parallel-size"),
        ("--no-enable-prefix-caching", "--enable-prefix-caching"),
        ("--compilation-config.mode", "--compilation-config"),
        ("--unheard-of", "--unheard-of"),
    ],
)
def test_one_flag_has_many_spellings(name: str, spelled: str) -> None:
    assert VLLM.spelled(name) == spelled


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("--tensor-paralel-size", "--tensor-parallel-size"),
        ("--max-modellen", "--max-model-len"),
        ("--gpu-memory-utilisation", "--gpu-memory-utilization"),
        ("--tensor-parallel-size", None),
        ("--mem-fraction-static", None),
        ("--quux", None),
    ],
)
def test_a_misspelt_flag_means_the_nearest(name: str, meant: str | None) -> None:
    assert VLLM.meant(name) == meant


def test_flags_are_of_one_kind() -> None:
    for command in BOOK.commands.values():
        for name, unread in command.unread.items():
            assert not command.knows(name), f"{command.name} takes {name}, and does not"
            assert unread.replaced_by is None or command.knows(unread.replaced_by), name
        for flag in command.settings.values():
            assert flag.replaced_by is None or command.knows(flag.replaced_by), flag.name
            assert not (flag.replaced_by and flag.instead), flag.name
            assert flag.removed or not (flag.replaced_by or flag.instead), flag.name
            assert flag.since or not flag.before, flag.name


def test_what_is_expected_can_be_said_and_defaults_are_possible() -> None:
    for command in BOOK.commands.values():
        for flag in command.settings.values():
            assert flag.expects
            assert flag.meaning.endswith("."), flag.name
            if flag.default is not None and re.fullmatch(r"-?\d+", flag.default):
                assert flag.takes(flag.default), flag.name


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("vllm serve (with docker run around it), sglang.launch_server", ["vllm serve", "sglang.launch_server"]),
        ("ray start --head", ["ray start"]),
        ("vllm server", []),
    ],
)
def test_the_commands_in_a_text(text: str, commands: list[str]) -> None:
    assert [command.name for command in BOOK.commands_in(text)] == commands


def test_a_refused_flag_that_is_misspelt() -> None:
    found = diagnose(REFUSED.format("--tensor-paralel-size 2")).findings[0]
    assert found.id == "vllm-argument-misspelt"
    assert [(flag.name, flag.value, flag.drop) for flag in found.fix.flags] == [
        ("--tensor-paralel-size", None, True),
        ("--tensor-parallel-size", "2", False),
    ]


def test_flags_of_releases_after_the_catalogue_are_not_doubted() -> None:
    facts = Facts()
    facts.add(Fact("version.vllm", "99.1.0", "log.txt", 1, Stream()))
    rule = "vllm-argument-unknown"
    record = Record("log.txt", ("x",), (1,), Stream())
    events = {rule: [Event(rule, record, 1, 1, {"argument": "--tensor-paralel-size"})]}
    assert refused(events, Facts(), BOOK)[rule][0].values["misspelt"] == "--tensor-parallel-size"
    assert "misspelt" not in refused(events, facts, BOOK)[rule][0].values


@pytest.mark.parametrize(
    ("version", "flags", "step"),
    [
        ("0.32.0", ["--structured-outputs-config.backend"], None),
        ("0.9.2", [], "--structured-outputs-config came with vllm 0.11.0, and these logs are of 0.9.2; before, it was"),
    ],
)
def test_a_fix_gives_the_flags_of_the_version(version: str, flags: list[str], step: str | None) -> None:
    """A flag that the version of the logs does not have is told of, and not given."""
    found = diagnose(
        f"INFO 11-20 10:00:01 [api_server.py:1634] vLLM API server version {version}\n"
        "ValueError: The provided JSON schema contains features not supported by xgrammar.\n"
    ).findings[0]
    assert [flag.name for flag in found.fix.flags if flag.of.startswith("vllm serve")] == flags
    assert step is None or any(text.startswith(step) for text in found.fix.steps)
