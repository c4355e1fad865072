"""The rule files of some directories as their authors wrote them, beside the rulebook that they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from logdoctor import rulebook
from logdoctor.rulebook import Rulebook
from logdoctor.rulebook.compile import Keys, files, kind_of, line_of, mistakes, patterns_of, read
from logdoctor.rulebook.errors import RuleError


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that an author has to mend."""

    check: str
    """The name of the check that found it."""
    path: Path
    line: int
    """1-based."""
    message: str
    """One sentence; further lines show what was expected and what was found."""


class Sheet:
    """One YAML file of a rules directory."""

    def __init__(self, path: Path, directory: Path, trusted: bool = False) -> None:
        self.path, self.directory = path, directory
        self.kind = kind_of(path, directory)
        """``rule``, ``facts``, ``formats``, ``env`` or ``collect``."""
        self.content: Any = None
        """What the YAML says; None where it cannot be used."""
        self.mistakes: tuple[RuleError, ...] = ()
        """Why it cannot be used."""
        try:
            content = read(path)
        except RuleError as error:
            self.mistakes = (error,)
        else:
            self.mistakes = () if trusted else tuple(mistakes(path, content, self.kind))
            if not self.mistakes:
                self.content = content

    def problem(self, check: str, keys: Keys, message: str) -> Problem:
        """A problem with the node that the keys lead to."""
        return Problem(check, self.path, line_of(self.path, keys), message)

    def causes(self) -> Iterator[tuple[Keys, Mapping[str, Any]]]:
        """The causes of a rule: the entries of its differential with their keys, or the rule itself."""
        if "differential" in self.content:
            yield from ((("differential", number), entry) for number, entry in enumerate(self.content["differential"]))
        else:
            yield (), self.content

    def patterns(self) -> Iterator[tuple[Keys, Mapping[str, Any]]]:
        """The signatures, facts or grammars of the file, with their keys."""
        return patterns_of(self.content, self.kind)


class Library:
    """All rule files that take part in a diagnosis, and those of them that are to be checked.

    ``extra`` directories add to the built-in ones, and what they say under the same id stands in their place.
    ``only`` narrows what is checked to some files or directories; None checks nothing.
    """

    def __init__(self, extra: Sequence[Path] = (), only: Sequence[Path] | None = ()) -> None:
        self.directories = (rulebook.rules_directory(), *extra)
        self.book: Rulebook = rulebook.load(tuple(extra))
        wanted = [path.resolve() for path in only or ()]
        checked, others = [], []
        for directory in self.directories:
            for path in files(directory):
                if only is not None and (not wanted or _within(path, wanted)):
                    checked.append(Sheet(path, directory))
                elif not any(problem.startswith(f"{path}:") for problem in self.book.problems):
                    others.append(Sheet(path, directory, trusted=True))
        self.checked = tuple(checked)
        """The files that the checks speak of; the others are only known to them."""
        self._others = tuple(others)

    def _place(self, sheet: Sheet) -> int:
        """Which of the directories it is of; a later one counts."""
        return self.directories.index(sheet.directory)

    def of(self, kind: str) -> tuple[Sheet, ...]:
        """The files of a kind that are to be checked and can be used."""
        return tuple(sheet for sheet in self.checked if sheet.kind == kind and sheet.content is not None)

    @cached_property
    def rules(self) -> Mapping[str, Sheet]:
        """The files of all usable rules by the rule's id; of two with one id the one that counts."""
        usable = [
            sheet for sheet in (*self._others, *self.checked) if sheet.kind == "rule" and sheet.content is not None
        ]
        return {sheet.content["id"]: sheet for sheet in sorted(usable, key=self._place)}

    @cached_property
    def owners(self) -> Mapping[str, str]:
        """Cause -> its rule."""
        return {case.id: id for id in self.book.rule_ids for case in self.book.rule(id).cases}


def _within(path: Path, wanted: Sequence[Path]) -> bool:
    resolved = path.resolve()
    return any(place == resolved or place in resolved.parents for place in wanted)


def texts(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """All texts in a piece of YAML with the keys that lead to them."""
    if isinstance(value, str):
        yield keys, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from texts(part, (*keys, key))
    elif isinstance(value, (list, tuple)):
        for number, part in enumerate(value):
            yield from texts(part, (*keys, number))
