"""What a fix changes, sorted by what it is: variables, limits of the container or process, options of commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from logdoctor.model import EnvSetting, Fix, Flag

_COMMENT = re.compile(r"\s+#\s", re.ASCII)
_COMMAND = re.compile(r"[\w.-]+(?: [\w.-]+)*", re.ASCII)
_CONTAINER = frozenset(("--shm-size", "--ulimit", "--ipc"))
"""Options of ``docker run`` that every launcher has a counterpart of."""


class Block(NamedTuple):
    """A text to paste."""

    title: str
    """Where it belongs, in words."""
    language: str
    """``sh``, ``yaml``, ``ini``, ``python``."""
    text: str


class Variable(NamedTuple):
    """A variable to set, or to unset where ``value`` is None."""

    name: str
    value: str | None
    where: str = ""
    remark: str = ""

    @property
    def computed(self) -> bool:
        """Whether a shell on the node has to work the value out."""
        return self.value is not None and "$" in self.value


class Option(NamedTuple):
    """An option of a command to set, or to drop."""

    command: str
    name: str
    value: str
    """Empty where it takes none."""
    drop: bool = False
    remark: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """As words of a command line."""
        if not self.value:
            return (self.name,)
        return (f"{self.name}={self.value}",) if self.name.startswith("--") else (self.name, self.value)


class Limits(NamedTuple):
    """What a container or process may use."""

    shm: str = ""
    """Size of /dev/shm, such as ``16g``."""
    ulimits: tuple[tuple[str, str], ...] = ()
    """Name and value, such as ``memlock`` and ``-1``."""
    host_ipc: bool = False


NO_LIMITS = Limits()


class Change(NamedTuple):
    """The settings, limits and options of a fix."""

    variables: tuple[Variable, ...] = ()
    limits: Limits = NO_LIMITS
    options: tuple[Option, ...] = ()
    """All but those that :attr:`limits` stand for."""
    ray_port: str = ""
    """The port of the Ray head; empty where nothing tells it."""

    def __bool__(self) -> bool:
        return bool(self.variables or self.options or self.limits != NO_LIMITS)

    @classmethod
    def of(cls, fix: Fix) -> Change:
        """What a fix changes."""
        options = [_option(flag) for flag in fix.flags]
        limiting = [option for option in options if _limits(option)]
        ulimits = [option.value.partition("=") for option in limiting if option.name == "--ulimit"]
        return cls(
            tuple(_variable(setting) for setting in fix.env),
            Limits(
                shm=next((option.value for option in limiting if option.name == "--shm-size"), ""),
                ulimits=tuple((name, value.partition(":")[0]) for name, _, value in ulimits),
                host_ipc=any(option.name == "--ipc" and option.value == "host" for option in limiting)
                and not any(option.name == "--shm-size" for option in limiting),
            ),
            tuple(option for option in options if not _limits(option)),
            fix.ray_port,
        )

    def settings(self) -> Iterator[tuple[str, str]]:
        """The variables whose values are known as they are."""
        for variable in self.variables:
            if variable.value is not None and not variable.computed:
                yield variable.name, variable.value

    def computed(self) -> Iterator[tuple[str, str]]:
        """The variables whose values a shell on the node works out."""
        for variable in self.variables:
            if variable.value is not None and variable.computed:
                yield variable.name, variable.value

    def unset(self) -> Iterator[str]:
        """The variables to unset."""
        return (variable.name for variable in self.variables if variable.value is None)

    def commands(self) -> Iterator[tuple[str, list[Option]]]:
        """The options by the command that takes them."""
        for command in dict.fromkeys(option.command for option in self.options):
            yield command, [option for option in self.options if option.command == command]

    @property
    def where(self) -> str:
        """Where it belongs, as the rule says; the most common of several."""
        said = [variable.where for variable in self.variables if variable.where]
        return max(said, key=said.count) if said else ""


def _limits(option: Option) -> bool:
    return option.command == "docker run" and option.name in _CONTAINER and not option.drop


def _variable(setting: EnvSetting) -> Variable:
    if setting.value is None:
        return Variable(setting.name, None, setting.where)
    value, remark = split(setting.value)
    return Variable(setting.name, value, setting.where, remark)


def _option(flag: Flag) -> Option:
    command, remark = command_of(flag.of)
    value, more = split(flag.value or "")
    return Option(command, flag.name, value, flag.drop, "; ".join(filter(None, (remark, more))))


def split(line: str) -> tuple[str, str]:
    """A shell line, and the remark behind it."""
    found = _COMMENT.search(line)
    return (line[: found.start()].rstrip(), line[found.end() :].strip()) if found else (line.rstrip(), "")


def command_of(text: str) -> tuple[str, str]:
    """A command's name, and what a rule may say behind it: ``vllm serve, on one node``."""
    found = _COMMAND.match(text)
    name = found[0] if found else text
    return name, text[len(name) :].strip(" ,")
