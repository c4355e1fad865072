"""Rules as objects: what ``rules/<component>/*.yaml`` says, with everything inherited filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from logdoctor.model import Layer, Severity

Condition = Mapping[str, Any]
"""A condition as ``docs/rules.md`` defines it; :mod:`logdoctor.diagnosis.conditions` evaluates it."""

CONFIDENCE: dict[str, float] = {"host": 0.9, "fault": 0.9, "peer": 0.6, "wait": 0.5, "relay": 0.5, "advice": 0.8}
"""What a rule's ``confidence`` is when it says none, by layer."""


class Case(NamedTuple):
    """One cause that can stand behind a rule's signatures: an entry of its differential, or the rule itself."""

    id: str
    title: str
    severity: Severity
    layer: Layer
    confidence: float
    cause: str
    fix: Mapping[str, Any]
    missing: tuple[Mapping[str, str], ...]
    references: tuple[str, ...]
    guilty: Mapping[str, str]
    """Who is to be looked at, where that is not who speaks: expressions for ``rank``, ``host``, ``pid``, ``device``."""
    suspect: str = "none"
    """``node`` where the hardware, the driver or the state of one machine can be at fault, and no setting."""
    when: Condition | None = None


class Rule(NamedTuple):
    """Signatures, and the causes that can stand behind them, in the order in which they are tried."""

    id: str
    component: str
    cases: tuple[Case, ...]
    explains: tuple[str, ...] = ()
    consequence_of: tuple[str, ...] = ()
    each: str | None = None
    """The group each value of which makes a finding of its own."""
    flags_of: str | None = None
    """The command whose flag the group ``argument`` names."""


class Pattern(NamedTuple):
    """A signature of a rule, or what a fact is read with."""

    text: str
    rule: str | None = None
    fact: str | None = None
    levels: frozenset[str] | None = None
    components: frozenset[str] | None = None
    needs: tuple[tuple[str, ...], ...] = ()
    """Of each of these choices a match holds at least one text."""


def compiled(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A rule as the rulebook's cache keeps it: each case complete in itself."""
    cases = []
    for case in entry.get("differential") or [entry]:
        layer = case.get("layer", entry["layer"])
        cases.append(
            {
                "id": case["id"],
                "title": case.get("title", entry["title"]),
                "severity": case.get("severity", entry["severity"]),
                "layer": layer,
                "confidence": case.get("confidence", entry.get("confidence", CONFIDENCE[layer])),
                "cause": case["cause"],
                "fix": case["fix"],
                "missing": case.get("missing", entry.get("missing", [])),
                "references": case.get("references", entry.get("references", [])),
                "guilty": case.get("guilty", entry.get("guilty", {})),
                "suspect": case.get("suspect", entry.get("suspect", "none")),
                "when": case.get("when"),
            }
        )
    return {
        "id": entry["id"],
        "component": entry["component"],
        "cases": cases,
        "explains": entry.get("explains", []),
        "consequence_of": entry.get("consequence_of", []),
        "each": entry.get("each"),
        "flags_of": entry.get("flags_of"),
    }


def may_be_cause(entry: Mapping[str, Any]) -> bool:
    """Whether any of a rule's cases names an origin of trouble, rather than somebody's loss, wait or relay."""
    return any(case.get("layer", entry["layer"]) in ("host", "fault") for case in entry.get("differential") or [entry])


def loaded(plain: Mapping[str, Any]) -> Rule:
    """The rule that :func:`compiled` wrote down."""
    cases = tuple(
        Case(**{**case, "missing": tuple(case["missing"]), "references": tuple(case["references"])})
        for case in plain["cases"]
    )
    return Rule(
        plain["id"],
        plain["component"],
        cases,
        tuple(plain["explains"]),
        tuple(plain["consequence_of"]),
        plain["each"],
        plain["flags_of"],
    )
