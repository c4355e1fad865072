"""What must hold for all rules together: names that exist, causes that can win, literals that healthy logs lack,
commands that a shell can read."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from helpers import FIXTURES

from logdoctor import rulebook
from logdoctor.diagnosis.expressions import FUNCTIONS, _parsed
from logdoctor.model import LAYERS
from logdoctor.rulebook import Case, Rule
from logdoctor.rulebook.environment import CHECKS
from logdoctor.rulebook.literals import SHORTEST

BOOK = rulebook.load()
RULES: dict[str, Rule] = {id: BOOK.rule(id) for id in BOOK.rule_ids}
OWNERS = {case.id: rule.id for rule in RULES.values() for case in rule.cases}
"""Case -> its rule."""
EVERY_RULE = pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
OF_EVENT = {"host", "rank", "pid", "process", "source", "line"}
"""What an event has besides the groups of its signature."""
OTHER_NAMES = {"unrecognised-failure", *(f"layer:{layer}" for layer in LAYERS)}
PLACEHOLDER = re.compile(r"\w+(-\w+)+")
"""No group can be called so: a last alternative such as {free-port}, which is shown as <free-port>."""


DIFFERENCE = {"value", "who", "other", "others"}
"""What a difference is told with."""
OF_LEDGER = {"ranks", "odd-ranks", "odd-hosts", "lowest-ranks", "absent-ranks", "usual"}
"""Functions that look at the statements of all ranks or hosts."""


@cache
def groups(rule: str) -> frozenset[str]:
    """The named groups of a rule's signatures, the values of its check, and what a difference is told with."""
    checks = [check for check, speaker in BOOK.checks.items() if speaker == rule]
    named = {name for check in checks for name in CHECKS[check]} | {
        name for pattern in BOOK.patterns if pattern.rule == rule for name in re.findall(r"\(\?P<(\w+)>", pattern.text)
    }
    return frozenset(named | (DIFFERENCE if any(rule == other for other, _, _ in BOOK.differences) else set()))


@cache
def facts() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """The names that facts can have: those without groups in them, and the shapes of the others."""
    plain, shapes = {definition["id"] for definition in BOOK.derived}, []
    for pattern in BOOK.patterns:
        if pattern.fact is None:
            continue
        within = set(re.findall(r"\{(\w+)\}", pattern.fact))
        values = set(re.findall(r"\(\?P<(\w+)>", pattern.text)) - within
        for name in [pattern.fact if value == "value" else f"{pattern.fact}.{value}" for value in values or {"value"}]:
            if within:
                shapes.append(re.compile(re.sub(r"\\\{\w+\\\}", r"[\\w.-]+", re.escape(name))))
            else:
                plain.add(name)
    return frozenset(plain), tuple(shapes)


def is_fact(name: str) -> bool:
    plain, shapes = facts()
    return name in plain or any(shape.fullmatch(name) for shape in shapes)


def is_family(name: str) -> bool:
    """Whether it begins the names of facts, as nccl.init-start does those of nccl.init-start.rank."""
    return is_fact(name) or any(fact.startswith(f"{name}.") for fact in facts()[0])


def unknown(template: str, names: frozenset[str]) -> Iterator[str]:
    """The expressions in a text that can never have a value."""
    for part in _parsed(template):
        if isinstance(part, str):
            continue
        for number, alternative in enumerate(part, 1):
            if alternative[:1] in ("'", '"') and len(alternative) > 1:
                yield from unknown(alternative[1:-1], names)
            elif not _names_something(alternative, names) and not (
                number == len(part) and PLACEHOLDER.fullmatch(alternative)
            ):
                yield alternative


def _names_something(expression: str, names: frozenset[str]) -> bool:
    function, _, argument = expression.partition(" ")
    if not argument:
        return function in names | OF_EVENT
    if function in ("fact", "facts"):
        return is_fact(argument.strip())
    if function == "env":
        return True
    if function in OF_LEDGER:
        return all(map(is_fact, argument.split()))
    return function in FUNCTIONS and _names_something(argument.strip(), names)


def texts(value: Any) -> Iterator[str]:
    """All texts in a piece of YAML."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from texts(part)


def conditions(condition: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """A condition and all within it that ask for something."""
    if condition is None:
        return
    if parts := condition.get("all") or condition.get("any"):
        for part in parts:
            yield from conditions(part)
    elif "not" in condition:
        yield from conditions(condition["not"])
    else:
        yield condition


def cases() -> Iterator[tuple[Rule, Case]]:
    for rule in RULES.values():
        for case in rule.cases:
            yield rule, case


def test_every_file_could_be_used() -> None:
    assert BOOK.problems == ()


def test_ids_are_used_once() -> None:
    assert [id for id, times in Counter(case.id for _, case in cases()).items() if times > 1] == []
    assert [id for id, rule in OWNERS.items() if id in RULES and id != rule] == [], "a case called like another rule"


@EVERY_RULE
def test_edges_name_what_exists(rule: Rule) -> None:
    known = {*RULES, *OWNERS, *OTHER_NAMES}
    assert [name for name in (*rule.explains, *rule.consequence_of) if name not in known] == []


@EVERY_RULE
def test_conditions_name_what_exists(rule: Rule) -> None:
    for condition in [asked for case in rule.cases for asked in conditions(case.when)]:
        for kind in ("seen", "not_seen", "count"):
            if kind in condition:
                name = condition[kind]
                assert name in RULES or is_family(name), f"{kind}: {name} is no rule and no fact"
        if "fact" in condition:
            assert is_fact(condition["fact"]), f"no fact {condition['fact']}"
        if "version" in condition:
            assert is_fact(f"version.{condition['version']}"), f"nothing states the version of {condition['version']}"
        if "value" in condition:
            assert _names_something(condition["value"], groups(rule.id)), f"no group {condition['value']}"
        for name in ("equals", "less_than", "more_than", "same_network_as"):
            assert list(unknown(str(condition.get(name, "")), groups(rule.id))) == []


@EVERY_RULE
def test_expressions_name_what_exists(rule: Rule) -> None:
    for case in rule.cases:
        for text in (case.title, case.cause, *texts(case.fix), *texts(case.missing)):
            assert list(unknown(text, groups(rule.id))) == [], f"in {case.id}: {text}"


@pytest.mark.parametrize("derived", BOOK.derived, ids=lambda derived: derived["id"])
def test_derived_values_name_what_exists(derived: Mapping[str, Any]) -> None:
    assert [name for text in derived["first"] for name in unknown(text, frozenset())] == []


@EVERY_RULE
def test_every_cause_can_win(rule: Rule) -> None:
    """The first entry of a differential whose condition holds wins."""
    for number, case in enumerate(rule.cases, 1):
        before = [other.when for other in rule.cases[: number - 1]]
        assert None not in before, f"{case.id} stands behind an entry without a condition"
        assert case.when not in before, f"{case.id} stands behind an entry with the same condition"


def test_no_cycle_of_edges() -> None:
    """Two causes that explain each other, over however many steps, would both be fallout."""
    edges: dict[str, set[str]] = defaultdict(set)
    for rule in RULES.values():
        for name in rule.explains:
            for cause in rule.cases:
                edges[cause.id] |= set(_named(name))
        for name in rule.consequence_of:
            for cause_id in _named(name):
                edges[cause_id] |= {case.id for case in rule.cases}
    done: set[str] = set()
    for start in list(edges):
        _walk(start, edges, [], done)


def _named(name: str) -> Iterable[str]:
    """The causes that an edge speaks of."""
    if name.startswith("layer:"):
        return [case.id for _, case in cases() if case.layer == name.partition(":")[2]]
    return [case.id for case in RULES[name].cases] if name in RULES else [name]


def _walk(at: str, edges: Mapping[str, set[str]], way: list[str], done: set[str]) -> None:
    if at in way:
        pytest.fail(" explains ".join([*way[way.index(at) :], at]))
    if at in done:
        return
    for effect in sorted(edges.get(at, ())):
        if OWNERS.get(effect) != OWNERS.get(at):  # of one rule's causes only one holds for an event
            _walk(effect, edges, [*way, at], done)
    done.add(at)


# What costs time


def test_literals_can_be_found() -> None:
    """They are long enough to be rare, lie within one line, and hold nothing that a JSON string escapes."""
    assert [literal for literal in BOOK.literals if len(literal.encode()) < SHORTEST] == []
    assert [literal for literal in BOOK.literals if set(literal) & set('"\n\t')] == []


HEALTHY = [
    path
    for path in sorted((FIXTURES / "healthy").rglob("*.log"))
    if path.read_bytes().count(b"\n") > 50  # in a shorter log one line is much
]


FEW = 4
"""Lines that every process prints once or twice when it starts."""


@pytest.mark.parametrize("path", HEALTHY, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_literals_are_rare_in_healthy_logs(path: Path) -> None:
    """A literal that stands where its patterns do not match is read for nothing."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    hot = {
        literal: wasted
        for literal in BOOK.literals
        if (wasted := sum(literal in line and not _matches(literal, line) for line in lines))
        > max(FEW, 0.02 * len(lines))
    }
    assert hot == {}


def _matches(literal: str, line: str) -> bool:
    return any(BOOK.regex(index).search(line) for index in BOOK.literals[literal])


STEADY = """\
(APIServer pid=1) INFO:     10.0.14.77:51234 - "POST /v1/chat/completions HTTP/1.1" 200 OK
(APIServer pid=1) INFO:     10.0.0.9:40110 - "GET /metrics HTTP/1.1" 200 OK
(APIServer pid=1) INFO 05-01 09:14:33 [logger.py:42] Received request chatcmpl-7f2a: prompt: 'Hello', params: SamplingParams(n=1, temperature=0.7, top_p=0.95, seed=None, stop=[], max_tokens=512, logprobs=None, truncate_prompt_tokens=None, guided_decoding=None), prompt_token_ids: None, prompt_embeds shape: None, lora_request: None.
(APIServer pid=1) INFO 05-01 09:14:33 [async_llm.py:270] Added request chatcmpl-7f2a.
[2026-05-01 09:14:33 TP0] Prefill batch, #new-seq: 1, #new-token: 512, #cached-token: 0, token usage: 0.02, #running-req: 3, #queue-req: 0,
[2026-05-01 09:14:33 TP0] Decode batch, #running-req: 3, #token: 1024, token usage: 0.02, cuda graph: True, gen throughput (token/s): 120.50, #queue-req: 0,
[2026-05-01 09:14:33,311 I 1234 1301] (raylet) node_manager.cc:585: Leasing worker 01f2 to task 77, scheduling class 4
[2026-05-01 09:14:33,311 I 1234 1301] (raylet) object_manager.cc:77: Object store current usage 8e-09 / 9.3 GB
[2026-05-01 09:14:33,311 I 2210 2210] (gcs_server) gcs_actor_manager.cc:331: Finished creating actor 2fa1, job id = 01000000
[2026-05-01 09:14:33,311 D 1234 1301] (raylet) worker_pool.cc:1412: Popped worker 9c01, pid 4477
node3:411:437 [5] NCCL INFO Channel 07/0 : 5[5] -> 6[6] via P2P/CUMEM/read
node3:411:437 [5] NCCL INFO Channel 01/1 : 5[5] -> 13[5] [send] via NET/IB/3/GDRDMA
node3:411:437 [5] NCCL INFO Trees [0] 6/-1/-1->5->4 [1] 6/-1/-1->5->4
node3:411:437 [5] NCCL INFO AllReduce: opCount 1f sendbuff 0x7f00 recvbuff 0x7f00 count 4096 datatype 9 op 0 root 0 comm 0x55d0 [nranks=8] stream 0x5566
step 1200: loss 2.3121 | lr 1.0e-04 | grad norm 0.412 | 15220 tokens/s
{'loss': 1.8821, 'grad_norm': 0.512, 'learning_rate': 4.8e-05, 'epoch': 0.37}
 37%|███▋      | 4440/12000 [2:11:05<3:42:10,  1.76s/it]
[2026-05-01 09:14:33,311] [INFO] [logging.py:107:log_dist] [Rank 0] step=1200, skipped=0, lr=[1e-04], mom=[(0.9, 0.95)]
 [2026-05-01 09:14:33] iteration     1200/  500000 | consumed samples:       307200 | elapsed time per iteration (ms): 811.2 | learning rate: 1.0E-04 | global batch size:   256 | lm loss: 2.312100E+00 | loss scale: 1.0 | grad norm: 0.412 | number of skipped iterations:   0 | number of nan iterations:   0 |
Epoch 3: 100%|██████████| 782/782 [01:12<00:00, 10.8it/s, v_num=0, train_loss=0.312]
May  1 09:14:33 gpu-b03 kernel: audit: type=1400 audit(1746090873.1:88): apparmor="ALLOWED" operation="open" profile="docker-default"
May  1 09:14:33 gpu-b03 systemd[1]: Started session-812.scope - Session 812 of User ml.
I0501 09:14:33.311000 4411 prober.go:120] "Probe succeeded" probeType="Liveness" pod="serving/vllm-0" containerName="vllm"
2026-05-01 09:14:33,311 - trainer - INFO - saved checkpoint step-1200 to /data/ckpt/step-1200 in 41.2 s
""".splitlines()
"""Lines of which a run that is well prints thousands."""


@pytest.mark.parametrize("line", STEADY, ids=lambda line: line[:40].strip())
def test_literals_are_not_in_steady_lines(line: str) -> None:
    hot = [
        literal for literal, calls in BOOK.literals.items() if literal in line and not BOOK.heartbeats.issuperset(calls)
    ]
    assert hot == []


# What is copied to a shell

_UNFINISHED = re.compile(r"<(?!<)[^<>|&;\"\n]{1,200}>|(?<=\s)\.\.\.(?=\s|$)")
"""What the reader has to fill in."""


def test_commands_are_read_by_a_shell() -> None:
    """Every line to copy is whole: its quotes and brackets are closed, and it is no prose."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("needs bash")
    lines = [
        (case.id, _UNFINISHED.sub("X", _filled(line)))
        for _, case in cases()
        for line in (*case.fix.get("commands", ()), *case.fix.get("verify", ()))
    ]
    assert [line for line in lines if re.match(r"[A-Z][a-z]+ ", line[1])] == [], "prose belongs into steps"
    script = "\n".join(f"f{number}() {{\n{line}\n}}" for number, (_, line) in enumerate(lines))
    read = subprocess.run([bash, "-n"], input=script, text=True, capture_output=True, check=False)
    assert read.stderr == "", [lines[(int(at) - 1) // 3] for at in re.findall(r"line (\d+)", read.stderr)]


def _filled(template: str) -> str:
    """The text as it is where no value is known, with a word for each placeholder."""
    return "".join(
        part
        if isinstance(part, str)
        else next((_filled(text[1:-1]) for text in reversed(part) if text[:1] in "\"'"), "VALUE")
        for part in _parsed(template)
    )


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(flag["name"], case.id, id=f"{case.id}{flag['name']}")
        for _, case in cases()
        for flag in case.fix.get("flags", ())
        if flag["of"].startswith("vllm serve")
    ],
)
def test_options_of_vllm_are_in_kebab_case(name: str, case: str) -> None:
    assert re.fullmatch(r"--?[a-z0-9]+(-[a-z0-9]+)*(\.\w+)*|\{.*\}", name), case


_NAMES = """
RAY_DISTRIBUTED_FRAMEWORK NCCL_TIMEOUT NCCL_COMM_TIMEOUT NCCL_WATCHDOG_TIMEOUT TORCH_NCCL_TIMEOUT
TORCH_DISTRIBUTED_TIMEOUT GLOO_TIMEOUT TORCH_GLOO_TIMEOUT TORCHELASTIC_TIMEOUT NCCL_IB_ENABLE NCCL_IB_DEVICE
NCCL_IB_PORT NCCL_IB_GID NCCL_IB_MTU NCCL_IB_QPS NCCL_IB_SOCKET_IFNAME NCCL_P2P_ENABLE NCCL_DISABLE_P2P
NCCL_NVLS_DISABLE NCCL_SHM_SIZE NCCL_DEBUG_LEVEL NCCL_LOG_LEVEL NCCL_GDR_LEVEL NCCL_IFNAME NCCL_SOCKET_INTERFACE
NCCL_SOCKET_IFACE NCCL_PORT_RANGE NCCL_MASTER_PORT NCCL_NSOCKS_PER_THREAD GLOO_IFNAME GLOO_INTERFACE
GLOO_SOCKET_FAMILY GLOO_DEBUG MASTER_IP UCX_IB_HCA UCX_DEVICES NVSHMEM_IFNAME NVSHMEM_SOCKET_IFNAME
"""
NOBODY_READS = frozenset(_NAMES.split())
"""Variables that guides recommend and no program reads."""


def test_no_advice_sets_a_variable_that_nobody_reads() -> None:
    advised = {
        (setting["name"], case.id) for _, case in cases() for setting in case.fix.get("env", ()) if "value" in setting
    }
    assert [case for name, case in advised if name in NOBODY_READS] == []
