"""What hosts and ranks of one run state differently: versions, transports, interfaces, counts.

A rule's signature may be ``differs: FACT``: then no message makes its events, but the statements of both sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from logdoctor.diagnosis.ledger import Ledger, spelled, usual
from logdoctor.diagnosis.observations import of_statement
from logdoctor.facts import Facts
from logdoctor.model import Event, Fact
from logdoctor.rulebook import Rulebook

NAMED = 8
"""Hosts or ranks that are named where many state the same."""
_COMPARED = ("version.", "env.", "nccl.net", "nccl.layout.localranks")
"""Facts whose differences between hosts belong to the picture of the run."""


def differing(ledger: Ledger, rulebook: Rulebook) -> dict[str, list[Event]]:
    """Events of the rules that ask for a difference: by rule, those of the odd ones first."""
    found: dict[str, list[Event]] = {}
    for rule, fact, across in rulebook.differences:
        accounts = ledger.by_host(fact) if across == "hosts" else ledger.by_rank(fact, None)
        if events := list(disagreement(rule, {str(who): stated for who, stated in accounts.items()})):
            found.setdefault(rule, []).extend(events)
    return found


def disagreement(rule: str, accounts: Mapping[str, Fact]) -> Iterator[Event]:
    """The first statement of each value; the usual value, if there is one, comes last."""
    sides = _sides(accounts)
    if len(sides) < 2:
        return
    most = usual(accounts)
    for value, (who, fact) in sorted(sides.items(), key=lambda side: (side[0] == most, side[1][1].source, side[0])):
        other = next(v for v in ([most] if most not in (None, value) else sorted(sides)) if v != value)
        values = {
            "software": fact.name.rpartition(".")[2],
            **{"value": value, "who": _named(who), "other": str(other), "others": _named(sides[str(other)][0])},
        }
        yield of_statement(rule, fact, values)


def _sides(accounts: Mapping[str, Fact]) -> dict[str, tuple[list[str], Fact]]:
    """Value -> who states it, and the first statement."""
    sides: dict[str, tuple[list[str], Fact]] = {}
    for who, fact in sorted(accounts.items(), key=lambda item: (item[1].source, item[1].line)):
        sides.setdefault(fact.value, ([], fact))[0].append(who)
    return sides


def _named(who: list[str]) -> str:
    who = sorted(who, key=lambda name: (len(name), name))
    if all(name.isdigit() for name in who):
        return spelled(map(int, who))
    return ", ".join(who[:NAMED]) + (f" and {len(who) - NAMED} more" if len(who) > NAMED else "")


def sentences(facts: Facts, ledger: Ledger) -> Iterator[str]:
    """``version.nccl: 2.21.5 on node03; 2.27.5 on node00, node01``, for each fact in which hosts differ."""
    for name in facts.names():
        if name.startswith(_COMPARED):
            sides = _sides(ledger.by_host(name))
            if len(sides) > 1:
                yield f"{name}: " + "; ".join(f"{value} on {_named(who)}" for value, (who, _) in sorted(sides.items()))
