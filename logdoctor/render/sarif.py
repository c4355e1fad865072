"""A diagnosis as SARIF 2.1.0, for code scanning and whatever else collects results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from logdoctor import __version__
from logdoctor.fixes import Syntax, blocks, usual
from logdoctor.model import Diagnosis, Evidence, Finding
from logdoctor.render import words

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def render(diagnosis: Diagnosis, syntax: Syntax | None = None) -> str:
    """One SARIF log with one run; each finding is a result, the root cause first."""
    syntax = syntax or usual(diagnosis)
    rules = {finding.id: finding for finding in reversed(diagnosis.findings)}
    run = {
        "tool": {
            "driver": {
                "name": "logdoctor",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(finding) for finding in rules.values()],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": sentence}} for sentence in diagnosis.stats.omitted
                ],
            }
        ],
        "results": [_result(finding, list(rules).index(finding.id), syntax) for finding in diagnosis.findings],
        "properties": {"verdict": diagnosis.verdict},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": finding.id,
        "shortDescription": {"text": finding.title},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {"tags": [finding.component]},
    }
    if finding.cause:
        rule["fullDescription"] = {"text": finding.cause}
    if finding.references:
        rule["helpUri"] = finding.references[0]
    return rule


def _result(finding: Finding, index: int, syntax: Syntax) -> dict[str, Any]:
    return {
        "ruleId": finding.id,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "kind": "fail" if finding.role != "advice" else "review",
        "message": {"text": _message(finding, syntax)},
        "locations": [_location(evidence) for evidence in finding.evidence[:1]],
        "relatedLocations": [
            {"id": number, **_location(evidence)} for number, evidence in enumerate(finding.evidence[1:], 1)
        ],
        "occurrenceCount": max(1, finding.count),
        "rank": round(100 * finding.confidence, 1),
        "properties": {"role": finding.role, "caused_by": list(finding.caused_by)},
    } | ({"level": "none"} if finding.role == "advice" else {})


def _message(finding: Finding, syntax: Syntax) -> str:
    pasted: Sequence[str] = [block.text for block in blocks(finding.fix, syntax)[:1]]
    parts = [finding.title, finding.cause, finding.fix.summary, *pasted, *finding.fix.commands]
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _location(evidence: Evidence) -> dict[str, Any]:
    region = {"startLine": evidence.line, "endLine": max(evidence.line, evidence.end_line)}
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(evidence.source, safe="/-._~")},
            "region": {**region, "snippet": {"text": evidence.text}},
        },
        **({"message": {"text": " · ".join(said)}} if (said := words.who(evidence.stream)) else {}),
    }
