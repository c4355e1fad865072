"""``logdoctor rules new``: a rule to fill in, from a log that no rule explains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from logdoctor.cli.options import RulesOption, fail, installed_packs, rule_directories
from logdoctor.cli.rules.options import warn, write


def command(
    log: Annotated[Path, typer.Option("--from", metavar="LOG", help="A log, or a directory or archive of logs.")],
    line: Annotated[
        int | None,
        typer.Option("--line", min=1, help="Take this line of the log, error or not.", show_default=False),
    ] = None,
    nth: Annotated[int, typer.Option("--nth", min=1, help="Take the Nth kind of message that no rule knows.")] = 1,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write it into this directory, as ID.yaml.", show_default=False),
    ] = None,
    rules: RulesOption = None,
) -> None:
    """Propose a rule for a message that no rule knows: its pattern, its example, and TODOs for what only you can know.

    'logdoctor rules lint' reports the TODOs that are left.
    """
    from logdoctor import rulebook, sources
    from logdoctor.authoring import skeleton

    if not log.exists():
        fail(f"--from {log}: no such file or directory")
    book = rulebook.load((*installed_packs(warn), *rule_directories(rules)))
    if line is not None:
        rows = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
        taken = skeleton.of_line(log.name, line, rows[line - 1], book) if line <= len(rows) else None
        if taken is None:
            fail(f"--line {line}: {log} has no text there" + ("" if rows else "; it must be a file of text"))
        found = [taken]
    else:
        found = skeleton.templates(sources.discover([str(log)]), book)
    if not found:
        fail(f"{log}: no rule is missing: every error in it is known; --line N makes a rule of any line")
    if nth > len(found):
        fail(f"--nth {nth}: only {len(found)} kinds of messages are unknown")
    text = skeleton.suggest(found[nth - 1], book)
    for number, other in enumerate(found, 1):
        if len(found) > 1:
            warn(f"{'*' if number == nth else ' '} --nth {number}: {other.count}x {other.shown[:140]}")
    if output is None:
        write(text)
        return
    path = output / f"{text.partition('id: ')[2].partition(chr(10))[0]}.yaml"
    try:
        output.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        fail(f"--output {path}: cannot be written: {error.strerror}")
    warn(f"written to {path}; fill in its TODOs, then: logdoctor rules lint {output} && logdoctor rules test {output}")
