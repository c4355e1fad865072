"""Every trial of a library, on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from logdoctor import rulebook
from logdoctor.authoring import trials
from logdoctor.authoring.checks.names import unusable_file
from logdoctor.authoring.library import Library, Problem, Sheet
from logdoctor.rulebook import Rulebook
from logdoctor.rulebook.compile import Keys

FEW = 100
"""Trials for which no further process is worth starting."""


class Trial(NamedTuple):
    """Something that a file says of itself."""

    kind: str
    """``example`` (a log in a rule) or ``sample`` (lines in facts and grammars)."""
    sheet: Sheet
    keys: Keys
    attempt: Callable[[Rulebook], str | None]
    """Gives what is wrong; can be sent to another process."""


class Outcome(NamedTuple):
    """What was tried, and what went otherwise than expected."""

    examples: int
    samples: int
    runs: int
    """Healthy runs that were diagnosed."""
    problems: list[Problem]


def examine(library: Library, healthy: Sequence[Path]) -> Outcome:
    """Try all that the files to be checked say of themselves, and all rules on the logs of runs that were well."""
    todo = list(_trials(library))
    messages = _attempt_all([trial.attempt for trial in todo], library.directories[1:])
    problems = [
        trial.sheet.problem(trial.kind, trial.keys, message)
        for trial, message in zip(todo, messages, strict=True)
        if message is not None
    ]
    for run in healthy:
        for rule, message in trials.alarms(run, library.book):
            problems.append(Problem("healthy", library.rules[rule].path if rule in library.rules else run, 1, message))
    problems += unusable_file(library)
    kinds = [trial.kind for trial in todo]
    problems.sort(key=lambda problem: (problem.path, problem.line))
    return Outcome(kinds.count("example"), kinds.count("sample"), len(healthy), problems)


def _trials(library: Library) -> Iterator[Trial]:
    for sheet in library.of("rule"):
        id = sheet.content["id"]
        if library.rules[id] is sheet:  # and not overridden
            for number, example in enumerate(sheet.content["tests"]):
                yield Trial("example", sheet, ("tests", number), partial(trials.example_fails, id, example))
    for sheet in library.of("collect"):
        for entry_number, entry in enumerate(sheet.content):
            for number, example in enumerate(entry["tests"]):
                attempt = partial(trials.request_fails, entry["why"], example)
                yield Trial("example", sheet, (entry_number, "tests", number), attempt)
    for sheet in library.of("facts"):
        for keys, fact in sheet.patterns():
            for number, sample in enumerate(fact["samples"]):
                attempt = partial(trials.fact_sample_fails, fact["id"], sample)
                yield Trial("sample", sheet, (*keys, "samples", number), attempt)
    for sheet in library.of("formats"):
        for keys, grammar in sheet.patterns():
            for field, fails in (("samples", trials.grammar_sample_fails), ("not_samples", trials.near_miss_fails)):
                for number, sample in enumerate(grammar.get(field, ()) if grammar["kind"] != "anchors" else ()):
                    yield Trial("sample", sheet, (*keys, field, number), partial(fails, grammar["id"], sample))


def _attempt_all(attempts: Sequence[Callable[[Rulebook], str | None]], extra: tuple[Path, ...]) -> list[str | None]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if len(attempts) < FEW or cores == 1:
        return _attempt(extra, attempts)
    share = -(-len(attempts) // (4 * cores))  # a few for each, as some take longer
    parts = [attempts[start : start + share] for start in range(0, len(attempts), share)]
    with ProcessPoolExecutor(cores) as pool:
        return [message for part in pool.map(partial(_attempt, extra), parts) for message in part]


def _attempt(extra: tuple[Path, ...], attempts: Sequence[Callable[[Rulebook], str | None]]) -> list[str | None]:
    book = rulebook.load(extra)
    return [attempt(book) for attempt in attempts]
