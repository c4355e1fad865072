"""One source on its way: bytes to lines to records, and what they say to the observations of the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import TYPE_CHECKING

from logdoctor.formats import Assembler, undecided
from logdoctor.model import Line, Record
from logdoctor.scan import Scan
from logdoctor.scan.chunks import Chunk

if TYPE_CHECKING:
    from logdoctor.core import Run


class Reading:
    """A source that is being read."""

    def __init__(self, run: Run, name: str) -> None:
        self.name = name
        self._run = run
        self._scan = Scan(run.scanner)
        self._assembler: Assembler | None = None
        self._settled = False
        """Whether the first lines of the source are known, from which is told how all are read."""
        self._held: list[Line] = []
        """Lines that wait for that."""

    @property
    def lines(self) -> int:
        """Lines so far."""
        return self._scan.lines

    def feed(self, chunk: Chunk, hits: Sequence[int] | None = None) -> bool:
        """Take note of what the next chunk says, which is searched if its hits are not given; whether any of it is
        worth reading."""
        lines = self._scan.feed(chunk, hits)
        self._read(lines)
        return bool(lines)

    def close(self) -> None:
        """The source has ended."""
        self._read(self._scan.rest(), ended=True)
        if self._assembler:
            self._observe(self._assembler.close())
        run, scan = self._run, self._scan
        run.observations.lines[self.name] = scan.lines
        run.bytes, run.sources, run.folded = run.bytes + scan.bytes, run.sources + 1, run.folded + scan.folded

    def twin(self, run: Run) -> Reading:
        """The same for another run, to go on differently."""
        twin = copy(self)
        twin._run, twin._scan = run, self._scan.twin()
        twin._assembler = self._assembler and self._assembler.twin()
        twin._held = list(self._held)
        return twin

    def _read(self, lines: Iterable[Line], ended: bool = False) -> None:
        if self._run.excerpts:
            lines = self._run.excerpts.keep(self.name, lines)
        if not self._settled:
            lines = self._decided([*self._held, *lines], ended)
        for line in lines:
            if self._assembler is None:
                self._assembler = self._settle(Assembler(self.name, self._run.rulebook.grammars))
            self._observe(self._assembler.take(line))

    def _decided(self, lines: list[Line], ended: bool) -> list[Line]:
        """The lines that are read in the same way whatever the first lines of the source turn out to be; the others
        wait."""
        self._settled = ended or self._scan.head_known
        if self._assembler:
            self._settle(self._assembler)
        grammars, head = self._run.rulebook.grammars, self._scan.head
        held = 0
        while not self._settled and held < len(lines) and not undecided(grammars, head, lines[held].text):
            held += 1
        lines, self._held = (lines, []) if self._settled else (lines[:held], lines[held:])
        return lines

    def _settle(self, assembler: Assembler) -> Assembler:
        assembler.settle(self._scan.head)
        return assembler

    def _observe(self, records: Iterable[Record]) -> None:
        run = self._run
        for record in records:
            run.observations.take(record, *run.recogniser.recognise(record), run.rulebook.causes)
