"""``rules/*.yaml`` as checked, indexed, cached objects.

:func:`load` gives the rulebook. The YAML is read only when it changed: the compiled form ships with the package, and
where the rules lie beside the code (a checkout, ``--rules DIR``) it is cached by the files' names, sizes and times.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import regex

from logdoctor.rulebook.grammars import Grammars
from logdoctor.rulebook.grammars import loaded as loaded_grammar
from logdoctor.rulebook.rules import Case, Pattern, Rule, loaded
from logdoctor.rulebook.store import unpack

if TYPE_CHECKING:
    from logdoctor.rulebook.catalogue import Catalogue, Command
    from logdoctor.rulebook.settings import Variable

__all__ = ["Case", "Pattern", "Rule", "Rulebook", "load"]

_PACKAGE = Path(__file__).parent
SHIPPED = _PACKAGE / "compiled"
"""The built-in rules, compiled when the package was built."""
CHECKOUT = _PACKAGE.parent.parent / "rules"
"""The built-in rules of a checkout."""


class Rulebook:
    """All rules, fact patterns, line grammars, and the catalogues of environment variables and of flags."""

    def __init__(self, plain: Mapping[str, Any]) -> None:
        self._rules = plain["rules"]
        self._grammars = plain["grammars"]
        self._patterns = plain["patterns"]
        self.digest: str = plain["digest"]
        """What tells these rules from others."""
        self.problems: tuple[str, ...] = tuple(plain["problems"])
        """One sentence for each rule file that could not be used."""
        self.literals: Mapping[str, list[int]] = plain["literals"]
        """Literal -> indexes of the patterns that it calls for."""
        self.anchors: tuple[str, ...] = tuple(plain["anchors"])
        """Literals that mark lines worth reading though they call for no pattern, such as the frames of a traceback."""
        self.derived: tuple[Mapping[str, Any], ...] = tuple(plain["derived"])
        self.heartbeats = frozenset(index for index, p in enumerate(self._patterns) if p.get("heartbeat"))
        """Indexes of the facts of which only the first and the last line in a source are read."""
        self.signs_of_life = frozenset(self._patterns[index]["fact"] for index in self.heartbeats)
        """Names of these facts."""
        self.progress = frozenset(p["fact"] for p in self._patterns if p.get("progress"))
        """Names of the facts that show that the run went on."""
        self.identities = frozenset(p["fact"] for p in self._patterns if p.get("identity"))
        """Names of the facts that say who speaks: rank, address, device."""
        self.differences: tuple[tuple[str, str, str], ...] = tuple(map(tuple, plain["differences"]))
        """Rule, fact, and whether it asks for a difference across ``hosts`` or ``ranks``."""
        self.collect: tuple[Mapping[str, Any], ...] = tuple(plain["collect"])
        """What to ask for when the logs do not hold the cause, with its condition."""
        self.causes: frozenset[str] = frozenset(plain["causes"])
        """Rules that can name a root cause."""
        self.general: frozenset[str] = frozenset(plain["general"])
        """Rules that give way where a particular one matches the same line."""
        self.checks: Mapping[str, str] = plain["checks"]
        """Check of the environment -> the rule that speaks for it."""
        self._environment = plain["environment"]
        self._commands = plain["commands"]
        self._loaded: dict[str, Rule] = {}
        self._regexes: dict[int, Any] = {}

    def rule(self, id: str) -> Rule:
        rule = self._loaded.get(id)
        if rule is None:
            rule = self._loaded[id] = loaded(self._rules[id])
        return rule

    @property
    def rule_ids(self) -> tuple[str, ...]:
        return tuple(self._rules)

    @property
    def suspects(self) -> frozenset[str]:
        """Ids of the findings for which one machine can be at fault: its hardware, its driver, its state."""
        cases = (case for rule in self._rules.values() for case in rule["cases"])
        return frozenset(case["id"] for case in cases if case["suspect"] == "node")

    @cached_property
    def patterns(self) -> tuple[Pattern, ...]:
        """All of them, by their index."""
        return tuple(map(self.pattern, range(len(self._patterns))))

    def pattern(self, index: int) -> Pattern:
        """One of them; most are never wanted."""
        p = self._patterns[index]
        return Pattern(
            p["text"],
            p.get("rule"),
            p.get("fact"),
            frozenset(p["levels"]) if "levels" in p else None,
            frozenset(p["components"]) if "components" in p else None,
            tuple(map(tuple, p.get("needs", ()))),
        )

    def regex(self, index: int) -> Any:
        """The compiled pattern; compiled when first wanted."""
        found = self._regexes.get(index)
        if found is None:
            found = self._regexes[index] = regex.compile(self._patterns[index]["text"], regex.ASCII | regex.MULTILINE)
        return found

    def is_fact(self, index: int) -> bool:
        return "fact" in self._patterns[index]

    @cached_property
    def environment(self) -> Catalogue[Variable]:
        """What is known of environment variables; read when first wanted."""
        from logdoctor.rulebook.catalogue import Catalogue
        from logdoctor.rulebook.settings import Variable

        return Catalogue(self._environment.values(), Variable)

    @cached_property
    def commands(self) -> Mapping[str, Command]:
        """What is known of the flags of commands, by the command's name; read when first wanted."""
        from logdoctor.rulebook.catalogue import Command

        return {name: Command(entry) for name, entry in self._commands.items()}

    def commands_in(self, text: str) -> list[Command]:
        """The commands that a text names outside brackets, in their order: ``vllm serve (or docker run)`` names one."""
        plain = re.sub(r"\([^()]*\)", "", text)
        found = {}
        for command in self.commands.values():
            for name in command.called:
                if at := re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", plain):
                    found[at.start()] = command
        return [found[start] for start in sorted(found)]

    @cached_property
    def grammars(self) -> Grammars:
        return Grammars(loaded_grammar(plain) for plain in self._grammars)


@lru_cache(maxsize=8)
def load(extra: tuple[Path, ...] = ()) -> Rulebook:
    """The built-in rules, with those of the ``extra`` directories added or put in place of built-in ones of the same
    id.

    Files with mistakes are left out; :attr:`Rulebook.problems` says what is wrong with them.
    """
    if not extra and SHIPPED.exists():
        return Rulebook(unpack(SHIPPED.read_bytes()))
    from logdoctor.rulebook.cache import through_cache

    return Rulebook(through_cache((rules_directory(), *extra)))


def rules_directory() -> Path:
    """Where the built-in YAML files are: in the package, or beside it in a checkout."""
    packaged = _PACKAGE.parent / "rules"
    return packaged if packaged.is_dir() else CHECKOUT
