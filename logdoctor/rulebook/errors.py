"""A bad rule file: always which file, which line, which field, and what was expected."""

from __future__ import annotations

from pathlib import Path


class RuleError(Exception):
    """A rule, fact or grammar that cannot be used; ``str()`` is one sentence."""

    def __init__(self, path: Path, line: int, field: str, expected: str) -> None:
        self.path, self.line, self.field, self.expected = path, line, field, expected
        super().__init__(f"{path}:{line}: {field + ': ' if field else ''}{expected}")
