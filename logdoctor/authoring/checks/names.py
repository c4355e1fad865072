"""Files that cannot be used, and names that nothing has."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from logdoctor.authoring.library import Library, Problem, Sheet, texts
from logdoctor.diagnosis.expressions import FUNCTIONS, parsed
from logdoctor.model import LAYERS
from logdoctor.rulebook import Rulebook
from logdoctor.rulebook.catalogue import CHECKS, FLAG_VALUES
from logdoctor.rulebook.compile import Keys

OF_EVENT = frozenset(("host", "rank", "pid", "process", "source", "line"))
"""What an event has besides the groups of its signature."""
OF_DIFFERENCE = frozenset(("software", "value", "who", "other", "others"))
"""What a difference between ranks or hosts is told with."""
OF_LEDGER = frozenset(("ranks", "odd-ranks", "odd-hosts", "lowest-ranks", "absent-ranks", "usual"))
"""Functions that look at the statements of all ranks or hosts."""
OTHER_NAMES = frozenset(("unrecognised-failure", *(f"layer:{layer}" for layer in LAYERS)))
_PLACEHOLDER = re.compile(r"\w+(-\w+)+")
"""No group can be called so: a last alternative such as {free-port}, which is shown as <free-port>."""
_GROUP = re.compile(r"\(\?P<(\w+)>")


def unusable_file(library: Library) -> Iterator[Problem]:
    """Not YAML, not as the schema wants it, a pattern that no regular expression engine takes or that has no literal in
    every match, an id that is not the file's name, or one that another file of the directory has."""
    for sheet in library.checked:
        known = {str(error) for error in sheet.mistakes}
        others = [problem for problem in library.book.problems if problem.startswith(f"{sheet.path}:")]
        for problem in sorted(known.union(others)):
            line, _, what = problem[len(f"{sheet.path}:") :].partition(": ")
            yield Problem("unusable-file", sheet.path, int(line), what)


def id_taken(library: Library) -> Iterator[Problem]:
    """A cause called like another one, or like another rule, so that nobody could tell which was found."""
    users: dict[str, list[str]] = {id: [id] for id in library.rules}
    for rule, sheet in library.rules.items():
        for _, cause in sheet.causes():
            if cause["id"] != rule:
                users.setdefault(cause["id"], []).append(rule)
    for sheet in library.of("rule"):
        rule = sheet.content["id"]
        for keys, cause in sheet.causes():
            if library.rules[rule] is sheet and users[cause["id"]] != [rule]:
                others = sorted({other for other in users[cause["id"]] if other != rule}) or ["this rule, twice"]
                yield sheet.problem("id-taken", (*keys, "id"), f"'{cause['id']}' is also in {', '.join(others)}")


def unknown_name(library: Library) -> Iterator[Problem]:
    """An edge, a condition or an expression that names a rule, a fact, a group or a function that does not exist."""
    names = Names(library)
    for sheet in library.of("rule"):
        groups = names.groups(sheet)
        for where, message in (
            *_edges(sheet, names),
            *_conditions(sheet, names, groups),
            *_expressions(sheet, names, groups),
        ):
            yield sheet.problem("unknown-name", where, message)
        commands, of = library.book.commands, sheet.content.get("flags_of")
        if of and of not in commands:
            yield sheet.problem(
                "unknown-name", ("flags_of",), f"no file of rules/flags is of '{of}'{names.near(of, commands)}"
            )
    for sheet in library.of("collect"):
        for number, entry in enumerate(sheet.content):
            for keys, asked in conditions(entry["when"], (number, "when")):
                for message in _asked(asked, names, frozenset()):
                    yield sheet.problem("unknown-name", keys, message)
            for keys, text in texts({key: entry[key] for key in ("what", "why", "how")}, (number,)):
                for unknown in names.unknown(text, frozenset()):
                    yield sheet.problem("unknown-name", keys, f"{{{unknown}}} can never have a value")
    for sheet in library.of("facts"):
        derived = sheet.content.get("derived", ()) if isinstance(sheet.content, dict) else ()
        for number, entry in enumerate(derived):
            for keys, text in texts(entry["first"], ("derived", number, "first")):
                for unknown in names.unknown(text, frozenset()):
                    yield sheet.problem("unknown-name", keys, f"{{{unknown}}} names no fact and no function")


class Names:
    """What can be named in a library."""

    def __init__(self, library: Library) -> None:
        self.causes = frozenset((*library.rules, *library.owners, *OTHER_NAMES))
        self.rules = frozenset(library.rules)
        self._plain, self._shapes = _facts(library.book)

    @staticmethod
    def groups(sheet: Sheet) -> frozenset[str]:
        """The named groups of a rule's signatures, the values of its check, and what a difference or a refused flag is
        told with."""
        named = {name for _, entry in sheet.patterns() for name in _GROUP.findall(entry["pattern"])}
        differs = any("differs" in signature for signature in sheet.content.get("signatures", ()))
        return (
            frozenset(named)
            | CHECKS.get(sheet.content.get("check"), frozenset())
            | (OF_DIFFERENCE if differs else frozenset())
            | (FLAG_VALUES if "flags_of" in sheet.content else frozenset())
        )

    def is_fact(self, name: str) -> bool:
        return name in self._plain or any(shape.fullmatch(name) for shape in self._shapes)

    def is_family(self, name: str) -> bool:
        """Whether it begins the names of facts, as nccl.init-start does those of nccl.init-start.rank."""
        return self.is_fact(name) or any(fact.startswith(f"{name}.") for fact in self._plain)

    def unknown(self, template: str, groups: frozenset[str]) -> Iterator[str]:
        """The expressions in a text that can never have a value."""
        for part in parsed(template):
            for number, alternative in enumerate(() if isinstance(part, str) else part, 1):
                last = number == len(part)
                if alternative[:1] in ("'", '"') and len(alternative) > 1:
                    yield from self.unknown(alternative[1:-1], groups)
                elif not self.has_value(alternative, groups) and not (last and _PLACEHOLDER.fullmatch(alternative)):
                    yield alternative

    def has_value(self, expression: str, groups: frozenset[str]) -> bool:
        """Whether an expression can have a value."""
        function, _, argument = expression.partition(" ")
        if not argument:
            return function in groups | OF_EVENT
        if function in ("fact", "facts"):
            return self.is_fact(argument.strip())
        if function == "unheard":
            return argument.strip() == "ranks"
        if function in OF_LEDGER:
            return all(map(self.is_fact, argument.split()))
        return function == "env" or (function in FUNCTIONS and self.has_value(argument.strip(), groups))

    def near(self, name: str, known: Iterable[str]) -> str:
        """Words that offer the name that was meant."""
        found = difflib.get_close_matches(name, list(known), 1)
        return f"; did you mean '{found[0]}'?" if found else ""

    def near_fact(self, name: str) -> str:
        return self.near(name, self._plain)


def _facts(book: Rulebook) -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """The names that facts can have: those without groups in them, and the shapes of the others."""
    plain, shapes = {definition["id"] for definition in book.derived}, []
    for pattern in book.patterns:
        if pattern.fact is None:
            continue
        within = set(re.findall(r"\{(\w+)\}", pattern.fact))
        values = set(_GROUP.findall(pattern.text)) - within
        for name in [pattern.fact if value == "value" else f"{pattern.fact}.{value}" for value in values or {"value"}]:
            if within:
                shapes.append(re.compile(re.sub(r"\\\{\w+\\\}", r"[\\w.-]+", re.escape(name))))
            else:
                plain.add(name)
    return frozenset(plain), tuple(shapes)


def _edges(sheet: Sheet, names: Names) -> Iterator[tuple[Keys, str]]:
    for edge in ("explains", "consequence_of"):
        for number, name in enumerate(sheet.content.get(edge, ())):
            if name not in names.causes:
                yield (edge, number), f"'{name}' is no rule and no cause{names.near(name, names.causes)}"


def conditions(condition: Mapping[str, Any] | None, keys: Keys) -> Iterator[tuple[Keys, Mapping[str, Any]]]:
    """A condition and all within it that ask for something, with the keys that lead to them."""
    if condition is None:
        return
    for joint in ("all", "any"):
        for number, part in enumerate(condition.get(joint, ())):
            yield from conditions(part, (*keys, joint, number))
    if "not" in condition:
        yield from conditions(condition["not"], (*keys, "not"))
    if not condition.keys() & {"all", "any", "not"}:
        yield keys, condition


def _conditions(sheet: Sheet, names: Names, groups: frozenset[str]) -> Iterator[tuple[Keys, str]]:
    for keys, cause in sheet.causes():
        for where, asked in conditions(cause.get("when"), (*keys, "when")):
            for message in _asked(asked, names, groups):
                yield where, message


def _asked(asked: Mapping[str, Any], names: Names, groups: frozenset[str]) -> Iterator[str]:
    for kind in ("seen", "not_seen", "count"):
        if (name := asked.get(kind)) and name not in names.rules and not names.is_family(name):
            yield f"{kind}: '{name}' is no rule and no fact{names.near(name, names.rules) or names.near_fact(name)}"
    if (fact := asked.get("fact")) and not names.is_fact(fact):
        yield f"no line states a fact '{fact}'{names.near_fact(fact)}"
    if (software := asked.get("version")) and not names.is_fact(f"version.{software}"):
        yield f"no line states the version of '{software}'"
    if (value := asked.get("value")) and not names.has_value(value, groups):
        yield f"no signature has a group '{value}'{names.near(value, groups | OF_EVENT)}"
    for comparison in ("equals", "less_than", "more_than", "same_network_as"):
        for expression in names.unknown(str(asked.get(comparison, "")), groups):
            yield f"{comparison}: {{{expression}}} can never have a value"


def _expressions(sheet: Sheet, names: Names, groups: frozenset[str]) -> Iterator[tuple[Keys, str]]:
    for where, entry in ((), sheet.content), *sheet.causes():
        for field in ("title", "cause", "guilty", "fix", "missing"):
            for keys, text in texts(entry.get(field), (*where, field)):
                for expression in names.unknown(text, groups):
                    yield keys, f"{{{expression}}} can never have a value{names.near(expression, groups | OF_EVENT)}"
