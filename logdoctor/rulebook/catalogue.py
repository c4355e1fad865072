"""The catalogues of environment variables (``rules/env``) and of the flags of commands (``rules/flags``), with
everything inherited filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

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


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that can be set: a variable or a flag."""

    name: str
    component: str
    software: str
    """Whose versions ``since``, ``deprecated`` and ``removed`` are: the fact ``version.<software>``."""
    meaning: str
    values: Mapping[str, Any]
    """Which values it takes, as the schema of ``rules/env`` defines it; ``kind`` is always there."""
    default: str | None = None
    since: str | None = None
    deprecated: str | None = None
    removed: str | None = None
    replaced_by: str | None = None
    note: str | None = None
    """What people get wrong about it."""
    references: tuple[str, ...] = ()

    def takes(self, value: str) -> bool:
        """Whether the value can be one of this setting's; where that is not known, it can."""
        values = self.values
        if values.get("open") or value.lower() in map(str.lower, values.get("also", ())):
            return True
        return _TAKES.get(values["kind"], _anything)(value, values)

    @property
    def expects(self) -> str:
        """The values that it takes, in words that end a sentence."""
        values = self.values
        words: str = _EXPECTS.get((values["kind"], values.get("syntax")), values["kind"])
        low, high = (_plain(values[end]) if end in values else None for end in ("min", "max"))
        if values["kind"] in ("integer", "number"):
            if (low, high) == ("0", "1"):
                words = "0 or 1"
            elif low and high:
                words += f" from {low} to {high}"
            elif low or high:
                words += f" of {low} or more" if low else f" of {high} or less"
        words = words.format(", ".join(values.get("of", ())))
        unit = f" ({values['unit']})" if "unit" in values else ""
        return words + unit + "".join(f" or {word}" for word in values.get("also", ()))


@dataclass(frozen=True, slots=True)
class Variable(Setting):
    """An environment variable that matters."""

    same_on_all_ranks: bool = False
    vllm_carries: str | None = None
    """The first vLLM version that copies it from the driver to Ray workers, ``never``, or None where unknown."""
    read_by: str | None = None
    misread: str | None = None
    """What becomes of a value that its reader does not understand."""


@dataclass(frozen=True, slots=True)
class CommandFlag(Setting):
    """A flag of a command that matters."""

    command: str = ""
    """What it is given to, such as ``vllm serve``."""
    also: tuple[str, ...] = ()
    """Its other spellings, such as ``-tp``."""
    before: str | None = None
    """What did it before there was this flag."""
    instead: str | None = None
    """What does it, where it was removed and no other flag took its place."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A name that is in circulation and that nothing reads."""

    name: str
    replaced_by: str | None = None
    """The setting that is meant."""
    instead: str | None = None
    """What does it, where no setting does."""


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


def _plain(number: float) -> str:
    return f"{number:g}" if abs(number) < 1e6 else str(int(number))


def _anything(value: str, values: Mapping[str, Any]) -> bool:
    return True


def _within(value: float, values: Mapping[str, Any]) -> bool:
    return float(values.get("min", value)) <= value <= float(values.get("max", value))


def _integer(value: str, values: Mapping[str, Any]) -> bool:
    """Decimal or, as strtoll() reads it, hexadecimal."""
    if re.fullmatch(r"[-+]?\d{1,20}", value):
        return _within(int(value), values)
    return bool(re.fullmatch(r"[-+]?0[xX][0-9a-fA-F]{1,16}", value))


def _number(value: str, values: Mapping[str, Any]) -> bool:
    found = re.fullmatch(r"[-+]?(\d{1,20}(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?", value)
    return bool(found) and _within(float(value), values)


def _choice(value: str, values: Mapping[str, Any]) -> bool:
    if values.get("case"):
        return value in values["of"]
    return value.lower() in map(str.lower, values["of"])


def _choices(value: str, values: Mapping[str, Any]) -> bool:
    return all(_choice(item.strip(), values) for item in value.lstrip("^").split(",") if item.strip())


def _interfaces(value: str, values: Mapping[str, Any]) -> bool:
    """The syntax of the library, and no device of RDMA where an interface of the network is asked for."""
    plain = value.lstrip("^=") if values["syntax"] == "nccl" else value
    names = [plain] if values["syntax"] == "single" else plain.split(",")
    return not any(re.search(r"[\^=,\s]", name) or re.match(r"mlx[45]_\d", name) for name in names)


def _devices(value: str, values: Mapping[str, Any]) -> bool:
    """No interface of the network where a device of RDMA is asked for."""
    if values["syntax"] == "ucx":
        return not re.fullmatch(r"(\^|=)?mlx[45]_\d+(,mlx[45]_\d+)*", value)
    return not any(re.fullmatch(r"(eth|eno|ib|bond)\d+", name.strip()) for name in value.lstrip("^=").split(","))


_BOOLEANS = frozenset(("0", "1", "none")) | frozenset(
    word
    for pair in ("true false", "t f", "yes no", "y n", "on off", "enable disable", "enabled disabled")
    for word in pair.split()
)
_TAKES: Mapping[str, Callable[[str, Mapping[str, Any]], bool]] = {
    "integer": _integer,
    "number": _number,
    "switch": _integer,
    "boolean": lambda value, _: value.lower() in _BOOLEANS,
    "choice": _choice,
    "choices": _choices,
    "interfaces": _interfaces,
    "devices": _devices,
    "port": lambda value, _: bool(re.fullmatch(r"\d{1,5}", value)) and int(value) < 65536,
    "address": lambda value, _: not re.search(r"[\s,/]", value),
}
"""Kind -> whether a value can be of it; other kinds take anything."""
_EXPECTS: Mapping[tuple[str, str | None], str] = {
    ("integer", None): "an integer",
    ("number", None): "a number",
    ("switch", None): "0 or 1, not a word",
    ("boolean", None): "0 or 1",
    ("choice", None): "one of {}",
    ("choices", None): "a comma-separated list of {}",
    ("interfaces", "nccl"): (
        "beginnings of interface names, parted by commas; = before them asks for exact names, ^ excludes"
    ),
    ("interfaces", "exact"): "exact interface names, parted by commas; ^ and = mean nothing to it",
    ("interfaces", "single"): "the exact name of one interface",
    ("devices", "nccl"): (
        "beginnings of the names that ibv_devices lists (mlx5_0), each with :port if need be; "
        "= asks for exact names, ^ excludes"
    ),
    ("devices", "ucx"): "devices as ucx_info -d lists them, those of RDMA with their port (mlx5_0:1)",
    ("address", None): "a host name or an IP address",
    ("port", None): "a port number",
    ("path", None): "a path",
    ("size", None): "a size in bytes, with K, M or G if need be",
    ("duration", None): "a time, with its unit",
    ("text", None): "a text",
    ("json", None): "JSON, in single quotes",
    ("none", None): "no value",
}
