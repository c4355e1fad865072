"""Nothing secret stays, nothing diagnostic goes."""

from __future__ import annotations

import random

import pytest
from helpers import FIXTURES, source
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import ANYWHERE, NAMED, SPECIAL, TOKENS, WORDS, draw, private_key, wrapped

from logdoctor import core, rulebook, sources
from logdoctor.redact import Hide, Redactor

CHANCE = random.Random(7)
VALUE = draw("", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 30)


def leaks(secret: str, text: str) -> list[str]:
    """The pieces of a secret, of six characters or more, that a text still holds."""
    flat = text.replace("\n", "")
    return [secret[at : at + 6] for at in range(0, len(secret) - 5) if secret[at : at + 6] in flat and at > 10]


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor()


@pytest.mark.parametrize("kind", TOKENS)
def test_a_secret_is_told_by_its_form_wherever_it_stands(kind: str, redactor: Redactor) -> None:
    chance = random.Random(kind)
    for position, template in ANYWHERE.items():
        for _ in range(5):
            secret = TOKENS[kind](chance)
            masked = redactor.text(template.format(secret))
            assert not leaks(secret, masked), (position, masked)


@pytest.mark.parametrize("kind", TOKENS)
def test_a_terminal_that_wraps_the_line_hides_nothing(kind: str, redactor: Redactor) -> None:
    chance = random.Random(kind)
    for width in range(40, 132):
        secret = TOKENS[kind](chance)
        log = wrapped(f"2026-05-01 10:00:00 INFO the login of node gpu-a17 with {secret}", width)
        masked = redactor.text(f"before\n{log}\nINFO after")
        assert not leaks(secret, masked), (width, masked)
        assert masked.endswith("\nINFO after")


@pytest.mark.parametrize("name", WORDS)
def test_a_secret_is_told_by_its_name(name: str, redactor: Redactor) -> None:
    for position, template in NAMED.items():
        for value in (VALUE(CHANCE), "hunter2", "correct-horse", "p.w+x9/"):
            masked = redactor.text(template.format(name=name, value=value))
            assert value not in masked, (position, masked)


@pytest.mark.parametrize("place", SPECIAL)
def test_a_secret_is_told_by_its_place(place: str, redactor: Redactor) -> None:
    secret = VALUE(CHANCE)
    assert not leaks(secret, redactor.text(SPECIAL[place].format(secret)))


@pytest.mark.parametrize("prefix", ["", "[rank0]: ", "2026-05-01T10:00:00Z stderr F "])
@pytest.mark.parametrize("block", [40, 1 << 20])
def test_private_keys_go_line_by_line(prefix: str, block: int, redactor: Redactor) -> None:
    key = private_key(CHANCE)
    log = "\n".join(["before", *(prefix + line for line in key), "after"])
    masked = b"".join(redactor.blocks(source("x", log.encode(), block).open())).decode()
    assert not any(line in masked for line in key[1:-1])
    assert masked.count("\n") == log.count("\n")
    assert masked.endswith("after")
    assert key[1] not in redactor.text("\\n".join(key))  # in one line, as JSON has it


def test_what_users_asked_and_models_answered_goes(redactor: Redactor) -> None:
    for line in (
        "Received request cmpl-1: prompt: 'my illness isn\\'t known', params: SamplingParams(n=1), prompt_token_ids: [1, 2277, 38]",
        'Received request chatcmpl-1: prompt: "my illness isn\'t known", params: SamplingParams(n=1)',
        "Generated response chatcmpl-1: output: 'my illness', output_token_ids: [2277], finish_reason: stop",
        "Receive: obj=GenerateReqInput(rid='a', text='my illness', input_ids=None, sampling_params={})",
        "Finish: obj=x, out={'text': 'my illness', 'meta_info': {'id': 'a'}}",
        '{"messages": [{"role": "user", "content": "my illness"}], "model": "m"}',
        'request body: "{\\"messages\\": [{\\"role\\": \\"user\\", \\"content\\": \\"my illness\\"}]}"',
    ):
        masked = redactor.text(line)
        assert "illness" not in masked
        assert "2277" not in masked
        assert masked.count("request-text") >= 1


def test_people_get_pseudonyms(redactor: Redactor) -> None:
    masked = Redactor().text(
        '  File "/home/alice.b/train.py", line 3\n/Users/bob/x USER=alice.b mail carol@corp.example.com, dave+x@a.org\n/home/ubuntu/x'
    )
    assert masked == (
        '  File "/home/user-1/train.py", line 3\n/Users/user-2/x USER=user-1 mail <email-1>, <email-2>\n/home/ubuntu/x'
    )


def test_the_same_secret_gets_the_same_number() -> None:
    one, other = TOKENS["github"](CHANCE), TOKENS["github"](CHANCE)
    redactor = Redactor()
    assert redactor.text(f"{one} {other} {one}") == "<github-token-1> <github-token-2> <github-token-1>"
    assert redactor.counts == {"github-token": 3}
    assert not redactor.pseudonyms


DIAGNOSTIC = """\
gpu-a17:411:411 [0] NCCL INFO comm 0x7f3c1c0c8e30 rank 3 nranks 16 cudaDev 0 busId 3b000 commId 0x9e1b2b7f5b6f3c1d - Init START
NVRM: GPU at PCI:0000:3b:00: GPU-0f3c1c77-9a41-22ee-b0d1-6a0e6f3b9c11
Node ID: 5a1f0c2e7c0d9b8a7f6e5d4c3b2a190817263544f5e6d7c8b9a0b1c2 ip=10.41.0.8
Job 01000000 actor 3f2b7a1c9d8e4f5061728394 task c8ef45ccd0112571ffffffffffffffffffffffff01000000
pad_token_id=0, eos_token='</s>', max_tokens=16, tokens: 512, token=None, skip_tokenizer_init=False, tokenizer='org/model'
Avg prompt throughput: 12.3 tokens/s, Avg generation throughput: 1.0 tokens/s
image@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
remote=[127.0.1.1]:53166 [::1]:29500 0.0.0.0 fe80::1 mlx5_0:1 GID fe80:0000:0000:0000:0c42:a103:00b2:1234
ValueError: Invalid token: expected one of head, worker
ncclUniqueId 4f1c8d2b commHash 0x12ab34cd56ef7890 NET/IB : Using [0]mlx5_0:1/RoCE
fabric://x user@1000.service PWD=/srv/train HOME=/root docker.io/vllm/vllm-openai@sha256:abc
File "/opt/venv/lib/python3.12/site-packages/vllm/v1/worker/gpu_worker.py", line 210, in load_model
Prefix cache hit rate: 3.0%, sk-learn-is-installed, key-value cache, basic auth is off, cookie jar
WorkNCCL(SeqNum=4, OpType=ALLREDUCE, NumelIn=1) password authentication failed
RAY_AUTH_TOKEN=<token> --api-key "$KEY" api_key=None HF_TOKEN is not set token_file=/run/secrets/x
"""


def test_what_is_diagnostic_stays(redactor: Redactor) -> None:
    for line in DIAGNOSTIC.splitlines():
        assert redactor.text(line) == line


@pytest.mark.parametrize(
    "piece",
    ["password=", '"token": "', "token=a.", "://a:", "a@b.", "/home/a", "--api-key ", "cookie: a=b; ", "prompt: 'a\\' ", "eyJ",
     "eyJaaaaaaaaaa.", "bearer ", "0:", "1.1.1.1", "host=a1", "model='a/", "Ab1/", "1, ", "-----BEGIN RSA ", "a.local", "a."],
)  # fmt: skip
def test_no_line_takes_too_long_to_check(piece: str) -> None:
    """Lines made to keep a pattern busy; one that runs into its timeout is masked as a whole, and counted so."""
    redactor = Redactor(list(Hide))
    redactor.text(f"password {piece * (60_000 // len(piece))}")
    assert "line that took too long to check" not in redactor.counts


def test_a_secret_within_a_secret_goes_with_it(redactor: Redactor) -> None:
    inner = TOKENS["github"](CHANCE)
    masked = redactor.text(f"DB_PASSWORD='before {inner} after' and the rest")
    assert "before" not in masked
    assert "after'" not in masked.removesuffix("' and the rest")
    assert masked.endswith("' and the rest")


# -- by choice


def test_hosts_and_addresses_keep_their_relations() -> None:
    redactor = Redactor([Hide.hosts])
    redactor.names.learn(hosts=["gpu-a17", "gpu-b2.corp.example", "head"])
    masked = redactor.text(
        "gpu-a17:1:1 [0] worker-gpu-a17_0.log gpu-b2.corp.example (gpu-b2) 10.41.0.8 10.41.0.9 10.41.7.8 10.42.0.8/16 192.168.50.1 8.8.8.8"
        " 127.0.1.1 0.0.0.0 0c:42:a1:03:00:b2 head.log 10.41.0.0/16 2001:db8:1:2::5 2001:db8:1:2::6 ::1 torch==2.1.0.4"
        " std::chrono gpu-a17x 10:00:01"
    )
    assert masked == (
        "host-1:1:1 [0] worker-host-1_0.log host-2.example (host-2) 10.1.0.1 10.1.0.2 10.1.1.1 10.2.0.1/16 192.168.1.1 198.18.1.1"
        " 127.0.1.1 0.0.0.0 02:00:00:00:00:01 head.log 10.1.0.0/16 fd00:0:0:1::1 fd00:0:0:1::2 ::1 torch==2.1.0.4"
        " std::chrono gpu-a17x 10:00:01"
    )
    assert redactor.pseudonyms["gpu-a17"] == "host-1"
    assert redactor.text(masked) == masked


def test_models_keep_their_shape() -> None:
    redactor = Redactor([Hide.models])
    masked = redactor.text(
        "vllm serve acme/Falcon-9B --model /models/falcon\nloading acme/Falcon-9B, model='tiny', None"
    )
    assert masked == "vllm serve org-1/model-1 --model /models/model-2\nloading org-1/model-1, model='model-3', None"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="abc =:'\"\\{}\n@/-.0123456789éß\x1b\ud800", max_size=60), max_size=8))
def test_lines_are_kept_and_masking_twice_is_masking_once(lines: list[str]) -> None:
    redactor = Redactor([Hide.hosts, Hide.models])
    text = "\n".join([*lines, "password=abc123 token: 'x9x9x9x9' 10.2.3.4 /home/zed/x"])
    once = redactor.text(text)
    assert once.count("\n") == text.count("\n")
    assert redactor.text(once) == once


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=400), st.integers(1, 64))
def test_a_stream_comes_out_whole_however_it_is_cut(noise: bytes, block: int) -> None:
    data = noise + b"\nexport HF_TOKEN=abcdef123456\n" + noise
    whole = b"".join(Redactor().blocks([data]))
    assert b"abcdef123456" not in whole
    assert b"".join(Redactor().blocks(data[at : at + block] for at in range(0, len(data), block))) == whole


def test_a_wrapped_secret_is_seen_however_the_stream_is_cut() -> None:
    chance = random.Random("cut")
    lines = [wrapped(f"INFO the login of node gpu-a17 with {TOKENS['github'](chance)}", 48) for _ in range(40)]
    data = "\n".join(lines).encode()
    whole = b"".join(Redactor().blocks([data]))
    for block in (97, 256, 1000):
        assert b"".join(Redactor().blocks(data[at : at + block] for at in range(0, len(data), block))) == whole


def test_a_line_without_end_is_masked_piece_by_piece() -> None:
    secret = TOKENS["github"](CHANCE)
    data = b"x" * 3_000_000 + b" " + secret.encode() + b" " + b"y" * 3_000_000
    masked = b"".join(Redactor().blocks(data[at : at + 65536] for at in range(0, len(data), 65536)))
    assert secret.encode() not in masked
    assert len(masked) > 5_900_000


@pytest.mark.parametrize("name", sorted(path.parent.name for path in FIXTURES.glob("*/expected.yaml")))
def test_a_redacted_run_gets_the_same_diagnosis(name: str) -> None:
    book, logs = rulebook.load(), str(FIXTURES / name / "logs")
    plain = core.explain(sources.discover([logs]), book)
    redactor = Redactor()
    masked = core.explain((redactor.source(s) for s in sources.discover([logs]) if isinstance(s, sources.Source)), book)
    assert [(f.id, f.role, [e.line for e in f.evidence]) for f in masked.findings] == [
        (f.id, f.role, [e.line for e in f.evidence]) for f in plain.findings
    ]
