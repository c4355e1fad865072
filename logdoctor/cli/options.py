"""What several commands share: options, and how the diagnosis is written."""

from __future__ import annotations

import enum
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from logdoctor.choices import Hide, Syntax

if TYPE_CHECKING:
    from logdoctor.live import Screen
    from logdoctor.model import Diagnosis
    from logdoctor.redact import Redactor
    from logdoctor.rulebook import Rulebook


class Format(str, enum.Enum):
    """How the diagnosis is written."""

    text = "text"
    json = "json"
    markdown = "markdown"
    html = "html"
    sarif = "sarif"
    junit = "junit"
    github = "github"


class Color(str, enum.Enum):
    """When the text is coloured."""

    auto = "auto"
    always = "always"
    never = "never"


def duration(text: str | float) -> float:
    """Seconds, for what is written as 30s, 5m or 1h."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", str(text).strip())
    if not found:
        raise typer.BadParameter(f"{text!r} is no time; write 30s, 5m or 1h, or 0 for never")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


PathsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Files, directories, archives, globs; standard input when none is given, or for '-'.",
        show_default=False,
    ),
]
FormatOption = Annotated[
    Format, typer.Option("--format", "-f", help="Text or a page for people, JSON for programs, the rest for CI.")
]
ForOption = Annotated[
    Syntax | None,
    typer.Option("--for", help="The syntax of the fix; by default that of what started the run.", show_default=False),
]
RedactOption = Annotated[
    bool, typer.Option("--redact/--no-redact", help="Mask secrets, people, prompts and generated text.")
]
HideOption = Annotated[
    list[Hide] | None,
    typer.Option(
        "--hide", help="Give hosts and addresses, or models, pseudonyms too; may be repeated.", show_default=False
    ),
]
MappingOption = Annotated[
    Path | None,
    typer.Option("--mapping", help="Write down here, for you alone, which name stands for which.", show_default=False),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write the diagnosis to this file instead.", show_default=False),
]
RulesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules", envvar="LOGDOCTOR_RULES", help="A directory with more rules; may be repeated.", show_default=False
    ),
]
TopOption = Annotated[
    int | None, typer.Option("--top", min=1, help="Show at most so many findings.", show_default=False)
]
ColorOption = Annotated[Color, typer.Option("--color", help="Colour the text; NO_COLOR is honoured.")]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show every finding in full, with all its evidence.")
]
WhyOption = Annotated[
    bool, typer.Option("--why", help="Show the reasoning: what explains what, and what was ruled out.")
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="No notes, and no output at all when nothing is wrong.")
]
StallOption = Annotated[
    float,
    typer.Option(
        "--stall",
        parser=duration,
        metavar="TIME",
        show_default="30s",
        help="Write the diagnosis when nothing has come for so long after a failure (30s, 5m; 0 for never).",
    ),
]
STALL = 30.0
"""The default of ``--stall``, in seconds."""


@dataclass
class Output:
    """Where the diagnosis goes, in which form, and what is told besides."""

    format: Format = Format.text
    path: Path | None = None
    color: Color = Color.auto
    verbose: bool = False
    top: int | None = None
    why: bool = False
    quiet: bool = False
    syntax: Syntax | None = None
    redactor: Redactor | None = None
    aside: bool = False
    """Whether standard output carries something else, so that the diagnosis goes to standard error."""
    failures: list[str] = field(default_factory=list)
    """What went wrong, as told."""

    def warn(self, sentence: str, failure: bool = True) -> None:
        """Tell what could not be done, or what was left out on purpose."""
        self.failures.extend([sentence] * failure)
        if failure or not self.quiet:
            typer.echo(f"logdoctor: {sentence}", err=True)

    def write(self, diagnosis: Diagnosis) -> None:
        """Write the diagnosis."""
        if self.path is not None or not (self.quiet and diagnosis.verdict == "healthy"):
            self.put(self._rendered(diagnosis))

    def put(self, text: str) -> None:
        """Write a text to where the diagnosis goes."""
        if self.path is not None:
            try:
                self.path.write_text(text, encoding="utf-8")
            except OSError as error:
                fail(f"--output {self.path}: cannot be written: {error.strerror}")
        else:
            out = sys.stderr if self.aside else sys.stdout
            try:
                out.buffer.write(text.encode("utf-8", "replace"))
                out.buffer.flush()
            except BrokenPipeError:  # the reader, such as head, has seen enough
                os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())

    def write_stalled(self, diagnosis: Diagnosis) -> None:
        """Write the diagnosis of a run that hangs; not where a program expects one and only one."""
        if self.format is Format.text or self.path is not None:
            self.warn("nothing has come for a while since the failure; the diagnosis so far:", failure=False)
            self.write(diagnosis)

    def screen(self) -> Screen:
        """What is told while the logs are read."""
        from logdoctor.live import Screen

        return Screen(status=not self.quiet and not (self.aside and sys.stdout.isatty()), notes=not self.quiet)

    def _rendered(self, diagnosis: Diagnosis) -> str:
        if self.redactor:
            diagnosis = self.redactor.diagnosis(diagnosis)
        if self.format is not Format.text:
            from logdoctor import render

            return render.render(self.format.value, diagnosis, self.syntax)
        from logdoctor.render import text

        return text.render(
            diagnosis,
            color=self.coloured,
            width=width(),
            verbose=self.verbose,
            top=self.top,
            why=self.why,
            syntax=self.syntax,
        )

    @property
    def coloured(self) -> bool:
        """Whether the text is coloured."""
        if self.color is not Color.auto:
            return self.color is Color.always
        terminal = self.path is None and (sys.stderr if self.aside else sys.stdout).isatty()
        return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def load_rules(directories: list[Path] | None, output: Output) -> Rulebook:
    """The built-in rules and those of the directories; what is wrong with any of them is told."""
    from logdoctor import rulebook

    packs = installed_packs(output.warn)
    book = rulebook.load((*packs, *rule_directories(directories)))
    for problem in book.problems:
        output.warn(problem)
    return book


def installed_packs(warn: Callable[[str], None]) -> tuple[Path, ...]:
    """The rules that installed Python packages bring; what is wrong with a pack is told."""
    from logdoctor.rulebook.packs import installed

    packs = installed()
    for problem in packs.problems:
        warn(problem)
    return packs.directories


def rule_directories(paths: Sequence[Path] | None) -> tuple[Path, ...]:
    """The directories of --rules; where one is none, the command ends."""
    for path in paths or ():
        if not path.is_dir():
            fail(f"--rules {path}: no such directory; it must hold *.yaml files as docs/rules.md describes them")
    return tuple(paths or ())


def redactor(redact: bool, hide: list[Hide] | None) -> Redactor | None:
    """What masks, if that is wanted."""
    if not redact:
        return fail("--hide masks, --no-redact does not; use one of them") if hide else None
    from logdoctor.redact import Redactor

    return Redactor(hide or ())


def need_input(paths: list[str] | None) -> None:
    """A terminal is no log: without paths something has to be piped in."""
    if not paths and sys.stdin.isatty():
        fail("no logs given: name a file or directory, or pipe a log in (... 2>&1 | logdoctor explain)")


def write_mapping(path: Path | None, redactor: Redactor | None) -> None:
    """Write which pseudonym stands for which name, readable by nobody else."""
    if path is None or redactor is None:
        return
    import json

    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            json.dump(dict(redactor.pseudonyms), file, indent=2)
            file.write("\n")
    except OSError as error:
        fail(f"--mapping {path}: cannot be written: {error.strerror}")


def fail(sentence: str) -> NoReturn:
    """Say what is wrong with how the command was called, and end it."""
    typer.echo(f"logdoctor: {sentence}", err=True)
    raise typer.Exit(2)


def width() -> int:
    """Columns of the text."""
    import shutil

    return max(40, min(shutil.get_terminal_size((100, 24)).columns, 120))
