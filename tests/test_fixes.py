"""What is pasted arrives as it was meant: through real shells, and the parsers of YAML, JSON, units and Python."""

from __future__ import annotations

import ast
import json
import shlex
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from logdoctor.fixes import Block, Syntax, blocks
from logdoctor.model import EnvSetting, Fix, Flag

SHELLS = [shell for shell in ("sh", "bash") if shutil.which(shell)]
VALUES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\n\r$`", exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=24,
).filter(
    lambda value: (
        value == value.strip()
        and " #" not in value
        and not (len(value) > 1 and value[0] == value[-1] and value[0] in "\"'")
    )
)
COMPUTED = "$(printf 'eth%s' 0 | sed -n 's/\\(eth[^ ]*\\).*/\\1/p')"
LISTS = st.lists(VALUES, min_size=1, max_size=4)


def fix(*values: str, **more: Any) -> Fix:
    """A fix that sets N0, N1, ... to these values."""
    return Fix(env=tuple(EnvSetting(f"N{number}", value) for number, value in enumerate(values)), **more)


def pasted(fix: Fix, syntax: Syntax) -> list[Block]:
    return list(blocks(fix, syntax))


def text(fix: Fix, syntax: Syntax, language: str = "", first: bool = True) -> str:
    return next(block.text for block in blocks(fix, syntax) if not language or block.language == language)


def run(shell: str, script: str) -> list[str]:
    """What a shell prints, cut at its NULs."""
    done = subprocess.run([shell, "-eu", "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]


NAMES = 'for n in 0 1 2 3; do eval "v=\\${N$n-}"; [ -z "$v" ] || printf \'%s\\0\' "$v"; done'
RECORD = "kubectl() { printf '%s\\0' \"$@\"; }; docker() { printf '%s\\0' \"$@\"; }; srun() { printf '%s\\0' \"$@\"; }; ray() { printf '%s\\0' \"$@\"; };"


def test_ray_is_started_again_on_the_port_of_the_logs() -> None:
    assert "ray start --head --port=6390 " in text(fix("a", ray_port="6390"), Syntax.ray)
    assert "ray start --head --port=6379 " in text(fix("a"), Syntax.ray)


@pytest.mark.parametrize("shell", SHELLS)
@given(values=LISTS)
@settings(max_examples=25, deadline=None)
def test_shell(shell: str, values: list[str]) -> None:
    for syntax in (Syntax.shell, Syntax.slurm):
        assert run(shell, text(fix(*values), syntax) + "\n" + NAMES) == values


@pytest.mark.parametrize("shell", SHELLS)
@given(values=LISTS)
@settings(max_examples=15, deadline=None)
def test_ray(shell: str, values: list[str]) -> None:
    first, job, driver = pasted(fix(*values), Syntax.ray)
    exports = "\n".join(line for line in first.text.splitlines() if line.startswith("export"))
    assert run(shell, exports + "\n" + NAMES) == values
    words = run(shell, RECORD + job.text)
    assert list(json.loads(words[3])["env_vars"].values()) == values
    assert list(ast.literal_eval(driver.text.partition("runtime_env=")[2].rstrip(")"))["env_vars"].values()) == values


@pytest.mark.parametrize("shell", SHELLS)
@given(values=LISTS)
@settings(max_examples=15, deadline=None)
def test_docker(shell: str, values: list[str]) -> None:
    words = run(shell, RECORD + text(fix(*values), Syntax.docker))
    assert words == ["run", *(word for number, value in enumerate(values) for word in ("-e", f"N{number}={value}"))]


@pytest.mark.parametrize("shell", SHELLS)
@given(values=LISTS)
@settings(max_examples=15, deadline=None)
def test_kubectl(shell: str, values: list[str]) -> None:
    set_env, deployment, workers, ray = pasted(fix(*values), Syntax.k8s)
    assert run(shell, RECORD + set_env.text)[3:] == [f"N{number}={value}" for number, value in enumerate(values)]
    (container,) = yaml.safe_load(deployment.text)["spec"]["template"]["spec"]["containers"]
    assert [entry["value"] for entry in container["env"]] == values
    for block in (workers, ray):
        steps = json.loads(run(shell, RECORD + block.text)[-1])
        assert [step["value"]["value"] for step in steps] == values * 2


@given(values=LISTS)
@settings(deadline=None)
def test_yaml(values: list[str]) -> None:
    service = yaml.safe_load(text(fix(*values), Syntax.compose))["services"]["SERVICE"]
    assert list(service["environment"].values()) == values
    stack, cluster = (yaml.safe_load(block.text) for block in pasted(fix(*values), Syntax.helm_values))
    assert [entry["value"] for entry in stack["servingEngineSpec"]["modelSpec"][0]["env"]] == values
    assert [entry["value"] for entry in cluster["common"]["containerEnv"]] == values


@given(values=LISTS)
@settings(deadline=None)
def test_python(values: list[str]) -> None:
    environment: dict[str, str] = {}
    lines = text(fix(*values), Syntax.python).splitlines()
    exec("\n".join(line.replace("os.environ", "environment") for line in lines), {"environment": environment})
    assert list(environment.values()) == values


@given(values=LISTS)
@settings(deadline=None)
def test_systemd(values: list[str]) -> None:
    lines = text(fix(*values), Syntax.systemd).splitlines()
    assert lines[0] == "[Service]"
    assert [unit_word(line.partition("=")[2]) for line in lines[1:]] == [
        f"N{number}={value}" for number, value in enumerate(values)
    ]


def unit_word(quoted: str) -> str:
    """A quoted word of a unit file, as systemd.syntax(7) and systemd.unit(5) say."""
    assert quoted[0] == quoted[-1] == '"'
    inside, plain, at = quoted[1:-1], "", 0
    while at < len(inside):
        if inside[at] == "\\":
            plain += {"n": "\n", "t": "\t"}.get(inside[at + 1], inside[at + 1])
        elif inside[at] == "%":
            assert inside[at + 1] == "%"
            plain += "%"
        else:
            assert inside[at] != '"'
            plain += inside[at]
            at -= 1
        at += 2
    return plain


# -- values that a shell on the node works out


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_worked_out_on_the_node_is_worked_out_there(shell: str) -> None:
    change = fix(COMPUTED)
    assert run(shell, text(change, Syntax.shell) + "\n" + NAMES) == ["eth0"]
    assert run(shell, RECORD + text(change, Syntax.docker)) == ["run", "-e", "N0=eth0"]
    words = run(shell, RECORD + text(change, Syntax.slurm))
    assert run(words[0], f"{shlex.join([*words[:3], shell, '-c', NAMES])}") == ["eth0"]
    entrypoint = yaml.safe_load(text(change, Syntax.compose).replace("$$", "$"))["services"]["SERVICE"]["entrypoint"]
    assert run(shell, shlex.join([*entrypoint, shell, "-c", NAMES])) == ["eth0"]
    scope: dict[str, Any] = {}
    exec(text(change, Syntax.python) + "\nvalue = os.environ.pop('N0')", scope)
    assert scope["value"] == "eth0"


def test_a_unit_works_it_out_before_it_starts(tmp_path: Any) -> None:
    lines = text(fix(COMPUTED), Syntax.systemd).splitlines()
    command = next(line for line in lines if line.startswith("ExecStartPre=")).partition("-c ")[2]
    script = unit_word(command).replace("$$", "$").replace("/run/vllm.env", str(tmp_path / "env"))
    subprocess.run(["sh", "-c", script], check=True)
    assert (tmp_path / "env").read_text() == "N0=eth0\n"
    assert "EnvironmentFile=-/run/vllm.env" in lines


def test_kubernetes_knows_the_pods_address() -> None:
    change = Fix(env=(EnvSetting("VLLM_HOST_IP", "$(hostname -i)"),))
    for document in (text(change, Syntax.k8s, "yaml"), pasted(change, Syntax.helm_values)[1].text):
        assert "fieldPath: status.podIP" in document


# -- limits and options

WHOLE = Fix(
    env=(EnvSetting("GLOO_SOCKET_IFNAME", "eth0", "all nodes"), EnvSetting("NCCL_P2P_DISABLE", None), EnvSetting("X", COMPUTED)),
    flags=(
        Flag("--shm-size", "16g", "docker run"),
        Flag("--ulimit", "memlock=-1:-1", "docker run"),
        Flag("--network", "host", "docker run"),
        Flag("--max-model-len", "4096", "vllm serve, on one node"),
        Flag("--enforce-eager", None, "vllm serve"),
        Flag("--dtype", "half   # or bfloat16", "vllm serve", drop=True),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("syntax", "holds"),
    [
        (Syntax.shell, ["ulimit -l unlimited", "unset NCCL_P2P_DISABLE", "vllm serve --max-model-len=4096 --enforce-eager", "# vllm serve: drop --dtype=half"]),
        (Syntax.docker, ["--shm-size=16g", "--ulimit memlock=-1", "--network=host", "# leave out -e NCCL_P2P_DISABLE", "vllm serve --max-model-len=4096"]),
        (Syntax.compose, ['shm_size: "16g"', "memlock: -1", "GLOO_SOCKET_IFNAME: eth0"]),
        (Syntax.k8s, ["NCCL_P2P_DISABLE-", "emptyDir: {medium: Memory, sizeLimit: 16Gi}", "mountPath: /dev/shm"]),
        (Syntax.helm_values, ["shmSize: 16Gi", "containerEnv:"]),
        (Syntax.ray, ["ray start --head", "--runtime-env-json", "ulimit -l unlimited"]),
        (Syntax.slurm, ["srun --export=ALL,GLOO_SOCKET_IFNAME=eth0 --propagate=MEMLOCK", "unset NCCL_P2P_DISABLE"]),
        (Syntax.systemd, ["LimitMEMLOCK=infinity", "UnsetEnvironment=NCCL_P2P_DISABLE", 'Environment="GLOO_SOCKET_IFNAME=eth0"']),
        (Syntax.python, ["os.environ.pop('NCCL_P2P_DISABLE', None)", "max_model_len=4096, enforce_eager=True"]),
    ],
)  # fmt: skip
def test_limits_and_options(syntax: Syntax, holds: list[str]) -> None:
    everything = "\n".join(block.text for block in blocks(WHOLE, syntax))
    assert [part for part in holds if part not in everything] == []


def test_every_document_is_one() -> None:
    for syntax in Syntax:
        for block in blocks(WHOLE, syntax):
            if block.language == "yaml":
                assert yaml.safe_load(block.text)
            elif block.language == "python":
                compile(block.text, "pasted", "exec")
            elif block.language == "sh":
                subprocess.run(["sh", "-n", "-c", block.text], check=True)


def test_nothing_to_paste_is_nothing() -> None:
    assert all(blocks(Fix(summary="Wait.", commands=("nvidia-smi",)), syntax) == () for syntax in Syntax)


def test_ipc_host_gives_way_to_a_size() -> None:
    """Rules offer it instead of a size."""
    both = Fix(
        flags=(Flag("--shm-size", "16g", "docker run"), Flag("--ipc", "host", "docker run (instead of --shm-size)"))
    )
    assert "ipc" not in text(both, Syntax.docker)
    assert "--ipc=host" in text(Fix(flags=both.flags[1:]), Syntax.docker)
