"""From logs to what is handed to somebody else: read, masked on the way in, with the lines around what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from logdoctor import core, sources
from logdoctor.model import Diagnosis
from logdoctor.redact import Redactor
from logdoctor.rulebook import Rulebook
from logdoctor.scan.excerpts import Excerpts

Warn = Callable[[str, bool], None]


@dataclass(frozen=True, slots=True)
class Report:
    """A diagnosis, and what was read for it."""

    diagnosis: Diagnosis
    excerpts: Excerpts


def read(paths: Sequence[str], rulebook: Rulebook, warn: Warn, redactor: Redactor | None = None) -> Report:
    """Read the logs as one run. With a redactor nothing secret gets any further than the bytes it stands in."""
    excerpts = Excerpts()
    if redactor is None:
        return Report(core.explain(sources.discover(paths), rulebook, warn, excerpts), excerpts)
    learn(paths, rulebook, redactor)
    diagnosis = core.explain(redactor.sources(sources.discover(paths)), rulebook, warn, excerpts)
    redactor.learn(diagnosis)
    return Report(redactor.diagnosis(diagnosis), excerpts.masked(redactor.text))


def learn(paths: Sequence[str], rulebook: Rulebook, redactor: Redactor) -> None:
    """Learn the names that are to be replaced before the first of them is written; a pipe tells them as it goes."""
    if redactor.names.chosen and "-" not in (paths or ["-"]):
        redactor.learn(core.explain(sources.discover(paths), rulebook))
