"""Drafts to findings in causal order: what explains what, who is the root, what comes first, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from logdoctor.diagnosis.findings import TOLERANCE, Draft, comparable, moment, order
from logdoctor.diagnosis.ledger import spelled
from logdoctor.diagnosis.progress import Progress
from logdoctor.model import LAYERS, Event, Finding, Role, Stream

_DEPTH = {layer: depth for depth, layer in enumerate(LAYERS)}
OVERCOME, RIVALLED = 0.5, 0.9
"""What is left of the confidence in a finding after which the run went on, and in a root cause with a rival of its own
layer of which no clock tells whether it came first."""
_SEVERITY = {"error": 0, "warning": 1, "info": 2}


@dataclass(slots=True, eq=False)
class _Node:
    """A draft and its place among the others."""

    draft: Draft
    seconds: float | None
    """When it happened first; None where the clocks cannot be compared."""
    overcome: str | None
    """The place that shows that the run went on after it."""
    causes: list[tuple[_Node, str]] = field(default_factory=list)
    """What explains it, and why that does."""
    effects: list[_Node] = field(default_factory=list)

    @property
    def may_be_root(self) -> bool:
        """Whether it can be where trouble began, and nothing in the logs is behind it."""
        draft = self.draft
        return (
            draft.severity == "error" and draft.layer in ("host", "fault") and not self.causes and self.overcome is None
        )

    @property
    def blame(self) -> tuple[object, ...]:
        """What to blame first: the lowest layer, what a rule knows before what none knows, the earliest."""
        draft = self.draft
        return (
            self.overcome is not None,
            bool(self.causes),
            _SEVERITY[draft.severity],
            _DEPTH[draft.layer],
            draft.rule == "unrecognised-failure",
            round((self.seconds or 0.0) / TOLERANCE),
            order(draft.first),
            draft.id,
        )


def findings(drafts: Sequence[Draft], progress: Progress) -> list[Finding]:
    """All findings, the root cause first, then what it contributed to and what follows from it, advice last."""
    clock = _clock(drafts)
    nodes = [_Node(draft, clock.get(id(draft)), progress.after(draft)) for draft in drafts]
    for effect in nodes:
        for cause in nodes:
            if cause.overcome is None and (reason := _explains(cause.draft, effect.draft)):
                effect.causes.append((cause, reason))
                cause.effects.append(effect)
    nodes.sort(key=lambda node: node.blame)
    candidates = [node for node in nodes if node.may_be_root]
    roots = candidates[:1] + [node for node in candidates[1:] if _independent(node, candidates[0])]
    place: dict[Role, int] = {"root-cause": 0, "contributing": 2, "consequence": 3 if roots else 1, "advice": 4}
    roles = {id(node): _role(node, roots) for node in nodes}
    nodes.sort(key=lambda node: place[roles[id(node)]])
    return [_finding(node, roles[id(node)], candidates) for node in nodes]


def _clock(drafts: Sequence[Draft]) -> dict[int, float]:
    """When each failure happened first; nothing where their clocks cannot be compared."""
    failures = [draft for draft in drafts if draft.severity == "error"]
    moments = comparable([moment(draft.first) for draft in failures])
    return {id(draft): seconds for draft, seconds in zip(failures, moments or (), strict=bool(moments))}


def _role(node: _Node, roots: Sequence[_Node]) -> Role:
    draft = node.draft
    if node in roots:
        return "root-cause"
    if draft.layer == "advice" or draft.severity == "info":
        return "advice"
    if draft.layer in ("host", "fault") and (not node.causes or node.overcome is not None):
        return "contributing"
    return "consequence"


def _independent(other: _Node, root: _Node) -> bool:
    """Whether two origins of trouble stand side by side: both known, at different places, neither after the other."""
    if "unrecognised-failure" in (other.draft.rule, root.draft.rule):
        return False
    places = [{actor.host or actor.rank for actor in node.draft.guilty} for node in (root, other)]
    if not all(places) or None in places[0] | places[1] or places[0] & places[1]:
        return False
    if root.seconds is None or other.seconds is None:
        return root.draft.layer == other.draft.layer == "host"
    return abs(root.seconds - other.seconds) <= TOLERANCE


def _explains(cause: Draft, effect: Draft) -> str:
    """Why one draft accounts for another; empty if it does not."""
    if cause is effect or cause.severity != "error" or effect.layer == "advice":
        return ""
    if _named(effect.explains, cause) or _named(cause.consequence_of, effect):
        return ""  # stated the other way round
    stated = _named(cause.explains, effect) or _named(effect.consequence_of, cause)
    deeper = _DEPTH[cause.layer] < _DEPTH[effect.layer] and cause.layer != "advice"
    if (stated or deeper) and not _later(cause, effect):
        return (
            f"rule {cause.rule} says so" if stated else f"that one {_SAYS[cause.layer]}, this one {_SAYS[effect.layer]}"
        )
    if cause.layer == effect.layer and _same_record(cause, effect):
        return "it comes before it in one chain of exceptions"
    if cause.layer == "wait" and effect.layer == "fault" and _later(effect, cause):
        return "the process had already given up waiting, and was going down"
    return ""


_SAYS = {
    "host": "says that hardware or the host failed",
    "fault": "says that a process failed by itself",
    "peer": "says that another process is lost",
    "wait": "says that a process gave up waiting",
    "relay": "repeats another failure",
    "advice": "says what could be better",
}


def _named(names: Sequence[str], draft: Draft) -> bool:
    return any(name in draft.names for name in names)


def _same_record(cause: Draft, effect: Draft) -> bool:
    """In one record the exception printed first caused the later ones."""
    first = {id(event.record): event.line for event in reversed(cause.events)}
    return any(first.get(id(event.record), event.line) < event.line for event in effect.events)


def _later(cause: Draft, effect: Draft) -> bool:
    """Whether the supposed cause came only after the effect, wherever it occurred: told in each stream by itself, as
    far as streams are known."""
    before = _firsts(effect)
    return bool(before) and all(
        (stream := _stream(event)) in before
        and before[stream].record is not event.record
        and before[stream].line < event.line
        for event in cause.events
    )


def _firsts(draft: Draft) -> dict[tuple[str, Stream], Event]:
    """The first event in each known stream."""
    firsts: dict[tuple[str, Stream], Event] = {}
    for event in draft.events:
        stream = _stream(event)
        known = firsts.get(stream)
        if (stream[1].pid, stream[1].rank) != (None, None) and (known is None or event.line < known.line):
            firsts[stream] = event
    return firsts


def _stream(event: Event) -> tuple[str, Stream]:
    stream = event.record.stream
    return event.record.source, Stream(stream.host, stream.rank, stream.pid)


def _finding(node: _Node, role: Role, candidates: Sequence[_Node]) -> Finding:
    draft = node.draft
    rivals = [other for other in candidates if other is not node and _undecided(node, other)]
    confidence = draft.confidence
    confidence *= OVERCOME if node.overcome is not None else 1
    confidence *= RIVALLED if role == "root-cause" and rivals else 1
    return Finding(
        id=draft.id,
        rule=draft.rule,
        title=draft.title,
        component=draft.component,
        severity="warning" if node.overcome is not None and draft.severity == "error" else draft.severity,
        layer=draft.layer,
        role=role,
        confidence=round(confidence, 2),
        cause=draft.cause + _sequel(node, role),
        fix=draft.fix,
        evidence=draft.evidence,
        count=draft.count,
        guilty=draft.guilty,
        why=(*draft.why, *_why(node, role, candidates, rivals)),
        caused_by=tuple(dict.fromkeys(cause.draft.id for cause, _ in node.causes)),
        explains=tuple(dict.fromkeys(effect.draft.id for effect in node.effects)),
        references=draft.references,
    )


def _sequel(node: _Node, role: Role) -> str:
    """What came of it, where the rule cannot know."""
    if node.overcome is not None and node.draft.severity == "error":
        return f" The run went on after it ({node.overcome}), so it stopped nothing."
    if role != "root-cause" or node.draft.rule != "unrecognised-failure" or not node.effects:
        return ""
    guilty = {actor.rank for actor in node.draft.guilty}
    streams = [event.record.stream for effect in node.effects for event in effect.draft.events]
    ranks = {stream.rank for stream in streams if stream.rank is not None} - guilty
    took = f" It took down rank {spelled(sorted(ranks))}." if ranks else ""
    return f" It is the first failure in these logs, and nothing else explains it.{took}"


def _undecided(node: _Node, other: _Node) -> bool:
    """Whether nothing tells which of two origins came first: same layer, other place, no comparable clock."""
    one, two = node.draft.first.record, other.draft.first.record
    return (
        node.draft.layer == other.draft.layer
        and node.draft.confidence - other.draft.confidence < 0.2
        and one.source != two.source
        and (node.seconds is None or other.seconds is None)
    )


def _why(node: _Node, role: Role, candidates: Sequence[_Node], rivals: Sequence[_Node]) -> Iterator[str]:
    """What made it that role, and that sure."""
    draft = node.draft
    if node.overcome is not None:
        yield f"The run went on after it: {node.overcome}. So it stopped nothing."
    for cause, reason in node.causes:
        yield f"{cause.draft.id} explains it: {reason}."
    if role == "root-cause":
        yield f"It {_SAYS[draft.layer]}, and nothing in these logs explains it."
        for other in candidates:
            if other is not node:
                yield f"{other.draft.id} was a candidate too: {_against(other, node)}."
    elif not node.causes and draft.layer in ("peer", "wait", "relay"):
        yield f"It {_SAYS[draft.layer]}; what is behind it is not in these logs."
    if rivals and role == "root-cause":
        yield "No clock or stream tells which of them came first, so the confidence is lower."


def _against(other: _Node, root: _Node) -> str:
    """Why a candidate is not the root, or not the only one."""
    if _independent(other, root):
        return "it stands beside this one, at another place and not later"
    if _DEPTH[other.draft.layer] > _DEPTH[root.draft.layer]:
        return f"but it only {_SAYS[other.draft.layer]}"
    if other.draft.rule == "unrecognised-failure" != root.draft.rule:
        return "but no rule knows it"
    if other.seconds is not None and root.seconds is not None and other.seconds - root.seconds > TOLERANCE / 2:
        return f"but it came {other.seconds - root.seconds:.0f} s later"
    return "but it stands later in these logs"
