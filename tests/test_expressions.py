"""The value language of rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdoctor.diagnosis.expressions import Context, fill, preferred, same_network
from logdoctor.facts import Facts
from logdoctor.model import Event, Fact, Record, Stream


def context(for_shell: bool = False, **values: str) -> Context:
    record = Record("head.log", ("text",), (7,), Stream(host="10.41.0.8", rank=9, pid=1978), raw=("text",))
    facts = Facts()
    facts.add(
        Fact(
            "nccl.bootstrap.interface",
            "eth0",
            "head.log",
            3,
            Stream(host="node1"),
            {"interface": "eth0", "address": "10.41.0.1"},
        )
    )
    facts.add(
        Fact(
            "nccl.bootstrap.address",
            "10.41.0.1",
            "head.log",
            3,
            Stream(host="node1"),
            {"interface": "eth0", "address": "10.41.0.1"},
        )
    )
    facts.add(Fact("nccl.bootstrap.interface", "ens5", "worker.log", 4, Stream(host="10.41.0.8")))
    facts.add(Fact("env.NCCL_SOCKET_IFNAME", "=bond0", "head.log", 1, Stream()))
    derived = {
        "cluster.interface": {
            "first": ["{env NCCL_SOCKET_IFNAME}", "{fact nccl.bootstrap.interface}"],
            "accept": r"^\w+$",
        }
    }
    return Context(facts, Event("rule", record, 7, 7, values), {}, derived, for_shell)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("rank {rank} on {host}", "rank 9 on 10.41.0.8"),
        ("{missing | host}", "10.41.0.8"),
        ("{missing}", "<missing>"),
        ("{fact nothing.known}", "<known>"),
        ('{missing | "somebody"}', "somebody"),
        ("{fact nccl.bootstrap.interface}", "ens5"),  # of the event's own host
        ("{facts nccl.bootstrap.interface}", "eth0, ens5"),
        ("{env NCCL_SOCKET_IFNAME}", "=bond0"),
        ("{fact cluster.interface}", "ens5"),  # the variable's value is not accepted
        ("{interface-of address}", "eth0"),
        ("{gloo-port port}", "42806"),
        ("awk '{{print $1}}' {pid}", "awk '{print $1}' 1978"),
        ("a{'{missing} lost' | ''}b", "ab"),  # a clause without its value is left out
        ("{missing | '$(hostname {host})'}", "$(hostname 10.41.0.8)"),
        ("an open { brace", "an open { brace"),
    ],
)
def test_fill(template: str, text: str) -> None:
    assert fill(template, context(address="10.41.0.1", port="13991")).text == text


def test_says_where_a_value_comes_from() -> None:
    assert fill("{fact nccl.bootstrap.interface}", context()).origin == "worker.log line 4"
    assert fill("{peer}", context(peer="node2")).origin == "head.log line 7"
    assert fill('{missing | "$(hostname)"}', context()).origin == "computed on each node"
    assert not fill("{missing}", context()).known


def test_takes_the_first_text_whose_values_are_known() -> None:
    assert preferred(["{missing}", "{host}", "x"], context()).text == "10.41.0.8"
    assert preferred(["{missing}", "{lost}"], context()).text == "<lost>"


@pytest.mark.parametrize(
    "hostile", ["$(rm -rf ~)", "`id`", "a;b", "a b", "x\ny", '"', "'", "a|b", "a&b", "a>b", "*", "!x", "\\", "${IFS}"]
)
def test_no_value_of_a_log_reaches_a_shell_unless_harmless(hostile: str) -> None:
    assert fill("ssh {peer}", context(peer=hostile, for_shell=True)).text == "ssh <peer>"
    assert fill("ssh {peer}", context(peer=hostile)).text == f"ssh {hostile}"


@given(st.text(), st.text())
def test_never_fails(template: str, value: str) -> None:
    fill(template, context(peer=value))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.200", True),
        ("10.0.0.1", "10.0.1.1", False),
        ("10.0.0.1", "fe80::1", False),
        ("[fe80::1%eth0]", "fe80::2", True),
        ("head", "10.0.0.1", None),
    ],
)
def test_same_network(one: str, other: str, same: bool | None) -> None:
    assert same_network(one, other) is same
