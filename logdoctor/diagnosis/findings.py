"""Events to findings: which cause stands behind each event, and its explanation with the values of the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from logdoctor.diagnosis.conditions import holds
from logdoctor.diagnosis.expressions import Context, fill, preferred
from logdoctor.diagnosis.observations import Failure, Observations, quote
from logdoctor.formats.times import normalise, seconds
from logdoctor.model import EnvSetting, Event, Evidence, Fix, Flag, Layer, Missing, Severity, Stream
from logdoctor.rulebook import Case, Rulebook

EVIDENCE = 8
"""Places in the logs that a finding quotes."""
LAST_WORDS = 10
"""Lines before the end of a log in which an error message counts as its last words."""
FAILURES = 5
"""Unrecognised failures that become findings of their own."""


@dataclass(slots=True)
class Draft:
    """A finding before its role among the others is known."""

    id: str
    rule: str
    title: str
    component: str
    severity: Severity
    layer: Layer
    confidence: float
    cause: str
    fix: Fix
    events: list[Event]
    """In their order; the first is the one that the texts speak of."""
    count: int
    references: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    explains: tuple[str, ...] = ()
    consequence_of: tuple[str, ...] = ()
    names: frozenset[str] = field(default_factory=frozenset)
    """What edges may call it: its id, its rule's id, its layer."""

    @property
    def first(self) -> Event:
        return self.events[0]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """One place for each stream first, then further ones, in order."""
        chosen: dict[tuple[str, int], Event] = {}
        seen = set()
        for event in self.events:
            home = (event.record.source, event.record.stream)
            if home not in seen and len(chosen) < EVIDENCE:
                seen.add(home)
                chosen[event.record.source, event.line] = event
        for event in self.events:
            if len(chosen) < EVIDENCE // 2:
                chosen.setdefault((event.record.source, event.line), event)
        return tuple(evidence(event) for event in sorted(chosen.values(), key=lambda e: self.events.index(e)))


def draft(observations: Observations, rulebook: Rulebook) -> list[Draft]:
    """A draft for each cause that the events show, and for each unrecognised failure."""
    derived = {definition["id"]: definition for definition in rulebook.derived}
    context = Context(observations.facts, None, observations.events, derived)
    drafts: list[Draft] = []
    for rule_id in sorted(observations.events):
        drafts += _of_rule(rule_id, observations, rulebook, context)
    failures = sorted(observations.failures.values(), key=lambda failure: failure.place)[:FAILURES]
    drafts += [_of_failure(failure, number) for number, failure in enumerate(failures, 1)]
    if not any(draft.severity == "error" for draft in drafts):
        drafts += [
            _of_complaint(complaint, _at_the_end(complaint, observations)) for complaint in _suspects(observations)
        ]
    return drafts


def _suspects(observations: Observations) -> list[Failure]:
    """The one message to suspect where nothing else failed: the first of those at the end of a log, else the first."""
    found = complaints(observations)
    return sorted(found, key=lambda complaint: not _at_the_end(complaint, observations))[:1]


def _at_the_end(complaint: Failure, observations: Observations) -> bool:
    """Whether a log ends soon after a message: what a program said last may well be why it ended."""
    return complaint.record.numbers[-1] > observations.lines.get(complaint.record.source, 0) - LAST_WORDS


def complaints(observations: Observations) -> list[Failure]:
    """Error messages that no rule knows: exceptions first, then in the order of sources and lines."""
    return sorted(observations.complaints.values(), key=lambda complaint: (not complaint.name, complaint.place))


def order(event: Event) -> tuple[Any, ...]:
    """A sort key that does not depend on the order in which sources were read."""
    return (event.record.source, event.line)


def _of_rule(rule_id: str, observations: Observations, rulebook: Rulebook, context: Context) -> Iterable[Draft]:
    rule = rulebook.rule(rule_id)
    by_case: dict[tuple[str, str], tuple[Case, list[Event]]] = {}
    events = sorted(observations.events[rule_id], key=order)
    for event in events:
        here = Context(context.facts, event, context.events, context.derived)
        case = next((case for case in rule.cases if holds(case.when, here)), None)
        if case:
            own = event.values.get(rule.each, "") if rule.each else ""
            by_case.setdefault((case.id, own), (case, []))[1].append(event)
    unkept = max(0, observations.counts[rule_id] - sum(event.record.repeats for event in events))
    for number, (case, chosen) in enumerate(by_case.values()):
        here = Context(context.facts, chosen[0], context.events, context.derived)
        yield Draft(
            id=case.id,
            rule=rule.id,
            title=fill(case.title, here).text,
            component=rule.component,
            severity=case.severity,
            layer=case.layer,
            confidence=case.confidence,
            cause=fill(case.cause, here).text.strip(),
            fix=_fix(case.fix, here),
            events=chosen,
            count=sum(event.record.repeats for event in chosen) + (unkept if number == 0 else 0),
            references=case.references,
            missing=tuple(
                Missing(**{key: fill(text, here).text for key, text in item.items()}) for item in case.missing
            ),
            explains=rule.explains,
            consequence_of=rule.consequence_of,
            names=frozenset((case.id, rule.id, f"layer:{case.layer}")),
        )


def _fix(plain: Mapping[str, Any], context: Context) -> Fix:
    shell = replace(context, for_shell=True)
    return Fix(
        summary=fill(plain.get("summary", ""), context).text,
        env=tuple(_setting(entry, shell) for entry in plain.get("env", ())),
        flags=tuple(_flag(entry, shell) for entry in plain.get("flags", ())),
        commands=tuple(fill(text, shell).text for text in plain.get("commands", ())),
        steps=tuple(fill(text, context).text for text in plain.get("steps", ())),
        verify=tuple(fill(text, shell).text for text in plain.get("verify", ())),
    )


def _setting(entry: Mapping[str, Any], context: Context) -> EnvSetting:
    where = fill(entry.get("where", "all nodes"), context).text
    name = fill(entry["name"], context).text
    if entry.get("unset"):
        return EnvSetting(name, None, where)
    value = preferred(_listed(entry["value"]), context)
    return EnvSetting(name, value.text, where, value.origin)


def _flag(entry: Mapping[str, Any], context: Context) -> Flag:
    value = preferred(_listed(entry["value"]), context).text if "value" in entry else None
    return Flag(fill(entry["name"], context).text, value, fill(entry["of"], context).text, bool(entry.get("drop")))


def _listed(value: Any) -> Sequence[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _of_failure(failure: Failure, number: int) -> Draft:
    """A finding for an exception that no rule knows: quoted, with who raised it and where."""
    said = f"{failure.name}: {failure.message}" if failure.name and failure.message else failure.name or failure.message
    where = f" It was raised at {failure.frame}." if failure.frame else ""
    return Draft(
        id="unrecognised-failure" if number == 1 else f"unrecognised-failure-{number}",
        rule="unrecognised-failure",
        title=f"{said[:200]} (no rule knows this failure)",
        component=failure.record.stream.component or "unknown",
        severity="error",
        layer="fault",
        confidence=0.5,
        cause=(
            f"{_speaker(failure.record.stream)} failed with: {said[:600]}{'' if said.endswith('.') else '.'}{where} "
            "No rule recognises this message, so read it and the frames above it literally: "
            "it is the first failure in these logs that nothing else explains."
        ),
        fix=Fix(
            summary=f"Mend what the message names: {said[:300]}",
            steps=("Read the traceback from its last line upwards to the first frame that is yours.",),
        ),
        events=[Event("", failure.record, failure.line, failure.line)],
        count=failure.count,
        names=frozenset(("unrecognised-failure", "layer:fault")),
    )


def _of_complaint(complaint: Failure, last_words: bool) -> Draft:
    """A finding for an error message of a log in which nothing else went wrong: a suspicion, no more."""
    draft = _of_failure(complaint, 1)
    said = f"{complaint.name}: {complaint.message}" if complaint.name else complaint.message
    draft.severity, draft.confidence = ("error", 0.4) if complaint.name or last_words else ("warning", 0.3)
    draft.cause = (
        f"{_speaker(complaint.record.stream)} said: {said[:600]}{'' if said.endswith('.') else '.'} No rule knows this "
        "message, and nothing else in these logs failed. Healthy runs print errors too: if the run went on after this "
        "line it is harmless, if the log ends here it is where to begin."
    )
    return draft


def _speaker(stream: Stream) -> str:
    known = {"rank": stream.rank, "process": stream.process, "pid": stream.pid, "host": stream.host}
    said = ", ".join(f"{name} {value}" for name, value in known.items() if value is not None)
    return f"The process ({said})" if said else "A process"


def evidence(event: Event) -> Evidence:
    """The place of an event, quoting its line as it stands in the log."""
    record = event.record
    return Evidence(
        record.source, event.line, event.end_line, quote(record, event.line), record.stream, normalise(record.time)
    )


def moment(event: Event) -> float | None:
    """When an event happened on its own clock, in seconds, or when its source last said the time; None if never."""
    return seconds(event.record.time or event.record.since)
