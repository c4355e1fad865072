"""What must hold for rules: one check a function, its docstring what it finds. See :data:`CHECKS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from logdoctor.authoring.checks import causes, commands, examples, grammars, names, patterns
from logdoctor.authoring.library import Library, Problem

Check = Callable[[Library], Iterator[Problem]]

_ALL: tuple[Check, ...] = (
    names.unusable_file,
    names.id_taken,
    names.unknown_name,
    causes.unreachable_cause,
    causes.cycle,
    patterns.duplicate_signature,
    patterns.shadowed_signature,
    patterns.unfindable_literal,
    patterns.hot_literal,
    patterns.exploding_pattern,
    examples.missing_example,
    examples.missing_reference,
    examples.unfinished,
    commands.unreadable_command,
    commands.unknown_variable,
    commands.unknown_flag,
    grammars.loose_grammar,
)
CHECKS: dict[str, Check] = {check.__name__.replace("_", "-"): check for check in _ALL}
"""Every check by its name."""
