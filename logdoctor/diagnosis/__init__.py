"""Events and facts to findings in causal order."""

from __future__ import annotations

from logdoctor.diagnosis.causality import findings
from logdoctor.diagnosis.cluster import picture
from logdoctor.diagnosis.conditions import holds
from logdoctor.diagnosis.differences import differing
from logdoctor.diagnosis.environment import checked
from logdoctor.diagnosis.expressions import Context, fill
from logdoctor.diagnosis.findings import Draft, complaints, draft, evidence
from logdoctor.diagnosis.flags import refused
from logdoctor.diagnosis.identity import Identities
from logdoctor.diagnosis.ledger import Ledger
from logdoctor.diagnosis.observations import Observations
from logdoctor.diagnosis.progress import Progress
from logdoctor.diagnosis.timeline import course
from logdoctor.model import Diagnosis, Finding, Missing, Stats, Verdict
from logdoctor.rulebook import Rulebook

UNEXPLAINED = 20
"""Error messages without a rule that are shown."""

__all__ = ["Observations", "diagnose"]


def diagnose(observations: Observations, rulebook: Rulebook, stats: Stats) -> Diagnosis:
    """The one root cause among the fallout, or what is missing to name it."""
    identities = Identities(
        observations.facts,
        rulebook.identities,
        lambda source: {**rulebook.grammars.of_name(source), **observations.said.get(source, {})},
    )
    told = observations.told_by(identities)
    ledger = Ledger(told.facts, identities.world, told.ranks() | identities.ranks(told.lines))
    told.events |= {
        **checked(told.facts, ledger, rulebook),
        **differing(ledger, rulebook),
        **refused(told.events, told.facts, rulebook),
    }
    derived = {definition["id"]: definition for definition in rulebook.derived}
    context = Context(told.facts, None, told.events, derived, ledger=ledger)
    drafts = draft(told, rulebook, context, identities)
    found = findings(drafts, Progress(told.facts, rulebook.progress))
    verdict = _verdict(found)
    return Diagnosis(
        verdict=verdict,
        findings=tuple(found),
        missing=_missing(found, drafts, verdict, rulebook, context),
        cluster=picture(told.facts, ledger),
        unexplained=tuple(evidence(complaint.first) for complaint in complaints(told)[:UNEXPLAINED]),
        timeline=course(drafts, told, told.facts, rulebook.signs_of_life, identities.stream),
        stats=stats,
    )


def _verdict(found: list[Finding]) -> Verdict:
    errors = [finding for finding in found if finding.severity == "error" and finding.role != "advice"]
    root = next((finding for finding in errors if finding.role == "root-cause"), None)
    if root:
        return "unknown-failure" if root.rule == "unrecognised-failure" else "root-cause"
    return "consequence-only" if errors else "healthy"


def _missing(
    found: list[Finding], drafts: list[Draft], verdict: Verdict, rulebook: Rulebook, context: Context
) -> tuple[Missing, ...]:
    """What would decide the case where the logs do not: what the consequences that nothing explains ask for, those
    nearest to the origin first; then what the launcher and the software that the logs show can still tell."""
    open_ends = [finding.id for finding in found if finding.role == "consequence" and not finding.caused_by]
    items = [item for id in open_ends for draft in drafts if draft.id == id for item in draft.missing]
    asked = [
        Missing(*(fill(entry[key], context).text for key in ("what", "why", "how")))
        for entry in rulebook.collect
        if verdict in entry["verdicts"] and holds(entry["when"], context)
    ]
    return tuple(dict.fromkeys([*(items if verdict == "consequence-only" else ()), *asked]))
