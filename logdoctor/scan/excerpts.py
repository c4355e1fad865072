"""The lines of each source that were read, kept for those who want to see more than the line that shows a finding.

A diagnosis of these lines alone comes out as that of the whole log does, for nothing else was looked at.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from logdoctor.model import Diagnosis, Evidence, Line, Quote

HEAD, TAIL, TOTAL = 4 << 20, 1 << 20, 64 << 20
"""Characters that are kept from the start of a source, before its end, and of all sources together."""
LINE = 4000
"""Characters of a line that are kept."""
BEFORE, AFTER, QUOTED = 6, 4, 24
"""Lines around a place that are quoted with it, and how many at most."""


@dataclass(slots=True)
class _Kept:
    head: list[Quote] = field(default_factory=list)
    tail: deque[Quote] = field(default_factory=deque)
    room: int = HEAD
    tail_size: int = 0

    def sorted(self) -> list[Quote]:
        return sorted({*self.head, *self.tail})


class Excerpts:
    """What was read of each source; bounded in size."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._room = TOTAL

    def keep(self, source: str, lines: Iterable[Line]) -> Iterator[Line]:
        """The lines as they are, each noted on its way."""
        kept = self._kept.setdefault(source, _Kept(room=min(HEAD, self._room)))
        for line in lines:
            quote = Quote(line.number, line.text[:LINE].rstrip("\r\n"))
            size = len(quote.text) + 1
            if kept.room > 0:
                kept.head.append(quote)
                kept.room -= size
                self._room -= size
            else:
                kept.tail.append(quote)
                kept.tail_size += size
                while kept.tail_size > TAIL:
                    kept.tail_size -= len(kept.tail.popleft().text) + 1
            yield line

    def lines(self, source: str) -> list[Quote]:
        """The kept lines of a source in their order."""
        return self._kept[source].sorted() if source in self._kept else []

    @property
    def sources(self) -> list[str]:
        """The sources of which lines were kept."""
        return list(self._kept)

    def masked(self, mask: Callable[[str], str]) -> Excerpts:
        """The same lines and names after ``mask``, which keeps their number."""
        after = Excerpts()
        for source, kept in self._kept.items():
            lines = kept.sorted()
            texts = mask("\n".join(quote.text for quote in lines)).split("\n")
            head = [Quote(quote.number, text) for quote, text in zip(lines, texts, strict=True)] if lines else []
            after._kept[mask(source)] = _Kept(head)
        return after

    def text(self, source: str, count: int = 0) -> Iterator[str]:
        """The kept lines of a source, with a note wherever others were left out; also at its end, if it is known how
        many lines it has."""
        last = 0
        for number, line in self.lines(source):
            yield from _gap(number - last - 1)
            yield line
            last = number
        yield from _gap(count - last)

    def quoted(self, diagnosis: Diagnosis) -> Diagnosis:
        """The diagnosis, each place in a log with the lines around it."""
        sorted_lines = {source: kept.sorted() for source, kept in self._kept.items()}

        def quote(evidence: Evidence) -> Evidence:
            return evidence._replace(context=_around(sorted_lines.get(evidence.source, []), evidence))

        findings = tuple(
            finding._replace(evidence=tuple(map(quote, finding.evidence))) for finding in diagnosis.findings
        )
        return diagnosis._replace(
            findings=findings,
            unexplained=tuple(map(quote, diagnosis.unexplained)),
            novel=tuple(map(quote, diagnosis.novel)),
        )


def _around(lines: list[Quote], evidence: Evidence) -> tuple[Quote, ...]:
    first = bisect_left(lines, (evidence.line - BEFORE,))
    last = min(evidence.end_line + AFTER, evidence.line - BEFORE + QUOTED - 1)
    return tuple(lines[first : bisect_left(lines, (last + 1,))])


def _gap(count: int) -> Iterator[str]:
    if count > 0:
        yield f"[... {count} {'line' if count == 1 else 'lines'} left out ...]"
