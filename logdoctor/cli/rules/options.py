"""Options that several commands share."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from logdoctor.cli.options import Output, fail, installed_packs, rule_directories, width

if TYPE_CHECKING:
    from logdoctor.authoring.library import Library, Problem
    from logdoctor.handbook.page import Handbook

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Rule files or directories to check; when none is given, those of --rules, else the built-in ones.",
        show_default=False,
    ),
]


class Format(str, enum.Enum):
    """How problems are written."""

    text = "text"
    json = "json"
    github = "github"


FormatOption = Annotated[
    Format, typer.Option("--format", "-f", help="Text for people, JSON for programs, annotations for GitHub.")
]


def library(rules: Sequence[Path] | None, paths: Sequence[Path] | None) -> Library:
    """The rules that take part, and among them those that are to be checked."""
    from logdoctor import rulebook
    from logdoctor.authoring.library import Library

    own = list(rule_directories(rules))
    packs = installed_packs(warn)
    for path in paths or ():
        if not path.exists():
            fail(f"{path}: no such file or directory")
        home = path if path.is_dir() else path.parent
        if not any(_below(home, known) for known in (rulebook.rules_directory(), *packs, *own)):
            own.append(home)
    return Library((*packs, *own), tuple(paths or own or [rulebook.rules_directory()]))


def handbook(rules: Sequence[Path] | None) -> Handbook:
    """All rules as pages to read."""
    from logdoctor.authoring.library import Library
    from logdoctor.handbook.page import Handbook

    return Handbook(Library((*installed_packs(warn), *rule_directories(rules)), None))


def warn(sentence: str) -> None:
    """Tell what is wrong beside what was asked for."""
    typer.echo(f"logdoctor: {sentence}", err=True)


def terminal() -> tuple[bool, int]:
    """Whether standard output takes colour, and its width in columns."""
    return Output().coloured, width()


def _below(path: Path, directory: Path) -> bool:
    return path.resolve() == directory.resolve() or directory.resolve() in path.resolve().parents


def report(problems: Sequence[Problem], format: Format, summary: str) -> NoReturn:
    """Write the problems to standard output, in one sentence the whole to standard error, and end the command."""
    from logdoctor.authoring import report

    write({Format.text: report.as_text, Format.json: report.as_json, Format.github: report.as_github}[format](problems))
    typer.echo(summary, err=True)
    raise typer.Exit(1 if problems else 0)


def write(text: str) -> None:
    """Write to standard output, whatever its encoding; a reader that has seen enough, such as head, ends it."""
    Output().put(text)
