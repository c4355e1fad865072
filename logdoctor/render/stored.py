"""A diagnosis read back from the JSON that :mod:`logdoctor.render.json` wrote, so that it can be shown in any form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logdoctor.model import (
    Actor,
    Cluster,
    Diagnosis,
    EnvSetting,
    Evidence,
    Finding,
    Fix,
    Flag,
    Lane,
    Mark,
    Missing,
    Quote,
    Stats,
    Stream,
    Timeline,
)

Plain = Mapping[str, Any]


def diagnosis(document: Plain) -> Diagnosis:
    """The diagnosis of a ``logdoctor.diagnosis/1``. What the contract leaves out (a finding's rule and layer) is what
    its id and role suggest."""
    return Diagnosis(
        verdict=document["verdict"],
        findings=tuple(map(_finding, document["findings"])),
        missing=tuple(Missing(**missing) for missing in document["missing"]),
        cluster=_cluster(document["cluster"]),
        unexplained=tuple(map(_evidence, document["unexplained"])),
        stats=Stats(**{**document["stats"], "omitted": tuple(document["stats"]["omitted"])}),
        timeline=_timeline(document["timeline"]),
        novel=tuple(map(_evidence, document["novel"])),
        masked=document.get("masked"),
    )


def _finding(plain: Plain) -> Finding:
    return Finding(
        id=plain["id"],
        rule=plain["id"],
        title=plain["title"],
        component=plain["component"],
        severity=plain["severity"],
        layer={"advice": "advice", "consequence": "relay"}.get(plain["role"], "fault"),  # type: ignore[arg-type]
        role=plain["role"],
        confidence=plain["confidence"],
        cause=plain["cause"],
        fix=fix(plain["fix"]),
        evidence=tuple(map(_evidence, plain["evidence"])),
        count=plain["count"],
        guilty=tuple(Actor(**actor) for actor in plain["guilty"]),
        **{name: tuple(plain[name]) for name in ("why", "caused_by", "explains", "references")},
    )


def fix(plain: Plain) -> Fix:
    """The fix of a finding."""
    return Fix(
        summary=plain["summary"],
        env=tuple(EnvSetting(one["name"], one["value"], one["where"], one["from"]) for one in plain["env"]),
        flags=tuple(Flag(one["name"], one["value"], one["of"], one.get("drop", False)) for one in plain["flags"]),
        commands=tuple(plain["commands"]),
        steps=tuple(plain["steps"]),
        verify=tuple(plain["verify"]),
        ray_port=plain.get("ray_port", ""),
    )


def _evidence(plain: Plain) -> Evidence:
    context = tuple(Quote(**quote) for quote in plain.get("context", ()))
    return Evidence(**{**plain, "stream": Stream(**plain["stream"]), "context": context})


def _cluster(plain: Plain) -> Cluster:
    return Cluster(
        world_size=plain["world_size"],
        hosts=tuple(plain["hosts"]),
        ranks=tuple(plain["ranks"]),
        env=_lists(plain["env"]),
        versions=_lists(plain["versions"]),
        differences=tuple(plain["differences"]),
        launcher=plain["launcher"],
        networks=_lists(plain["networks"]),
    )


def _lists(plain: Plain) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in plain.items()}


def _timeline(plain: Plain) -> Timeline:
    lanes = (
        Lane(Stream(**lane["stream"]), lane["source"], tuple(Mark(**mark) for mark in lane["marks"]))
        for lane in plain["lanes"]
    )
    return Timeline(plain["start"], tuple(lanes), plain["omitted"])
