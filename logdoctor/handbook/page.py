"""A rule, a variable, or a flag, as a page to read: no expressions, no conditions, only words and lines to copy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from logdoctor.authoring.library import Library, Sheet, texts
from logdoctor.diagnosis.conditions import spoken
from logdoctor.diagnosis.expressions import plain
from logdoctor.model import EnvSetting, Fix, Flag, Missing
from logdoctor.rulebook.catalogue import Command
from logdoctor.rulebook.rules import CONFIDENCE
from logdoctor.rulebook.settings import CommandFlag, Setting, Unread, Variable

LAYERS: Mapping[str, str] = {
    "host": "hardware, kernel, driver, container or node limits failed",
    "fault": "this process failed on its own",
    "peer": "another process is lost, refused or unreachable",
    "wait": "this process gave up waiting",
    "relay": "somebody else's failure, repeated or wrapped",
    "advice": "nothing failed; something could be better",
}
"""Layer -> what a message of that layer says."""
SUSPECT = "It counts against the node on which it began: one machine can be at fault (logdoctor fleet)."
CHECKS: Mapping[str, str] = {
    "variable-misspelt": "A log shows a variable as set whose name is nearly that of one that something reads.",
    "variable-unread": "A log shows a variable as set that nothing reads, or that this version does not read.",
    "variable-value": "A log shows a variable with a value that it cannot have.",
    "variable-differs": "The logs show a variable with different values on ranks that must agree.",
}
"""Check of the catalogue -> what it looks for."""


@dataclass(frozen=True, slots=True)
class Link:
    """Another page."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Look:
    """What the message looks like in a log."""

    cause: str
    """The id of what is found there."""
    lines: tuple[str, ...]
    evidence: str
    """A text in the line that shows it."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause that can stand behind the message."""

    id: str
    title: str
    severity: str
    layer: str
    confidence: float
    told_by: tuple[str, ...]
    """The signs, all of which hold; none where it is what remains."""
    why: str
    fix: Fix
    missing: tuple[Missing, ...]
    references: tuple[str, ...]
    suspect: bool
    """Whether it counts against the node on which it began."""


@dataclass(frozen=True, slots=True)
class RulePage:
    """A rule."""

    id: str
    title: str
    component: str
    severity: str
    layer: str
    path: str
    """Its file, relative to the directory of rules that it stands in."""
    patterns: tuple[str, ...]
    """What is looked for, as regular expressions or in words."""
    looks: tuple[Look, ...]
    """One for each cause first."""
    causes: tuple[Cause, ...]
    explains: tuple[Link, ...]
    explained_by: tuple[Link, ...]
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SettingPage:
    """An environment variable, or a flag of a command."""

    setting: Setting
    set_by: tuple[Link, ...]
    """Rules whose fix sets or drops it."""
    asked_by: tuple[Link, ...] = ()
    """Rules that look at it to tell causes apart."""

    @property
    def title(self) -> str:
        """The variable, or the command with its flag."""
        setting = self.setting
        return f"{setting.command} {setting.name}" if isinstance(setting, CommandFlag) else setting.name

    @property
    def rows(self) -> Mapping[str, str]:
        """What is known of it, by what it is."""
        setting = self.setting
        rows: dict[str, str | None] = {"component": setting.component}
        if isinstance(setting, CommandFlag):
            rows = {"also": ", ".join(setting.also)}
        rows |= {"takes": setting.expects, "default": setting.default}
        for event in ("since", "deprecated", "removed"):
            version = getattr(setting, event)
            rows[event] = version and f"{setting.software} {version}"
        rows["replaced by"] = setting.replaced_by
        if isinstance(setting, CommandFlag):
            rows |= {"before it": setting.before, "instead": setting.instead}
        if isinstance(setting, Variable):
            rows |= {
                "read by": setting.read_by,
                "on all ranks": "must be the same" if setting.same_on_all_ranks else None,
                "vLLM to Ray": carried(setting.vllm_carries) if setting.vllm_carries else None,
            }
        return {name: value for name, value in rows.items() if value}


class Handbook:
    """All pages."""

    def __init__(self, library: Library) -> None:
        self._rules = library.rules
        self._owners = library.owners
        self._book = library.book
        self.variables: Mapping[str, Variable] = library.book.environment.settings
        self.unread: Mapping[str, Unread] = library.book.environment.unread
        self.commands: Mapping[str, Command] = library.book.commands

    @property
    def rules(self) -> Mapping[str, Sheet]:
        """The rules' files by id."""
        return self._rules

    @property
    def causes(self) -> Mapping[str, str]:
        """Cause -> its rule."""
        return self._owners

    def rule_of(self, id: str) -> str | None:
        """The rule of that id, or that has a cause of that id."""
        return id if id in self._rules else self._owners.get(id)

    def rule(self, id: str) -> RulePage:
        """The page of a rule."""
        sheet = self._rules[id]
        content = sheet.content
        causes = tuple(_cause(cause, content) for _, cause in sheet.causes())
        every = [reference for cause in causes for reference in cause.references]
        return RulePage(
            id=id,
            title=plain(content["title"]),
            component=content["component"],
            severity=content["severity"],
            layer=content["layer"],
            path=sheet.path.relative_to(sheet.directory).as_posix(),
            patterns=tuple(_patterns(content)),
            looks=tuple(_looks(content)),
            causes=causes,
            explains=self._links(self._edges[0][id]),
            explained_by=self._links(self._edges[1][id]),
            references=tuple(dict.fromkeys([*content.get("references", ()), *every])),
        )

    def variable(self, name: str) -> SettingPage:
        """The page of a variable."""
        sets, asks = self._mentions
        return SettingPage(self.variables[name], self._links(sets[name]), self._links(asks[name]))

    def flag(self, command: Command, name: str) -> SettingPage:
        """The page of a flag of a command."""
        return SettingPage(command.settings[name], self._links(self._givers[command.name, name]))

    def flags(self, name: str) -> list[SettingPage]:
        """The pages of all flags of that name, of whichever commands."""
        return [
            self.flag(command, spelled)
            for command in self.commands.values()
            if (spelled := command.spelled(name)) in command.settings
        ]

    def _links(self, ids: Sequence[str]) -> tuple[Link, ...]:
        return tuple(Link(id, self.title(id)) for id in sorted(set(ids)))

    def title(self, id: str) -> str:
        """The title of a rule, of a cause, or of a layer."""
        rule = self.rule_of(id)
        if rule is None:
            return LAYERS.get(id.partition(":")[2], "an exception that no rule knows")
        content = self._rules[rule].content
        own = next((cause for _, cause in self._rules[rule].causes() if cause["id"] == id), content)
        return plain(own.get("title", content["title"]))

    @cached_property
    def _edges(self) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
        """What each rule explains, and what explains it, whichever of the two says so."""
        explains: dict[str, list[str]] = defaultdict(list)
        explained: dict[str, list[str]] = defaultdict(list)
        for id, sheet in self._rules.items():
            for other in sheet.content.get("explains", ()):
                explains[id].append(other)
                explained[self.rule_of(other) or other].append(id)
            for other in sheet.content.get("consequence_of", ()):
                explained[id].append(other)
                explains[self.rule_of(other) or other].append(id)
        return explains, explained

    @cached_property
    def _mentions(self) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
        """Variable -> the rules whose fixes set it, and those that ask for it."""
        sets: dict[str, list[str]] = defaultdict(list)
        asks: dict[str, list[str]] = defaultdict(list)
        for id, sheet in self._rules.items():
            for _, cause in sheet.causes():
                for setting in cause["fix"].get("env", ()):
                    sets[setting["name"]].append(id)
                for name in _asked(cause.get("when")):
                    asks[name].append(id)
        return sets, asks

    @cached_property
    def _givers(self) -> Mapping[tuple[str, str], list[str]]:
        """Command and flag -> the rules whose fixes give or drop it."""
        givers: dict[tuple[str, str], list[str]] = defaultdict(list)
        for id, sheet in self._rules.items():
            for _, cause in sheet.causes():
                for flag in cause["fix"].get("flags", ()):
                    for command in self._book.commands_in(flag["of"]):
                        givers[command.name, command.spelled(flag["name"])].append(id)
        return givers


def carried(since: str) -> str:
    """Whether vLLM copies a variable to its Ray workers, in words."""
    if since == "never":
        return "never copied to Ray workers: set it on every node"
    return f"copied from the driver to Ray workers since vLLM {since}; before, set it on every node"


def _patterns(content: Mapping[str, Any]) -> Iterator[str]:
    for signature in content.get("signatures", ()):
        if "pattern" in signature:
            yield signature["pattern"]
        else:
            yield f"{signature['differs']} differs between {signature['across']}"
    if "check" in content:
        yield CHECKS[content["check"]]


def _looks(content: Mapping[str, Any]) -> Iterator[Look]:
    """An example for each cause first, then the others."""
    examples = [example for example in content["tests"] if example["finds"] != "nothing"]
    first = {example["finds"]: example for example in reversed(examples)}
    ordered = [e for e in examples if first[e["finds"]] is e] + [e for e in examples if first[e["finds"]] is not e]
    for example in ordered:
        logs = example["logs"].values() if "logs" in example else [example["log"]]
        lines = tuple(line for log in logs for line in log.rstrip().splitlines())
        yield Look(example["finds"], lines, example.get("evidence", ""))


def _cause(cause: Mapping[str, Any], content: Mapping[str, Any]) -> Cause:
    layer = cause.get("layer", content["layer"])
    when = cause.get("when")
    return Cause(
        id=cause["id"],
        title=plain(cause.get("title", content["title"])),
        severity=cause.get("severity", content["severity"]),
        layer=layer,
        confidence=cause.get("confidence", content.get("confidence", CONFIDENCE[layer])),
        told_by=() if when is None else tuple(map(_sign, when.get("all", [when]))),
        why=plain(cause["cause"]).strip(),
        fix=_fix(cause["fix"]),
        missing=tuple(
            Missing(**{key: plain(text) for key, text in item.items()})
            for item in cause.get("missing", content.get("missing", ()))
        ),
        references=tuple(cause.get("references", ())),
        suspect=cause.get("suspect", content.get("suspect")) == "node",
    )


def _sign(condition: Mapping[str, Any]) -> str:
    """A condition in words, without brackets around the whole."""
    words = spoken(condition)
    return words[1:-1] if words.startswith("(") and condition.keys() & {"all", "any"} else words


def _fix(fix: Mapping[str, Any]) -> Fix:
    """A fix with what stands in it where the log tells no value."""
    return Fix(
        summary=plain(fix.get("summary", "")),
        env=tuple(
            EnvSetting(
                plain(setting["name"]),
                None if setting.get("unset") else _value(setting["value"]),
                plain(setting.get("where", "all nodes")),
            )
            for setting in fix.get("env", ())
        ),
        flags=tuple(
            Flag(
                plain(flag["name"]),
                _value(flag["value"]) if "value" in flag else None,
                plain(flag["of"]),
                bool(flag.get("drop")),
            )
            for flag in fix.get("flags", ())
        ),
        commands=tuple(plain(text) for text in fix.get("commands", ())),
        steps=tuple(plain(text) for text in fix.get("steps", ())),
        verify=tuple(plain(text) for text in fix.get("verify", ())),
    )


def _value(value: Any) -> str:
    """Of several expressions the last that is no placeholder: what is used where the log tells nothing."""
    listed = [plain(str(item)) for item in value] if isinstance(value, list) else [plain(str(value))]
    return next((text for text in reversed(listed) if not text.startswith("<")), listed[-1])


def _asked(condition: Mapping[str, Any] | None) -> Iterator[str]:
    """The variables that a condition asks for."""
    for keys, text in texts(condition):
        if keys[-1] == "env":
            yield text
        elif keys[-1] in ("fact", "seen", "not_seen") and text.startswith("env."):
            yield text.removeprefix("env.")
