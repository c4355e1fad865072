"""What can be set: environment variables and flags, and which values they take."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


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
