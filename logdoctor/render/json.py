"""A diagnosis as JSON: the contract ``logdoctor.diagnosis/1``, which ``diagnosis.schema.json`` documents."""

from __future__ import annotations

import json
from typing import Any

from logdoctor.choices import Syntax
from logdoctor.fixes import blocks
from logdoctor.model import Cluster, Diagnosis, EnvSetting, Evidence, Finding, Fix, Flag, Timeline

SCHEMA = "logdoctor.diagnosis/1"


def render(diagnosis: Diagnosis, syntax: Syntax | None = None) -> str:
    """One JSON object and a newline. ASCII only, so that no terminal and no locale can make anything else of it."""
    return json.dumps(document(diagnosis, syntax), indent=2) + "\n"


def document(diagnosis: Diagnosis, syntax: Syntax | None = None) -> dict[str, Any]:
    """The diagnosis as the plain data that the contract describes; with a syntax, each fix also as it is pasted."""
    return {
        "schema": SCHEMA,
        "verdict": diagnosis.verdict,
        "findings": [_finding(finding, syntax) for finding in diagnosis.findings],
        "missing": [missing._asdict() for missing in diagnosis.missing],
        "cluster": _cluster(diagnosis.cluster),
        "unexplained": [_evidence(evidence) for evidence in diagnosis.unexplained],
        "novel": [_evidence(evidence) for evidence in diagnosis.novel],
        "timeline": _timeline(diagnosis.timeline),
        "stats": diagnosis.stats._asdict(),
        **({"masked": dict(diagnosis.masked)} if diagnosis.masked is not None else {}),
    }


def _finding(finding: Finding, syntax: Syntax | None) -> dict[str, Any]:
    return {
        "id": finding.id,
        "title": finding.title,
        "component": finding.component,
        "severity": finding.severity,
        "role": finding.role,
        "confidence": finding.confidence,
        "cause": finding.cause,
        "fix": _fix(finding.fix, syntax),
        "evidence": [_evidence(evidence) for evidence in finding.evidence],
        "count": finding.count,
        "guilty": [actor._asdict() for actor in finding.guilty],
        "why": finding.why,
        "caused_by": finding.caused_by,
        "explains": finding.explains,
        "references": finding.references,
    }


def _fix(fix: Fix, syntax: Syntax | None) -> dict[str, Any]:
    return {
        **({"paste": [block._asdict() for block in blocks(fix, syntax)]} if syntax else {}),
        "summary": fix.summary,
        "env": [_setting(setting) for setting in fix.env],
        "flags": [_flag(flag) for flag in fix.flags],
        "commands": fix.commands,
        "steps": fix.steps,
        "verify": fix.verify,
        **({"ray_port": fix.ray_port} if fix.ray_port else {}),
    }


def _setting(setting: EnvSetting) -> dict[str, Any]:
    entry = {"name": setting.name, "value": setting.value, "where": setting.where, "from": setting.origin}
    return entry if setting.value is not None else {**entry, "unset": True}


def _flag(flag: Flag) -> dict[str, Any]:
    entry = {"name": flag.name, "value": flag.value, "of": flag.of}
    return {**entry, "drop": True} if flag.drop else entry


def _evidence(evidence: Evidence) -> dict[str, Any]:
    entry = {**evidence._asdict(), "stream": evidence.stream._asdict()}
    context = entry.pop("context")
    return {**entry, "context": [quote._asdict() for quote in context]} if context else entry


def _cluster(cluster: Cluster) -> dict[str, Any]:
    return {
        "world_size": cluster.world_size,
        "hosts": cluster.hosts,
        "ranks": cluster.ranks,
        "env": dict(cluster.env),
        "versions": dict(cluster.versions),
        "differences": cluster.differences,
        "networks": dict(cluster.networks),
        "launcher": cluster.launcher,
    }


def _timeline(timeline: Timeline) -> dict[str, Any]:
    return {
        "start": timeline.start,
        "lanes": [
            {
                "stream": lane.stream._asdict(),
                "source": lane.source,
                "marks": [
                    {name: value for name, value in mark._asdict().items() if value != ""} for mark in lane.marks
                ],
            }
            for lane in timeline.lanes
        ],
        "omitted": timeline.omitted,
    }
