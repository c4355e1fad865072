"""The variables that the logs show as set, held against the catalogue: events of the rules that speak for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from logdoctor.diagnosis.conditions import release
from logdoctor.diagnosis.differences import disagreement
from logdoctor.diagnosis.ledger import Ledger
from logdoctor.diagnosis.observations import of_statement
from logdoctor.facts import Facts
from logdoctor.model import Event, Fact
from logdoctor.rulebook import Rulebook

if TYPE_CHECKING:
    from logdoctor.rulebook.catalogue import Catalogue
    from logdoctor.rulebook.settings import Setting, Variable


def checked(facts: Facts, ledger: Ledger, rulebook: Rulebook) -> dict[str, list[Event]]:
    """Rule -> an event for each variable that is misspelt, read by nothing, of a value that cannot be, or different
    where all ranks must agree."""
    found: dict[str, list[Event]] = defaultdict(list)
    for full in facts.names("env."):
        for check, fact, values in _doubts(full.removeprefix("env."), facts, rulebook.environment):
            if check in rulebook.checks:
                found[rulebook.checks[check]].append(_event(rulebook.checks[check], fact, values))
        if rule := rulebook.checks.get("variable-differs"):
            name = full.removeprefix("env.")
            found[rule] += [
                *_differs(rule, name, ledger, rulebook.environment),
                *_lacks(rule, name, facts, ledger, rulebook.environment),
            ]
    return {rule: events for rule, events in found.items() if events}


def _doubts(
    name: str, facts: Facts, catalogue: Catalogue[Variable]
) -> Iterator[tuple[str, Fact, dict[str, str | None]]]:
    """What is wrong with a variable: the check that finds it, the statement that shows it, and its values."""
    stated = [fact for fact in facts.all(f"env.{name}") if _is_value(fact.value)]
    if not stated:
        return
    first, variable = stated[0], catalogue.settings.get(name)
    if variable is None:
        unread = catalogue.unread.get(name)
        if unread:
            yield (
                "variable-unread",
                first,
                {"instead": unread.instead, **_renamed(first, unread.replaced_by, catalogue)},
            )
        elif meant := _meant(name, facts, catalogue):
            yield "variable-misspelt", first, _renamed(first, meant, catalogue)
        return
    if versions := not_in(variable, facts):
        yield (
            "variable-unread",
            first,
            {
                "software": variable.software,
                "version": versions,
                "since": variable.since,
                "removed": variable.removed,
                "meant": variable.replaced_by,
            },
        )
    if wrong := next((fact for fact in stated if not variable.takes(fact.value)), None):
        yield (
            "variable-value",
            wrong,
            {
                "expects": variable.expects,
                "misread": variable.misread,
                "meaning": variable.meaning,
            },
        )


def _differs(rule: str, name: str, ledger: Ledger, catalogue: Catalogue[Variable]) -> Iterator[Event]:
    """Hosts that disagree on a variable on which all ranks must agree: what the odd one states."""
    variable = catalogue.settings.get(name)
    if variable is None or not variable.same_on_all_ranks:
        return
    stated = {who: fact for who, fact in ledger.by_host(f"env.{name}").items() if _is_value(fact.value)}
    for event in islice(disagreement(rule, stated), 1):
        yield event._replace(values={**event.values, "name": name, "meaning": variable.meaning})


def _lacks(rule: str, name: str, facts: Facts, ledger: Ledger, catalogue: Catalogue[Variable]) -> Iterator[Event]:
    """Hosts whose environment a log shows as a whole, without a variable that others set, though all ranks must
    agree on it: what one of the others states."""
    variable = catalogue.settings.get(name)
    stated = [fact for fact in facts.all(f"env.{name}") if _is_value(fact.value)]
    if variable is None or not variable.same_on_all_ranks or not stated or stated[0].value == variable.default:
        return
    paths, homes = ledger.by_host("environment.search-path"), ledger.by_host("environment.home")
    hosts = {fact.stream.host or fact.source for fact in stated}
    sources = {fact.source for fact in stated}
    shown = {host: fact.source for host, fact in paths.items() if host in homes and homes[host].source == fact.source}
    lacking = sorted(host for host, source in shown.items() if host not in hosts and source not in sources)
    if lacking and hosts & shown.keys():
        values = {"who": ", ".join(sorted(hosts & shown.keys())), "lacking": ", ".join(lacking)}
        yield _event(rule, stated[0], {**values, "meaning": variable.meaning})


def _renamed(stated: Fact, meant: str | None, catalogue: Catalogue[Variable]) -> dict[str, str | None]:
    """The variable that is meant, with the value that was given to the wrong name, if it fits."""
    variable = catalogue.settings.get(meant or "")
    fits = meant and (variable is None or variable.takes(stated.value))
    return {
        "meant": meant,
        "meaning": variable.meaning if variable else None,
        "fitting": stated.value if fits else None,
    }


def _is_value(text: str) -> bool:
    """Whether it is a value, and not a place where one goes (``$NIC``, ``<interface>``)."""
    return bool(text) and not any(mark in text for mark in "$<>{}`…") and "..." not in text


def _meant(name: str, facts: Facts, catalogue: Catalogue[Variable]) -> str | None:
    """The variable that a name must mean that nothing known reads; None for software newer than the catalogue."""
    component = catalogue.component(name)
    if component is None:
        return None
    return None if newer(component["software"], component["covers"], facts) else catalogue.meant(name)


def newer(software: str, covers: str | None, facts: Facts) -> bool:
    """Whether the logs are of software newer than the catalogue."""
    return bool(covers) and any(release(text) > release(covers or "") for text in facts.values(f"version.{software}"))


def not_in(setting: Setting, facts: Facts) -> str | None:
    """The version of the software in the logs, where it does not have the setting: no longer, or not yet."""
    versions = [(release(text), text) for text in facts.values(f"version.{setting.software}")]
    gone, new = release(setting.removed or ""), release(setting.since or "")
    lacking = [text for version, text in versions if version and ((gone and version >= gone) or version < new)]
    return lacking[0] if lacking and len(lacking) == len(versions) else None


def _event(rule: str, fact: Fact, values: dict[str, str | None]) -> Event:
    known = {key: value for key, value in values.items() if value}
    return of_statement(rule, fact, {"name": fact.name[4:], "value": fact.value, **known})
