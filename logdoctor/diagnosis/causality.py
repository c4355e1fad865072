"""Drafts to findings in causal order: what explains what, who is the root, what comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from logdoctor.diagnosis.findings import Draft, moment, order
from logdoctor.model import LAYERS, Finding, Role

_DEPTH = {layer: depth for depth, layer in enumerate(LAYERS)}
TOLERANCE = 5.0
"""Seconds by which the clocks of hosts may differ unnoticed; within it the order of sources and lines decides."""


def findings(drafts: Sequence[Draft], progress: Mapping[str, int]) -> list[Finding]:
    """All findings, the root cause first, then what it contributed to and what follows from it, advice last."""
    overcome = {id(draft) for draft in drafts if _overcome(draft, progress)}
    causes = {
        id(effect): [cause for cause in drafts if id(cause) not in overcome and _explains(cause, effect)]
        for effect in drafts
    }
    clock = _clock(drafts)
    ranked = sorted(
        drafts, key=lambda draft: (id(draft) in overcome, bool(causes[id(draft)]), *_rank(draft, clock[id(draft)]))
    )
    root = next(
        (draft for draft in ranked if _may_be_root(draft) and not causes[id(draft)] and id(draft) not in overcome), None
    )
    roles = {id(draft): _role(draft, root, bool(causes[id(draft)]), id(draft) in overcome) for draft in drafts}
    place: dict[Role, int] = {"root-cause": 0, "contributing": 2, "consequence": 1 if root is None else 3, "advice": 4}
    ranked.sort(key=lambda draft: place[roles[id(draft)]])
    return [
        _finding(
            draft,
            roles[id(draft)],
            causes[id(draft)],
            [e for e in drafts if any(c is draft for c in causes[id(e)])],
            id(draft) in overcome,
        )
        for draft in ranked
    ]


def _clock(drafts: Sequence[Draft]) -> dict[int, float]:
    """When each draft happened first; all the same where their clocks cannot be compared.

    Clocks can be compared when all tell the time, and all with the year or all without it.
    """
    moments = {id(draft): moment(draft.first) for draft in drafts if draft.severity == "error"}
    known = [seconds for seconds in moments.values() if seconds is not None]
    comparable = len(known) == len(moments) and len({seconds < _A_YEAR for seconds in known}) == 1
    return {id(draft): (moments.get(id(draft)) or 0.0) if comparable else 0.0 for draft in drafts}


_A_YEAR = 366 * 86400.0
"""Times without a year are seconds since it began."""


def _rank(draft: Draft, seconds: float) -> tuple[object, ...]:
    """What to blame first: the lowest layer, what a rule knows before what none knows, the earliest."""
    return (
        _SEVERITY[draft.severity],
        _DEPTH[draft.layer],
        draft.rule == "unrecognised-failure",
        round(seconds / TOLERANCE),
        order(draft.first),
        draft.id,
    )


_SEVERITY = {"error": 0, "warning": 1, "info": 2}


def _may_be_root(draft: Draft) -> bool:
    return draft.severity == "error" and draft.layer in ("host", "fault")


def _role(draft: Draft, root: Draft | None, explained: bool, overcome: bool) -> Role:
    if draft is root:
        return "root-cause"
    if draft.layer == "advice" or draft.severity == "info":
        return "advice"
    if draft.layer in ("host", "fault") and (not explained or overcome):
        return "contributing"
    return "consequence"


def _explains(cause: Draft, effect: Draft) -> bool:
    """Whether one draft accounts for another."""
    if cause is effect or cause.severity != "error" or effect.layer == "advice":
        return False
    if _named(effect.explains, cause) or _named(cause.consequence_of, effect):
        return False  # stated the other way round
    if _named(cause.explains, effect) or _named(effect.consequence_of, cause):
        return not _later(cause, effect)
    if cause.layer == "advice":
        return False
    if _DEPTH[cause.layer] < _DEPTH[effect.layer]:
        return not _later(cause, effect)
    return _DEPTH[cause.layer] == _DEPTH[effect.layer] and _same_record(cause, effect)


def _named(names: Sequence[str], draft: Draft) -> bool:
    return any(name in draft.names for name in names)


def _same_record(cause: Draft, effect: Draft) -> bool:
    """In one record the exception printed first caused the later ones."""
    return any(c.record is e.record and c.line < e.line for c in cause.events for e in effect.events)


def _later(cause: Draft, effect: Draft) -> bool:
    """Whether the supposed cause came after the effect in the same stream, as far as streams are known."""
    one, other = cause.first, effect.first
    stream = one.record.stream
    same = (
        one.record.source == other.record.source
        and stream == other.record.stream
        and (stream.pid is not None or stream.rank is not None)
    )
    return same and one.record is not other.record and one.line > other.line


def _overcome(draft: Draft, progress: Mapping[str, int]) -> bool:
    """Whether the run went on after every occurrence, as later progress in the same source shows."""
    return draft.layer != "advice" and all(
        progress.get(event.record.source, 0) > event.end_line for event in draft.events
    )


def _finding(draft: Draft, role: Role, causes: Sequence[Draft], effects: Sequence[Draft], overcome: bool) -> Finding:
    return Finding(
        id=draft.id,
        rule=draft.rule,
        title=draft.title,
        component=draft.component,
        severity="warning" if overcome and draft.severity == "error" else draft.severity,
        layer=draft.layer,
        role=role,
        confidence=round(draft.confidence * (0.5 if overcome else 1), 2),
        cause=draft.cause,
        fix=draft.fix,
        evidence=draft.evidence,
        count=draft.count,
        caused_by=tuple(dict.fromkeys(cause.id for cause in causes)),
        explains=tuple(dict.fromkeys(effect.id for effect in effects)),
        references=draft.references,
    )
