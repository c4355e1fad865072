"""Flags of commands, held against the catalogue: those that a command refused, and those that a fix gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from logdoctor.diagnosis.conditions import release
from logdoctor.diagnosis.environment import newer, not_in
from logdoctor.facts import Facts
from logdoctor.model import Event, Fix, Flag
from logdoctor.rulebook import Rulebook

if TYPE_CHECKING:
    from logdoctor.rulebook.catalogue import Command


def refused(events: Mapping[str, Sequence[Event]], facts: Facts, rulebook: Rulebook) -> dict[str, list[Event]]:
    """The events of rules that speak of a flag which a command refused, with what the catalogue knows of that flag."""
    found = {}
    for id, own in events.items():
        if of := rulebook.rule(id).flags_of:
            found[id] = [event._replace(values=_told(event.values, rulebook.commands[of], facts)) for event in own]
    return found


def _told(values: Mapping[str, str], command: Command, facts: Facts) -> dict[str, str]:
    """The values of an event, and those of :data:`~logdoctor.rulebook.catalogue.FLAG_VALUES` that are known."""
    name = command.spelled(values.get("argument") or "")
    flag, unread = command.settings.get(name), command.unread.get(name)
    told: dict[str, str | None] = {}
    if flag:
        version = not_in(flag, facts)
        gone = flag.removed and not (version and release(version) < release(flag.removed))
        told = {"version": version, "note": flag.note}
        told |= (
            {"removed": flag.removed, "meant": flag.replaced_by, "instead": flag.instead}
            if gone
            else {"since": flag.since, "before": flag.before}
        )
    elif unread:
        told = {"meant": unread.replaced_by, "instead": unread.instead}
    elif since := command.since(name):
        told = {"since": since}
    elif not newer(command.software, command.covers, facts) and (meant := command.meant(name)):
        told = {"meant": meant, "misspelt": meant}
    if other := command.settings.get(told.get("meant") or ""):
        told["meaning"] = other.meaning
    return {**values, **{key: value for key, value in told.items() if value}}


def advised(fix: Fix, facts: Facts, rulebook: Rulebook) -> Fix:
    """A fix for the versions that the logs show: in place of flags that they do not have it says what there is."""
    lacking = {flag: _without(flag, facts, rulebook) for flag in fix.flags if not flag.drop}
    steps = dict.fromkeys(step for step in lacking.values() if step)
    return fix._replace(flags=tuple(flag for flag in fix.flags if not lacking.get(flag)), steps=(*fix.steps, *steps))


def _without(given: Flag, facts: Facts, rulebook: Rulebook) -> str | None:
    """What to do without a flag, where the version that the logs show does not have it; in a sentence."""
    for command in rulebook.commands_in(given.of)[:1]:
        flag = command.settings.get(command.spelled(given.name))
        version = flag and not_in(flag, facts)
        if not flag or not version:
            return None
        if flag.removed and release(version) >= release(flag.removed):
            instead = flag.instead or (flag.replaced_by and f"{flag.replaced_by} took its place")
            return f"{flag.software} {version} no longer has {flag.name}{f': {instead}' if instead else ''}."
        before = f"; before, it was {flag.before}" if flag.before else ""
        return f"{flag.name} came with {flag.software} {flag.since}, and these logs are of {version}{before}."
    return None
