"""All checks over a library."""

from __future__ import annotations

from collections.abc import Collection

from logdoctor.authoring.checks import CHECKS
from logdoctor.authoring.library import Library, Problem


def lint(library: Library, ignore: Collection[str] = ()) -> list[Problem]:
    """What is wrong, in the order of files and lines."""
    found = [problem for name, check in CHECKS.items() if name not in ignore for problem in check(library)]
    return sorted(found, key=lambda problem: (problem.path, problem.line, problem.check, problem.message))
