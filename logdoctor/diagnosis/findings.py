"""Events to findings: which cause stands behind each event, and its explanation with the values of the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logdoctor.diagnosis import ledger as ledgers
from logdoctor.diagnosis.conditions import holds, spoken
from logdoctor.diagnosis.expressions import Context, fill, preferred
from logdoctor.diagnosis.flags import advised
from logdoctor.diagnosis.identity import Identities
from logdoctor.diagnosis.observations import Failure, Observations, quote
from logdoctor.formats.times import dated, normalise, seconds
from logdoctor.model import Actor, EnvSetting, Event, Evidence, Fix, Flag, Layer, Missing, Severity, Stream
from logdoctor.rulebook import Case, Rule, Rulebook

EVIDENCE = 8
"""Places in the logs that a finding quotes."""
LAST_WORDS = 10
"""Lines before the end of a log in which an error message counts as its last words."""
FAILURES = 5
"""Unrecognised failures that become findings of their own."""
TOLERANCE = 5.0
"""Seconds by which the clocks of hosts may differ unnoticed; within it the order of sources and lines decides."""
GUILTY = 4096
"""Actors that a finding names."""


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
    guilty: tuple[Actor, ...] = ()
    why: tuple[str, ...] = ()
    """What led to it, before it is compared with others."""
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


def draft(observations: Observations, rulebook: Rulebook, context: Context, identities: Identities) -> list[Draft]:
    """A draft for each cause that the events show, and for each unrecognised failure."""
    drafts: list[Draft] = []
    for rule_id in sorted(observations.events):
        drafts += _of_rule(rulebook.rule(rule_id), observations, context, identities, rulebook)
    drafts += [_of_failure(failure, number, identities) for number, failure in enumerate(_failures(observations), 1)]
    if not any(draft.severity == "error" for draft in drafts):
        drafts += [
            _of_complaint(complaint, _at_the_end(complaint, observations), identities)
            for complaint in _suspects(observations)
        ]
    return drafts


def _failures(observations: Observations) -> list[Failure]:
    """The unrecognised failures that matter most: the first ones."""
    found = sorted(observations.failures.values(), key=lambda failure: order(failure.first))
    for failure in found:
        failure.events = chronological(failure.events)
    clock = {id(event): number for number, event in enumerate(chronological([f.first for f in found]))}
    return sorted(found, key=lambda failure: clock[id(failure.first)])[:FAILURES]


def _suspects(observations: Observations) -> list[Failure]:
    """The one message to suspect where nothing else failed: the first of those at the end of a log, else the first."""
    found = complaints(observations)
    return sorted(found, key=lambda complaint: not _at_the_end(complaint, observations))[:1]


def _at_the_end(complaint: Failure, observations: Observations) -> bool:
    """Whether a log ends soon after a message: what a program said last may well be why it ended."""
    record = complaint.first.record
    return record.numbers[-1] > observations.lines.get(record.source, 0) - LAST_WORDS


def complaints(observations: Observations) -> list[Failure]:
    """Error messages that no rule knows: exceptions first, then in the order of sources and lines."""
    return sorted(observations.complaints.values(), key=lambda complaint: (not complaint.name, order(complaint.first)))


def order(event: Event) -> tuple[Any, ...]:
    """A sort key that does not depend on the order in which sources were read."""
    return (event.record.source, event.line)


def chronological(events: Sequence[Event]) -> list[Event]:
    """Events in the order of their clocks where these can be compared and differ by more than :data:`TOLERANCE`, else
    in that of sources and lines.

    Clocks can be compared when all tell the time, and all with the year or all without it.
    """
    placed = sorted(events, key=order)
    moments = comparable([moment(event) for event in placed])
    if not moments:
        return placed
    return [placed[at] for at in sorted(range(len(placed)), key=lambda at: round(moments[at] / TOLERANCE))]


def comparable(moments: Sequence[float | None]) -> list[float] | None:
    """The moments, if they lie on one scale: those without a year are seconds since it began."""
    known = [seconds for seconds in moments if seconds is not None]
    return known if len(known) == len(moments) and len(set(map(dated, known))) == 1 else None


def _of_rule(
    rule: Rule, observations: Observations, context: Context, identities: Identities, rulebook: Rulebook
) -> Iterable[Draft]:
    by_case: dict[tuple[str, str], tuple[Case, list[Event]]] = {}
    events = chronological(observations.events[rule.id])
    for event in events:
        here = context._replace(event=event)
        case = next((case for case in rule.cases if holds(case.when, here)), None)
        if case:
            own = event.values.get(rule.each, "") if rule.each else ""
            by_case.setdefault((case.id, own), (case, []))[1].append(event)
    unkept = max(0, observations.counts[rule.id] - sum(event.record.repeats for event in events))
    for number, (case, chosen) in enumerate(by_case.values()):
        here = context._replace(event=chosen[0])
        yield Draft(
            id=case.id,
            rule=rule.id,
            title=fill(case.title, here).text,
            component=rule.component,
            severity=case.severity,
            layer=case.layer,
            confidence=case.confidence,
            cause=fill(case.cause, here).text.strip(),
            fix=advised(_fix(case.fix, here), context.facts, rulebook),
            events=chosen,
            count=sum(event.record.repeats for event in chosen) + (max(unkept, 0) if number == 0 else 0),
            guilty=_distinct(_guilty(case, chosen, context, identities)),
            why=tuple(_chosen(rule, case, here)),
            references=case.references,
            missing=tuple(
                Missing(**{key: fill(text, here).text for key, text in item.items()}) for item in case.missing
            ),
            explains=rule.explains,
            consequence_of=rule.consequence_of,
            names=frozenset((case.id, rule.id, f"layer:{case.layer}")),
        )


def _guilty(case: Case, events: Sequence[Event], context: Context, identities: Identities) -> Iterator[Actor]:
    """Whom the rule names for each event; where it names nobody, who speaks, if the message is of their own trouble."""
    for event in events:
        stream = event.record.stream
        if case.guilty:
            here = context._replace(event=event)
            said = {key: value.text for key, text in case.guilty.items() if (value := fill(text, here)).known}
            ranks = [str(rank) for rank in ledgers.read(said.pop("rank", ""))]
            hosts = [host.strip() for host in said.pop("host", "").split(",")]
            if said or any(hosts) or any(ranks):
                yield from (
                    identities.actor(stream, rank=rank, host=host, **said) for rank in ranks or [""] for host in hosts
                )
                continue
        if case.layer in ("host", "fault"):
            yield identities.actor(stream)


def _distinct(actors: Iterable[Actor]) -> tuple[Actor, ...]:
    """Each once, in order; a mere host only where nobody on it is known more closely."""
    known = dict.fromkeys(actors)
    closer = {actor.host for actor in known if actor != Actor(actor.host)}
    return tuple(actor for actor in known if actor != Actor(actor.host) or actor.host not in {None, *closer})[:GUILTY]


def _chosen(rule: Rule, case: Case, context: Context) -> Iterator[str]:
    """Why this cause of the rule's, and not another one."""
    event = context.event
    assert event is not None
    yield f"{event.record.source}:{event.line} is a message that rule {rule.id} knows."
    if len(rule.cases) > 1:
        for other in rule.cases[: rule.cases.index(case)]:
            yield f"It is not {other.id}: that needs {spoken(other.when or {})}."
        yield (
            f"It is {case.id}: {spoken(case.when)}." if case.when else f"It is {case.id}, as none of the others holds."
        )


def _fix(plain: Mapping[str, Any], context: Context) -> Fix:
    shell = context._replace(for_shell=True)
    return Fix(
        summary=fill(plain.get("summary", ""), context).text,
        env=tuple(_setting(entry, shell) for entry in plain.get("env", ())),
        flags=tuple(_flag(entry, shell) for entry in plain.get("flags", ())),
        commands=tuple(fill(text, shell).text for text in plain.get("commands", ())),
        steps=tuple(fill(text, context).text for text in plain.get("steps", ())),
        verify=tuple(fill(text, shell).text for text in plain.get("verify", ())),
        ray_port=fill('{fact cluster.ray_port | ""}', shell).text if plain.get("env") or plain.get("flags") else "",
    )


def _setting(entry: Mapping[str, Any], context: Context) -> EnvSetting:
    where = fill(entry.get("where", "all nodes"), context).text
    name = fill(entry["name"], context).text
    if entry.get("unset"):
        return EnvSetting(name, None, where)
    value = preferred(_listed(entry["value"]), context)
    return EnvSetting(name, value.text, where, value.origin)


def _flag(entry: Mapping[str, Any], context: Context) -> Flag:
    value = preferred(_listed(entry["value"]), context).text or None if "value" in entry else None
    return Flag(fill(entry["name"], context).text, value, fill(entry["of"], context).text, bool(entry.get("drop")))


def _listed(value: Any) -> Sequence[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _of_failure(failure: Failure, number: int, identities: Identities) -> Draft:
    """A finding for an exception that no rule knows: quoted, with who raised it and where."""
    said = f"{failure.name}: {failure.message}" if failure.name and failure.message else failure.name or failure.message
    where = f" It was raised at {failure.frame}" if failure.frame else ""
    if failure.own_frame and failure.own_frame != failure.frame:
        where += f", reached from {failure.own_frame}"
    where += "." if where else ""
    stream = failure.first.record.stream
    return Draft(
        id="unrecognised-failure" if number == 1 else f"unrecognised-failure-{number}",
        rule="unrecognised-failure",
        title=f"{said[:200]} (no rule knows this failure)",
        component=stream.component or "unknown",
        severity="error",
        layer="fault",
        confidence=0.5,
        cause=(
            f"{_speaker(stream)} failed with: {said[:600]}{'' if said.endswith('.') else '.'}{where} "
            "No rule recognises this message, so read it and the frames above it literally."
        ),
        fix=Fix(
            summary=f"Mend what the message names: {said[:300]}",
            steps=(
                f"Begin at {failure.own_frame}: the innermost frame that is your own code."
                if failure.own_frame
                else "Read the traceback from its last line upwards to the first frame that is yours.",
            ),
        ),
        events=failure.events,
        count=failure.count,
        guilty=_distinct(identities.actor(event.record.stream) for event in failure.events),
        why=(f"{failure.first.record.source}:{failure.first.line} ends a traceback that no rule knows.",),
        names=frozenset(("unrecognised-failure", "layer:fault")),
    )


def _of_complaint(complaint: Failure, last_words: bool, identities: Identities) -> Draft:
    """A finding for an error message of a log in which nothing else went wrong: a suspicion, no more."""
    draft = _of_failure(complaint, 1, identities)
    said = f"{complaint.name}: {complaint.message}" if complaint.name else complaint.message
    draft.severity, draft.confidence = ("error", 0.4) if complaint.name or last_words else ("warning", 0.3)
    draft.cause = (
        f"{_speaker(complaint.first.record.stream)} said: {said[:600]}{'' if said.endswith('.') else '.'} "
        "No rule knows this message, and nothing else in these logs failed. Healthy runs print errors too: if the run "
        "went on after this line it is harmless, if the log ends here it is where to begin."
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
