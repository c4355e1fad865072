"""What a reader copies from a fix: lines for a shell, variables, options."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

from logdoctor.authoring.library import Library, Problem, Sheet
from logdoctor.diagnosis.expressions import plain
from logdoctor.rulebook import Rulebook
from logdoctor.rulebook.catalogue import Command
from logdoctor.rulebook.compile import Keys

_UNFINISHED = re.compile(r"<(?!<)[^<>|&;\"\n]{1,200}>|(?<=\s)\.\.\.(?=\s|$)")
"""What the reader has to fill in."""
_PLACE = re.compile(r"[{}$<>|]|[A-Z]+_[A-Z]")
"""In a value that a reader, a shell or the log gives."""
_PROSE = re.compile(r"[A-Z][a-z]+ ")


def unreadable_command(library: Library) -> Iterator[Problem]:
    """A line to copy that no shell can read (an open quote or bracket), or that is prose."""
    lines = [(sheet, keys, _finished(plain(text))) for sheet, keys, text in _commands(library)]
    for sheet, keys, line in lines:
        if _PROSE.match(line):
            yield sheet.problem("unreadable-command", keys, f"prose belongs into 'steps:': {line[:80]}")
    bash = shutil.which("bash")
    if bash is None:
        return
    while lines:  # bash stops at the first line that it cannot read
        script = "\n".join(f"f{number}() {{\n{line}\n}}" for number, (_, _, line) in enumerate(lines))
        read = subprocess.run([bash, "-n"], input=script, text=True, capture_output=True, check=False)
        found = re.search(r"line (\d+): (.*)", read.stderr)
        if not found:
            return
        number = _function_at(script, int(found[1]))
        sheet, keys, line = lines.pop(number)
        yield sheet.problem("unreadable-command", keys, f"{found[2]}: {line[:120]}")


def _finished(line: str) -> str:
    """The line with a word for each thing that the reader has to fill in, also for one within another."""
    before = None
    while line != before:
        before, line = line, _UNFINISHED.sub("X", line)
    return line


def _function_at(script: str, line: int) -> int:
    """Which function a line of the script belongs to, or the one before, which did not end."""
    heads = [row for row in script.split("\n")[:line] if re.fullmatch(r"f\d+\(\) \{", row)]
    last = script.split("\n")[line - 1] if line <= script.count("\n") + 1 else ""
    return max(0, len(heads) - 1 - bool(re.fullmatch(r"f\d+\(\) \{", last)))


def _commands(library: Library) -> Iterator[tuple[Sheet, Keys, str]]:
    for sheet in library.of("rule"):
        for keys, cause in sheet.causes():
            for field in ("commands", "verify"):
                for number, text in enumerate(cause["fix"].get(field, ())):
                    yield sheet, (*keys, "fix", field, number), text


def unknown_variable(library: Library) -> Iterator[Problem]:
    """A fix that sets a variable that nothing reads, or one of a component of ``rules/env`` that is not there."""
    catalogue = library.book.environment
    for sheet in library.of("rule"):
        for keys, cause in sheet.causes():
            for number, setting in enumerate(cause["fix"].get("env", ())):
                name = setting["name"]
                if "{" in name or setting.get("unset") or catalogue.knows(name):
                    continue
                if name in catalogue.unread:
                    message = f"nothing reads {name}"
                elif catalogue.component(name):
                    meant = catalogue.meant(name)
                    message = f"rules/env does not know {name}" + (f"; did you mean {meant}?" if meant else "")
                else:
                    continue
                yield sheet.problem("unknown-variable", (*keys, "fix", "env", number, "name"), message)


def unknown_flag(library: Library) -> Iterator[Problem]:
    """A flag in a fix, or in a line to copy, that its command does not take, or with a value that cannot be; where
    ``rules/flags`` lists the flags of that command."""
    for sheet in library.of("rule"):
        for keys, cause in sheet.causes():
            for number, flag in enumerate(cause["fix"].get("flags", ())):
                for command in library.book.commands_in(flag["of"]):
                    if message := _misgiven(flag["name"], flag.get("value"), command):
                        yield sheet.problem("unknown-flag", (*keys, "fix", "flags", number, "name"), message)
    for sheet, keys, line in _commands(library):
        for command, name in _given(plain(line), library.book):
            if message := _misgiven(name, None, command):
                yield sheet.problem("unknown-flag", keys, message)


def _misgiven(name: str, value: Any, command: Command) -> str | None:
    if "{" in name or name == "--help":
        return None
    flag = command.settings.get(command.spelled(name))
    if flag is None and not command.knows(name):
        unread = command.unread.get(command.spelled(name))
        meant = unread.replaced_by if unread else command.meant(name)
        return f"{command.name} takes no {name}" + (f"; did you mean {meant}?" if meant else "")
    values = [str(item) for item in (value if isinstance(value, list) else [value] if value is not None else [])]
    wrong = [text for text in values if flag and not _PLACE.search(text) and not flag.takes(text)]
    return f"{name} of {command.name} takes {flag.expects}, not {wrong[0]}" if flag and wrong else None


def _given(line: str, book: Rulebook) -> Iterator[tuple[Command, str]]:
    """The flags that a line for a shell gives to commands of ``rules/flags``."""
    for command in book.commands.values():
        for called in command.called:
            for found in re.finditer(rf"(?<![\w/.-]){re.escape(called)}( [^|&;#\n]*)", line):
                yield from ((command, flag) for flag in _own(found[1].split(), command))


def _own(words: Sequence[str], command: Command) -> Iterator[str]:
    """The flags among the words after a command: where it runs another command, those before that command."""
    before = ""
    for word in words:
        if re.match(r"--[a-z]", word):
            yield word.partition("=")[0]
        elif command.runs_another:
            flag = command.settings.get(command.spelled(before))
            if flag is None or flag.values["kind"] == "none" or "=" in before:
                return
        before = word
