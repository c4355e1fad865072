"""What people and programs get to see of a diagnosis.

The expected texts are plain files in ``tests/snapshots``; ``LOGDOCTOR_BLESS=1 pytest tests/test_render.py`` writes them anew.
"""

from __future__ import annotations

import json as stdlib_json
import os
import re
import shlex
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdoctor import render
from logdoctor.model import (
    Cluster,
    Diagnosis,
    EnvSetting,
    Evidence,
    Finding,
    Fix,
    Flag,
    Missing,
    Stats,
    Stream,
)
from logdoctor.render import json, text
from logdoctor.safetext import harmless

SNAPSHOTS = Path(__file__).parent / "snapshots"
SCHEMA = stdlib_json.loads((Path(render.__file__).parent / "diagnosis.schema.json").read_text())

PREFIX = "(RayWorkerWrapper pid=1978, ip=10.41.0.8) [rank9]: "
GLOO = Finding(
    id="gloo-bound-to-loopback",
    rule="gloo-connect-full-mesh",
    title="gloo on rank 9 published the loopback address 127.0.1.1",
    component="gloo",
    severity="error",
    layer="fault",
    role="root-cause",
    confidence=0.95,
    cause=(
        "The host name of gpu-b resolves to 127.0.1.1, so gloo listened on loopback and published an address that no other node can"
        " reach: on another node it means that node itself."
    ),
    fix=Fix(
        summary="Name the interface that connects the nodes on every node.",
        env=(
            EnvSetting("GLOO_SOCKET_IFNAME", "eth0", "all nodes", "head.log line 12"),
            EnvSetting(
                "NCCL_SOCKET_IFNAME",
                "$(ip -o route get 10.41.0.1 | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')",
                "each worker node",
                "computed on each node",
            ),
            EnvSetting("NCCL_P2P_DISABLE", None),
        ),
        flags=(
            Flag("--shm-size", "10g", "docker run"),
            Flag("--data-parallel-address", "<head address>", "vllm serve, on every node but the head"),
            Flag("--dtype", "half   # or bfloat16 from Ampere on", "vllm serve"),
            Flag("--enforce-eager", None, "vllm serve", drop=True),
        ),
        commands=("ray stop --force    # then start Ray again on that node", "echo 'one'\necho 'two'"),
        steps=(
            "Or let each host name resolve to its routable address in /etc/hosts, and drop the line that maps it to 127.0.1.1.",
            "Restart Ray.",
        ),
        verify=('getent hosts "$(hostname)"    # on each node: must not be 127.x', "ip -br addr"),
    ),
    evidence=(
        Evidence(
            "worker/vllm.log",
            118,
            118,
            PREFIX
            + "RuntimeError: Gloo connectFullMesh failed with [../third_party/gloo/gloo/transport/tcp/pair.cc:144]"
            " no error, connect refused, remote=[127.0.1.1]:53166",
            Stream("10.41.0.8", 9, 1978, "RayWorkerWrapper", "gloo"),
            "--05-01T09:14:33.174046",
        ),
        Evidence(
            "worker/vllm.log",
            130,
            130,
            PREFIX + "connect refused, remote=[127.0.1.1]:53166",
            Stream("10.41.0.8", 9),
            None,
        ),
        Evidence(
            "head.log",
            77,
            79,
            "RuntimeError: Gloo connectFullMesh failed\n\n  with this\n  and that",
            Stream(rank=1),
            "2026-05-01T09:14:33Z",
        ),
    ),
    count=16,
    explains=("vllm-engine-core-failed", "ray-actor-died"),
    references=(
        "https://github.com/pytorch/gloo/blob/main/gloo/transport/tcp/device.cc",
        "https://example.org/2",
        "https://example.org/3",
    ),
)


def finding(id: str, title: str, role: Any, **rest: Any) -> Finding:
    plain = Finding(
        id=id,
        rule=id,
        title=title,
        component="vllm",
        severity="warning" if role in ("contributing", "advice") else "error",
        layer="relay",
        role=role,
        confidence=0.5,
        cause="",
        fix=Fix(),
        evidence=(Evidence("head.log", 200, 200, title, Stream()),),
        count=1,
    )
    return plain._replace(**rest)


ENGINE = finding(
    "vllm-engine-core-failed",
    "vLLM's engine core died while it started",
    "consequence",
    count=214,
    caused_by=(GLOO.id,),
)
ACTOR = finding(
    "ray-actor-died",
    "A Ray actor died, says the driver, and it says so at length, and then at more length still",
    "consequence",
)
EAGER = finding(
    "vllm-eager",
    "CUDA graphs are off",
    "advice",
    fix=Fix("Drop --enforce-eager.", flags=(Flag("--enforce-eager", None, "vllm serve", True),)),
)
DISK = finding(
    "ray-store-on-disk",
    "Ray's object store is on disk",
    "contributing",
    fix=Fix("Enlarge /dev/shm.", env=(EnvSetting("A", "1"),)),
)
CLUSTER = Cluster(
    16,
    ("gpu-a", "gpu-b"),
    (0, 9),
    {"NCCL_DEBUG": ("INFO",)},
    {"nccl": ("2.27.3",), "vllm": ("0.11.0", "0.11.1")},
    ("vllm: 0.11.0, 0.11.1",),
)
UNEXPLAINED = tuple(Evidence("head.log", n, n, f"ValueError: number {n}", Stream(rank=n)) for n in range(1, 6))
STATS = Stats(5_100_000, 41_234, 900, 2, 0.1234, ("skipped core.1: binary",))

DIAGNOSES: dict[str, Diagnosis] = {
    "root-cause": Diagnosis(
        "root-cause",
        (GLOO, DISK, ENGINE, ACTOR, EAGER),
        (Missing("the log of rank 3", "it says nothing", "kubectl logs --previous pod-3   # on the head"),),
        CLUSTER,
        UNEXPLAINED,
        STATS,
    ),
    "consequence-only": Diagnosis(
        "consequence-only",
        (ENGINE._replace(cause="The engine core ended; why, its own log says.", confidence=0.5), ACTOR),
        (
            Missing(
                "the worker's log",
                "only it knows why the worker ended",
                "NCCL_DEBUG=INFO vllm serve ... 2>&1 | tee worker.log",
            ),
        ),
        stats=Stats(900, 12, 4, 1, 0.01),
    ),
    "unknown-failure": Diagnosis(
        "unknown-failure",
        (
            finding(
                "unrecognised-failure",
                "ValueError: no such thing (no rule knows this failure)",
                "root-cause",
                cause="It was raised in f.",
            ),
        ),
        stats=Stats(900, 12, 4, 1, 0.01),
    ),
    "healthy": Diagnosis("healthy", stats=Stats(1234, 12, 4, 3, 0.01)),
    "healthy-with-advice": Diagnosis("healthy", (EAGER,), stats=Stats(1234, 1, 1, 1, 0.01)),
    "empty": Diagnosis("healthy"),
}


def shown(diagnosis: Diagnosis, **options: Any) -> str:
    return text.render(diagnosis, **{"color": False, "width": 100, "verbose": False, "top": None, **options})


def same_as_snapshot(name: str, got: str) -> None:
    path = SNAPSHOTS / name
    if os.environ.get("LOGDOCTOR_BLESS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(got, encoding="utf-8")
    assert got == path.read_text(encoding="utf-8")


class TestSnapshots:
    @pytest.mark.parametrize("name", DIAGNOSES)
    def test_plain(self, name: str) -> None:
        same_as_snapshot(f"{name}.txt", shown(DIAGNOSES[name]))

    @pytest.mark.parametrize("name", ["root-cause", "healthy"])
    def test_in_color(self, name: str) -> None:
        same_as_snapshot(f"{name}.ansi", shown(DIAGNOSES[name], color=True))

    def test_verbose(self) -> None:
        same_as_snapshot("root-cause.verbose.txt", shown(DIAGNOSES["root-cause"], verbose=True))

    def test_narrow(self) -> None:
        same_as_snapshot("root-cause.narrow.txt", shown(DIAGNOSES["root-cause"], width=50))

    @pytest.mark.parametrize("name", DIAGNOSES)
    def test_json(self, name: str) -> None:
        same_as_snapshot(f"{name}.json", json.render(DIAGNOSES[name]))


def strict(schema: Any) -> Any:
    """The schema, admitting no field that it does not name."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema and schema.get("type") == "object" else {}
    return {**closed, **{key: strict(value) for key, value in schema.items()}}


class TestJson:
    def test_the_schema_is_a_schema(self) -> None:
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    @pytest.mark.parametrize("name", DIAGNOSES)
    def test_what_is_written_is_what_the_schema_says(self, name: str) -> None:
        jsonschema.Draft202012Validator(strict(SCHEMA)).validate(stdlib_json.loads(json.render(DIAGNOSES[name])))

    @pytest.mark.parametrize(
        "change", [{"verdict": "fine"}, {"findings": [{}]}, {"stats": {}}, {"schema": "logdoctor.diagnosis/2"}]
    )
    def test_the_schema_says_no_to_what_is_not(self, change: dict[str, Any]) -> None:
        document = stdlib_json.loads(json.render(DIAGNOSES["root-cause"]))
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(SCHEMA).validate({**document, **change})

    def test_the_words_of_the_contract(self) -> None:
        document = stdlib_json.loads(json.render(DIAGNOSES["root-cause"]))
        assert document["schema"] == "logdoctor.diagnosis/1"
        first, *_, last = document["findings"]
        assert first["fix"]["env"][0] == {
            "name": "GLOO_SOCKET_IFNAME",
            "value": "eth0",
            "where": "all nodes",
            "from": "head.log line 12",
        }
        assert first["fix"]["env"][2] == {
            "name": "NCCL_P2P_DISABLE",
            "value": None,
            "where": "all nodes",
            "from": "",
            "unset": True,
        }
        assert first["fix"]["flags"][0] == {"name": "--shm-size", "value": "10g", "of": "docker run"}
        assert last["fix"]["flags"][0] == {"name": "--enforce-eager", "value": None, "of": "vllm serve", "drop": True}
        assert first["evidence"][0]["line"] == 118
        assert first["evidence"][0]["stream"] == {
            "host": "10.41.0.8",
            "rank": 9,
            "pid": 1978,
            "process": "RayWorkerWrapper",
            "component": "gloo",
        }

    def test_ascii_only(self) -> None:
        odd = GLOO._replace(title="größer \u202e \x9b \x1b \udcff")
        assert (written := json.render(Diagnosis("root-cause", (odd,)))).isascii()
        assert stdlib_json.loads(written)["findings"][0]["title"] == odd.title


class TestText:
    @pytest.mark.parametrize("name", DIAGNOSES)
    @pytest.mark.parametrize("verbose", [False, True])
    @pytest.mark.parametrize("width", [40, 61, 100, 120])
    def test_plain_text_is_ascii_and_keeps_to_the_width(self, name: str, verbose: bool, width: int) -> None:
        got = shown(DIAGNOSES[name], width=width, verbose=verbose)
        assert got.isascii()
        assert got.endswith("\n")
        for line in got.splitlines():
            assert line == line.rstrip()
            assert len(line) <= width or is_copied(line)

    def test_lines_to_copy_run_in_a_shell(self) -> None:
        lines = [
            line.strip()
            for line in shown(DIAGNOSES["root-cause"]).splitlines()
            if line.startswith(("  export", "  unset"))
        ]
        done = subprocess.run(
            [
                "bash",
                "-euc",
                "ip() { echo x dev bond0 y; }\n"
                + "\n".join(lines)
                + '\necho "$GLOO_SOCKET_IFNAME $NCCL_SOCKET_IFNAME"',
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "eth0 bond0\n"

    def test_lines_to_copy_are_never_wrapped(self) -> None:
        assert (
            f'  export NCCL_SOCKET_IFNAME="{GLOO.fix.env[1].value}"'
            in shown(DIAGNOSES["root-cause"], width=40).splitlines()
        )

    def test_a_value_is_one_word_to_the_shell(self) -> None:
        for value in (
            "<a token from https://x.org>",
            "a b",
            "x;reboot",
            "^mlx5_1,mlx5_2",
            "'a b'",
            '"$(hostname)"',
            "",
            "a'b",
            "`id`",
            "[::1]:80",
        ):
            fix = Fix(env=(EnvSetting("A", value, ""),))
            (line,) = (
                x for x in shown(Diagnosis("root-cause", (GLOO._replace(fix=fix),))).splitlines() if "export" in x
            )
            assert len(shlex.split(line)) == 2, line

    def test_top(self) -> None:
        got = shown(DIAGNOSES["root-cause"], top=2)
        assert "Ray's object store" in got
        assert "engine core died" not in got
        assert "3 more findings not shown" in got

    def test_color_only_adds_color(self) -> None:
        got = shown(DIAGNOSES["root-cause"], color=True)
        assert "\x1b[" in got
        plain = re.sub(r"\x1b\[[0-9;]*m", "", got)
        assert "\x1b" not in plain
        assert '  export GLOO_SOCKET_IFNAME=eth0   # all nodes; from head.log line 12' in plain.splitlines()  # fmt: skip

    @pytest.mark.parametrize("variable", ["NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM"])
    def test_the_environment_has_no_say(self, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
        expected = [shown(DIAGNOSES["root-cause"], color=color) for color in (False, True)]
        monkeypatch.setenv(variable, {"COLUMNS": "20", "TERM": "dumb"}.get(variable, "1"))
        assert [shown(DIAGNOSES["root-cause"], color=color) for color in (False, True)] == expected

    def test_a_long_line_shows_the_part_that_matters(self) -> None:
        noise = "x" * 300
        long = GLOO.evidence[0]._replace(text=f"{noise} published 127.0.1.1 {noise}")
        assert "... published 127.0.1.1 xxx" in shown(Diagnosis("root-cause", (GLOO._replace(evidence=(long,)),)))
        unspoken = GLOO.evidence[0]._replace(text=f"{noise} ConnectionRefusedError {noise}")
        assert " ConnectionRefusedError " in shown(Diagnosis("root-cause", (GLOO._replace(evidence=(unspoken,)),)))

    def test_wide_characters_fit(self) -> None:
        wide = GLOO._replace(title="漢" * 70, evidence=(GLOO.evidence[0]._replace(text="漢字" * 200),))
        for line in shown(Diagnosis("root-cause", (wide,)), width=60).splitlines()[:20]:
            assert sum(2 if unicodedata.east_asian_width(c) == "W" else 1 for c in line) <= 60 or is_copied(line)


def is_copied(line: str) -> bool:
    """Whether the line is one to copy or to click, which is never wrapped."""
    return re.match(r" {2,4}[^ ]", line) is not None


HOSTILE = "\x1b[2J\x1b]0;pwned\x07[bold red]x[/] :skull: \u202egnp.exe\u2066 \x9b31m \r\b\x00 \u200b\udcff \u2028 end"


def poisoned(value: Any, poison: str) -> Any:
    """The same value with the poison in each of its texts, but for those that only the rules' authors write."""
    if isinstance(value, str):
        return f"{value[:8]}{poison}{value[8:]}"
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(poisoned(item, poison) for item in value)
    if isinstance(value, tuple):
        kept = ("role", "severity", "layer", "verdict", "kind", "launcher")
        names = [name for name in value._fields if name not in kept]
        return value._replace(**{name: poisoned(getattr(value, name), poison) for name in names})
    if isinstance(value, dict):
        return {poisoned(key, poison): poisoned(item, poison) for key, item in value.items()}
    return value


class TestHostileLogs:
    @pytest.mark.parametrize("verbose", [False, True])
    @pytest.mark.parametrize("color", [False, True])
    def test_no_text_of_a_log_reaches_the_terminal_raw(self, color: bool, verbose: bool) -> None:
        got = shown(poisoned(DIAGNOSES["root-cause"], HOSTILE), color=color, verbose=verbose)
        check_harmless(got, color)
        assert "[bold red]x[/] :skull:" in got
        assert "^[]0;pwned^G" in got

    @settings(deadline=None, max_examples=40)
    @given(poison=st.text(max_size=12), color=st.booleans(), width=st.integers(40, 120))
    def test_whatever_it_holds(self, poison: str, color: bool, width: int) -> None:
        diagnosis = poisoned(DIAGNOSES["root-cause"], poison)
        check_harmless(shown(diagnosis, color=color, width=width, verbose=True), color)
        check_harmless(shown(diagnosis, color=color, width=width), color)
        assert json.render(diagnosis).isascii()

    def test_color_in_a_log_is_dropped(self) -> None:
        red = GLOO.evidence[0]._replace(text="\x1b[31mRuntimeError\x1b[0m: 127.0.1.1\ttab")
        assert "RuntimeError: 127.0.1.1" in shown(Diagnosis("root-cause", (GLOO._replace(evidence=(red,)),)))

    @given(st.text())
    def test_harmless(self, anything: str) -> None:
        assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in harmless(anything))
        assert harmless(harmless(anything)) == harmless(anything)

    def test_harmless_spells_out(self) -> None:
        assert harmless("a\x1b\n\x7f\x9b\u202e\ufeff\udcff é漢🙂") == "a^[^J^?<U+009B><U+202E><U+FEFF><U+DCFF> é漢🙂"
        assert harmless("a\n\tb", keep="\n") == "a\n^Ib"


def check_harmless(got: str, color: bool) -> None:
    if color:
        got = re.sub(r"\x1b\[[0-9;]*m", "", got)
    for c in got:
        assert c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp"), repr(c)
        assert c not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u200b\ufeff", repr(c)
