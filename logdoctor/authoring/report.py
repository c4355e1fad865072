"""Problems for people, for programs, and as annotations on a pull request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from logdoctor.authoring.library import Problem
from logdoctor.safetext import harmless


def as_text(problems: Sequence[Problem]) -> str:
    """A line for each problem, ``file:line: check: what is wrong``, as editors and terminals know it; what else it says
    stands indented below."""
    return "".join(f"{_place(p)}: {p.check}: {_indented(p.message)}\n" for p in problems)


def as_json(problems: Sequence[Problem]) -> str:
    """One object: ``{"schema": "logdoctor.problems/1", "problems": [{"check", "path", "line", "message"}]}``."""
    listed = [{"check": p.check, "path": _shown(p.path), "line": p.line, "message": p.message} for p in problems]
    return json.dumps({"schema": "logdoctor.problems/1", "problems": listed}, indent=2, ensure_ascii=False) + "\n"


def as_github(problems: Sequence[Problem]) -> str:
    """Workflow commands: GitHub shows each beside the line that it speaks of."""
    return "".join(
        f"::error file={_property(_shown(p.path))},line={p.line},title={_property(p.check)}::{_data(p.message)}\n"
        for p in problems
    )


def _place(problem: Problem) -> str:
    return f"{_shown(problem.path)}:{problem.line}"


def _shown(path: Path) -> str:
    """The path from where the reader stands, if it is below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _indented(message: str) -> str:
    return harmless(message, keep="\n").replace("\n", "\n    ")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
