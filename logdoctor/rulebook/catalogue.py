"""The catalogues of environment variables (``rules/env``) and of the flags of commands (``rules/flags``), with
everything inherited filled in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

from logdoctor.rulebook.settings import CommandFlag, Setting, Unread

CHECKS: Mapping[str, frozenset[str]] = {
    "variable-misspelt": frozenset(("name", "value", "meant", "meaning", "fitting")),
    "variable-unread": frozenset(
        ("name", "value", "meant", "meaning", "fitting", "instead", "software", "version", "since", "removed")
    ),
    "variable-value": frozenset(("name", "value", "meaning", "expects", "misread")),
    "variable-differs": frozenset(("name", "value", "meaning", "who", "other", "others", "lacking")),
}
"""What a rule may be asked to speak for instead of signatures -> the values that its texts may name."""
FLAG_VALUES = frozenset(("meant", "misspelt", "meaning", "note", "instead", "since", "before", "removed", "version"))
"""What the events of a rule with ``flags_of`` tell besides, of the flag that their group ``argument`` names."""
_INHERITED = ("software", "read_by", "misread", "vllm_carries")
"""What a file says for all its variables, and a variable may say otherwise."""


AnySetting = TypeVar("AnySetting", bound=Setting)


class Catalogue(Generic[AnySetting]):
    """All settings of a kind, the further names that something reads, and the names that nothing reads."""

    def __init__(self, entries: Iterable[Mapping[str, Any]], kind: type[AnySetting]) -> None:
        self._entries = tuple(entries)
        self._kind = kind

    @cached_property
    def settings(self) -> Mapping[str, AnySetting]:
        """By name."""
        return {
            setting["name"]: self._kind(**{key: _frozen(value) for key, value in setting.items()})
            for entry in self._entries
            for setting in entry["settings"]
        }

    @cached_property
    def unread(self) -> Mapping[str, Unread]:
        """By name."""
        return {unread["name"]: Unread(**unread) for entry in self._entries for unread in entry["unread"]}

    @cached_property
    def _others(self) -> frozenset[str]:
        return frozenset(name for entry in self._entries for name in entry["also_read"] if not name.endswith("*"))

    @cached_property
    def _families(self) -> tuple[str, ...]:
        return tuple(name[:-1] for entry in self._entries for name in entry["also_read"] if name.endswith("*"))

    def knows(self, name: str) -> bool:
        """Whether something is known to read a setting of this name."""
        return (
            name in self.settings
            or name in self._others
            or (name not in self.unread and name.startswith(self._families) and name.lower() not in self._by_case)
        )

    @cached_property
    def _by_case(self) -> Mapping[str, str]:
        return {name.lower(): name for name in (*self._others, *self.settings)}

    def component(self, name: str) -> Mapping[str, Any] | None:
        """The component whose prefix a name has: its ``component``, ``software`` and ``covers``."""
        longest = max(
            ((len(prefix), number) for number, e in enumerate(self._entries) for prefix in e["prefixes"]
             if name.startswith(prefix)),
            default=None,
        )  # fmt: skip
        return self._entries[longest[1]] if longest else None

    def meant(self, name: str) -> str | None:
        """The name that a misspelt one most likely means: one that differs in nothing but upper and lower case, or the
        one that is nearest, if no other is as near.

        At most two letters may differ, one in a name of few letters; digits may not, for they tell one setting from
        the next.
        """
        if self.knows(name) or name in self.unread:
            return None
        if same := self._by_case.get(name.lower()):
            return same
        near: dict[str, int] = {}
        most = 2 if len(name) > 12 else 1
        for known in (*self.settings, *self._others):
            if abs(len(known) - len(name)) <= most and known[:3] == name[:3] and _digits(known) == _digits(name):
                distance = _edits(name, known, most)
                if distance <= most:
                    near[known] = distance
        nearest = [known for known, distance in near.items() if distance == min(near.values())]
        return nearest[0] if len(nearest) == 1 else None


class Command(Catalogue[CommandFlag]):
    """The flags of one command."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        super().__init__((entry,), CommandFlag)
        self.name: str = entry["command"]
        self.called: tuple[str, ...] = (self.name, *entry["also_called"])
        """How lines and fixes may call it."""
        self.software: str = entry["software"]
        self.covers: str | None = entry["covers"]
        self.runs_another: bool = entry["runs_another"]
        """Whether what follows its own flags is another command with flags of its own."""
        self._newer: Mapping[str, str] = entry["newer"]
        self._underscores: bool = entry["underscores"]

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        return {other: flag.name for flag in self.settings.values() for other in flag.also}

    def spelled(self, name: str) -> str:
        """A flag as the catalogue spells it: without value, without the field of a JSON value that it sets
        (``--compilation-config.mode``), without the ``no-`` of a switch; also for the argument of that name in
        Python."""
        if not name.startswith("-"):
            name = f"--{name.replace('_', '-')}"
        head = re.split(r"[=.]", name, maxsplit=1)[0]
        plain = head.replace("_", "-") if self._underscores else head
        forms = (head, plain, plain.replace("--no-", "--", 1))
        return next((self._spellings.get(form, form) for form in forms if self._takes(form)), plain)

    def _takes(self, name: str) -> bool:
        return name in self._spellings or super().knows(name)

    def knows(self, name: str) -> bool:
        return super().knows(self.spelled(name))

    def meant(self, name: str) -> str | None:
        return super().meant(self.spelled(name))

    def since(self, name: str) -> str | None:
        """The version that brought a flag; None where it was there before, or that is not known."""
        flag = self.settings.get(name)
        return flag.since if flag else self._newer.get(name)


def compiled(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A file of ``rules/env`` as the rulebook's cache keeps it: each variable complete in itself."""
    return {
        **_compiled(entry, entry.get("variables", ())),
        "prefixes": entry["prefixes"],
        "also_read": entry.get("also_read", []),
        "unread": entry.get("unread", []),
    }


def compiled_command(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A file of ``rules/flags`` as the rulebook's cache keeps it: each flag complete in itself."""
    newer = {name: version for version, names in entry.get("newer", {}).items() for name in names}
    flags = [{**flag, "command": entry["command"]} for flag in entry["flags"]]
    return {
        **_compiled(entry, flags),
        "command": entry["command"],
        "also_called": entry.get("also_called", []),
        "underscores": entry.get("underscores", False),
        "runs_another": entry.get("runs_another", False),
        "prefixes": ["-"],
        "also_read": [*entry.get("also_taken", []), *newer],
        "newer": newer,
        "unread": entry.get("not_taken", []),
    }


def _compiled(entry: Mapping[str, Any], settings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    inherited = {"software": entry["component"], **{key: entry[key] for key in _INHERITED if key in entry}}
    return {
        "component": entry["component"],
        "software": inherited["software"],
        "covers": entry.get("covers"),
        "settings": [
            {
                **inherited,
                **setting,
                "component": entry["component"],
                "default": None if "default" not in setting else str(setting["default"]),
                "references": setting.get("references", entry["references"]),
            }
            for setting in settings
        ],
    }


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))


def _edits(one: str, other: str, most: int) -> int:
    """How many letters must be put in, left out, changed or swapped with the next to make one name from the other;
    any number above ``most`` when it is more."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
