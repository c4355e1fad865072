"""What several tests need: a diagnosis of texts, as if they were files of one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from logdoctor import core, rulebook
from logdoctor.authoring.library import Library
from logdoctor.model import Diagnosis
from logdoctor.rulebook import Rulebook
from logdoctor.sources import Source

LIBRARY = Library()
"""All built-in rule files as they are written."""
FIXTURES = Path(__file__).parent.parent / "fixtures"


def source(name: str, content: bytes, block: int = 1 << 20) -> Source:
    """A source that gives its content in blocks of this size."""

    def blocks() -> Iterator[bytes]:
        for start in range(0, len(content), block):
            yield content[start : start + block]

    return Source(name, blocks)


def diagnose(
    logs: str | bytes | Mapping[str, str | bytes], book: Rulebook | None = None, block: int = 1 << 20
) -> Diagnosis:
    """The diagnosis of a log, or of several named ones as one run."""
    named = logs if isinstance(logs, Mapping) else {"log.txt": logs}
    sources = [source(name, text.encode() if isinstance(text, str) else text, block) for name, text in named.items()]
    return core.explain(sources, book or rulebook.load())
