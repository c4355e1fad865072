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

if TYPE_CHECKING:
    from logdoctor.live import Screen
    from logdoctor.model import Diagnosis
    from logdoctor.rulebook import Rulebook


class Format(str, enum.Enum):
    """How the diagnosis is written."""

    text = "text"
    json = "json"


class Color(str, enum.Enum):
    """When the text is coloured."""

    auto = "auto"
    always = "always"
    never = "never"


def _duration(text: str | float) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", str(text).strip())
    if not found:
        raise typer.BadParameter(f"{text!r} is no time; write 30s, 5m or 1h, or 0 for never")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


FormatOption = Annotated[Format, typer.Option("--format", "-f", help="Text for people, JSON for programs.")]
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
        parser=_duration,
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

    format: Format
    path: Path | None
    color: Color
    verbose: bool
    top: int | None
    why: bool
    quiet: bool
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
        if self.format is Format.json:
            from logdoctor.render import json

            return json.render(diagnosis)
        from logdoctor.render import text

        return text.render(
            diagnosis, color=self.coloured, width=width(), verbose=self.verbose, top=self.top, why=self.why
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


def fail(sentence: str) -> NoReturn:
    """Say what is wrong with how the command was called, and end it."""
    typer.echo(f"logdoctor: {sentence}", err=True)
    raise typer.Exit(2)


def width() -> int:
    """Columns of the text."""
    import shutil

    return max(40, min(shutil.get_terminal_size((100, 24)).columns, 120))
