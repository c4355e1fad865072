"""The lab's own logic: scenarios, and the printed fix applied to their commands. The runs need root; this does not."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import FIXTURES

sys.path.insert(0, str(FIXTURES / "lab"))

from lab import hosts, runner
from lab.environments import Environments
from lab.heal import apply, explain, read
from lab.record import clean, record
from lab.scenario import Scenario, Start, Works, load
from run import select

SCENARIOS = sorted((FIXTURES / "lab" / "scenarios").glob("*.yaml"))
RULES = FIXTURES.parent / "rules"


def scenario(*runs: str, env: dict[str, str] | None = None, **more: Any) -> Scenario:
    steps = tuple(Start(f"job-{number}", "a", run, env or {}) for number, run in enumerate(runs))
    return Scenario("test", "what", "torch", steps, Works(), **more)


def finding(**fix: Any) -> dict[str, Any]:
    return {"id": "x", "fix": {"env": [], "flags": [], "commands": [], **fix}}


def healed(of: Scenario, **fix: Any) -> list[Start]:
    return [step for step in apply(read(finding(**fix), of), of.steps) if isinstance(step, Start)]


@pytest.fixture(scope="module")
def known() -> set[str]:
    """The ids that a finding may have."""
    texts = [path.read_text(encoding="utf-8") for path in RULES.glob("*/*.yaml")]
    return {"", "unrecognised-failure", *re.findall(r"^(?:  - )?id: ([\w-]+)$", "\n".join(texts), re.M)}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario_is_sound(path: Path, known: set[str]) -> None:
    loaded = load(path)
    assert {loaded.expect, *loaded.also} <= known
    assert loaded.works.says or loaded.works.probe


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario_is_recorded(path: Path) -> None:
    loaded = load(path)
    for name in (path.stem, *(f"{path.stem}-{variant}" for variant in loaded.variants)):
        place = FIXTURES / name / "logs" if loaded.expect else FIXTURES / "healthy" / name
        assert place.is_dir(), f"record it: fixtures/lab/run.py {path.stem} --record"


def test_variable_is_set_and_unset_everywhere() -> None:
    of = scenario("python train.py", "python eval.py", env={"NCCL_NET": "IB", "RANK": "0"})
    settings = [{"name": "NCCL_NET", "value": None}, {"name": "GLOO_SOCKET_IFNAME", "value": "eth0"}]
    for step in healed(of, env=settings):
        assert step.env == {"RANK": "0", "GLOO_SOCKET_IFNAME": "eth0"}
        assert step.before == "unset NCCL_NET"


def test_command_that_unsets_a_variable_wins_over_the_scenario() -> None:
    of = scenario("VLLM_PORT=1 A='b c' vllm serve m", env={"VLLM_PORT": "tcp://", "RANK": "0"}, commands=("unset .*",))
    (step,) = healed(of, commands=["unset VLLM_PORT      # at once"])
    assert step.env == {"RANK": "0"}
    assert step.before == "unset VLLM_PORT"
    assert step.run == "A='b c' vllm serve m"


@pytest.mark.parametrize(
    ("command", "flag", "expected"),
    [
        (
            "vllm serve m --port 8000",
            {"name": "--port", "value": "8001", "of": "vllm serve"},
            "vllm serve m --port 8001",
        ),
        (
            "vllm serve m --port=8000 -x",
            {"name": "--port", "value": "1", "of": "vllm serve"},
            "vllm serve m --port 1 -x",
        ),
        (
            "vllm serve m",
            {"name": "--enforce-eager", "value": None, "of": "vllm serve"},
            "vllm serve m --enforce-eager",
        ),
        ("vllm serve m -x", {"name": "-x", "value": None, "of": "vllm serve", "drop": True}, "vllm serve m"),
        (
            "torchrun --nproc-per-node 2 train.py --nproc-per-node 9",
            {"name": "--master-port", "value": "1", "of": "torchrun"},
            "torchrun --master-port 1 --nproc-per-node 2 train.py --nproc-per-node 9",
        ),
        (
            "torchrun --nproc-per-node 2 train.py",
            {"name": "--nproc_per_node", "value": "gpu", "of": "torchrun"},
            "torchrun --nproc_per_node gpu train.py",
        ),
        (
            "ray start --head --port 6390",
            {"name": "--port", "value": "6380", "of": "ray start --head (GCS)"},
            "ray start --head --port 6380",
        ),
        (
            "/opt/venv/bin/vllm serve m --o '{\"a\": 1}'",
            {"name": "-n", "value": "$(nproc)", "of": "vllm serve"},
            '/opt/venv/bin/vllm serve m --o \'{"a": 1}\' -n "$(nproc)"',
        ),
    ],
)
def test_flag_is_set_on_its_own_command(command: str, flag: dict[str, Any], expected: str) -> None:
    first, second = healed(scenario(command, "python other.py"), flags=[flag])
    assert first.run == expected
    assert second.run == "python other.py"


def test_flag_of_worker_nodes_leaves_the_head_alone() -> None:
    flag = {"name": "--address", "value": "10.0.0.1:6390", "of": "ray start (worker nodes)"}
    head, worker = healed(scenario("ray start --head", "ray start --address 10.0.0.1:6379"), flags=[flag])
    assert head.run == "ray start --head"
    assert worker.run == "ray start --address 10.0.0.1:6390"


def test_what_cannot_be_applied_is_left_out() -> None:
    remedy = read(
        finding(
            env=[{"name": "LD_LIBRARY_PATH", "value": "<folder of libnccl-net.so>:$LD_LIBRARY_PATH"}],
            flags=[
                {"name": "--shm-size", "value": "16g", "of": "docker run"},
                {"name": "-p", "value": "<p>", "of": "python"},
            ],
            commands=["rm -rf /tmp/ray", "kill PID"],
        ),
        scenario("python train.py"),
    )
    assert not remedy
    assert len(remedy.left_out) == 5


def test_only_allowed_commands_are_run() -> None:
    of = scenario("python train.py", commands=(r"ulimit -n \d+",))
    commands = ["ulimit -n 65536   # before the start", "ulimit -n 1; rm -rf /"]
    assert healed(of, commands=commands)[0].before == "ulimit -n 65536"


def test_fix_of_a_recorded_run_is_read_from_the_json() -> None:
    diagnosis = explain(FIXTURES / "nccl-gloo-loopback" / "logs")
    remedy = read(diagnosis.findings[0], load(FIXTURES / "lab" / "scenarios" / "nccl-gloo-loopback.yaml"))
    assert remedy.env == {"GLOO_SOCKET_IFNAME": "eth0"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{what: x, software: torch, steps: [{start: a, host: c, run: x}]}", "no host 'c'"),
        ("{what: x, software: torch, steps: [{run: x}]}", "a step begins with one of start, wait, kill, shell"),
        ("{what: x, software: torch, steps: [], expect: y}", "`why` must say why"),
        ("{what: x, software: torch, steps: [], expects: y}", "expects"),
        ("{what: x, software: torch, steps: [", "line 1"),
    ],
)
def test_mistake_in_a_scenario_is_told(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(hosts.LabError, match=r"^mine\.yaml: ") as raised:
        load(path)
    assert says in str(raised.value)


def test_scenarios_are_chosen_by_name_or_beginning() -> None:
    assert [one.name for one in select(["nccl-duplicate-gpu"])] == ["nccl-duplicate-gpu"]
    assert {one.name for one in select(["nccl-dup"])} == {"nccl-duplicate-gpu", "nccl-duplicate-gpu-short"}
    with pytest.raises(hosts.LabError, match="no scenario 'nothing'"):
        select(["nothing"])


def test_paths_of_this_machine_are_taken_out(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.log").write_bytes(b"File /root/.cache/lab/torch/lib/x.py \xff\nlogdoctor-a\n")
    (logs / "empty.log").write_bytes(b"\n")
    clean(logs, {"/root/.cache/lab/torch": "/opt/venv", "/root/.cache": "/nowhere", "logdoctor-a": "node-a"})
    assert {path.name: path.read_bytes() for path in logs.iterdir()} == {
        "a.log": b"File /opt/venv/lib/x.py \xff\nnode-a\n"
    }


def test_expected_verdict_is_written_once(tmp_path: Path) -> None:
    logs = FIXTURES / "gloo-host-name-is-loopback" / "logs"
    of, diagnosis = load(FIXTURES / "lab" / "scenarios" / "gloo-host-name-is-loopback.yaml"), explain(logs)
    record(of, of.software, "torch 2.13.0", logs, diagnosis, tmp_path)
    expected = tmp_path / "gloo-host-name-is-loopback" / "expected.yaml"
    content = yaml.safe_load(expected.read_text())
    assert content["first"] == "gloo-bound-to-loopback"
    assert content["fix"] == ["export GLOO_SOCKET_IFNAME="]
    assert content["evidence"] in "\n".join(path.read_text() for path in logs.iterdir())
    expected.write_text("sharpened: by hand\n")
    record(of, of.software, "torch 2.13.0", logs, diagnosis, tmp_path)
    assert expected.read_text() == "sharpened: by hand\n"


def test_second_lab_is_turned_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hosts, "LOCK", tmp_path / "lock")
    with hosts.only_lab(), pytest.raises(hosts.LabError, match="Another lab"), hosts.only_lab():
        pass
    with hosts.only_lab():
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="hosts are made of Linux namespaces")
def test_interrupted_run_takes_its_hosts_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str, ...]] = []

    def ip(*arguments: str, check: bool = True) -> str:
        asked.append(arguments)
        return ""

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(hosts, "ip", ip)
    monkeypatch.setattr(hosts.Hosts, "_up", lambda self: None)
    monkeypatch.setattr(hosts.Hosts, "start", interrupted)
    (tmp_path / "bin").mkdir()
    (tmp_path / "lib" / "python3" / "site-packages").mkdir(parents=True)
    environments = Environments(tmp_path, tmp_path / "bin" / "python")
    of = scenario("python train.py")
    with pytest.raises(KeyboardInterrupt), runner.Run(of, "cuda", environments, tmp_path / "run") as run:
        run.until_over()
    assert ("netns", "delete", "logdoctor-a") in asked
    assert ("netns", "delete", "logdoctor-b") in asked
    assert not run.home.exists()
    assert not run.shm.exists()


def test_interrupt_in_the_middle_of_the_end_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def ip(*arguments: str, check: bool = True) -> str:
        asked.append(arguments)
        if len(asked) == 1:
            raise KeyboardInterrupt
        return ""

    monkeypatch.setattr(hosts, "ip", ip)
    place = runner.Run._place()
    with pytest.raises(KeyboardInterrupt):
        hosts.Hosts().down()
    runner.Run.take_down()
    assert [arguments[1:] for arguments in asked if "delete" in arguments] == [
        ("delete", "logdoctor-a"),
        ("delete", "logdoctor-b"),
    ]
    assert not place.exists()


def test_variants_may_have_another_verdict(tmp_path: Path) -> None:
    text = "{what: x, software: torch, steps: [], expect: gloo-x, why: y, variants: %s}"
    path = tmp_path / "mine.yaml"
    path.write_text(text % "[torch-2.1.2]")
    assert load(path).variants == {"torch-2.1.2": "gloo-x"}
    path.write_text(text % "{torch-2.1.2: gloo-y}")
    assert load(path).variants == {"torch-2.1.2": "gloo-y"}
