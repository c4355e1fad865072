"""The whole way on one screen: sources -> scan -> formats -> events and facts -> diagnosis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter

from logdoctor.diagnosis import Observations, diagnose
from logdoctor.facts.recognise import Recogniser
from logdoctor.formats import Assembler
from logdoctor.model import Diagnosis, Line, Record, Stats
from logdoctor.rulebook import Rulebook
from logdoctor.scan import Scan, Scanner
from logdoctor.scan.chunks import Chunk
from logdoctor.scan.excerpts import Excerpts
from logdoctor.sources import Skipped, Source, SourceError


def explain(
    sources: Iterable[Source | SourceError],
    rulebook: Rulebook,
    warn: Callable[[str, bool], None] = lambda sentence, failure: None,
    excerpts: Excerpts | None = None,
) -> Diagnosis:
    """Read all sources as one run and diagnose it.

    What could not be read or applied is noted in ``stats.omitted``, and told to ``warn`` at once, with whether it is a
    failure or was left out on purpose. ``excerpts``, if any, keep the lines that were read, and evidence comes with
    those around it.
    """
    run = Run(rulebook, warn, excerpts)
    for source in sources:
        if isinstance(source, SourceError):
            run.complain(source)
        else:
            run.read(source)
    return run.diagnosis()


class Run:
    """What is known of a run, while its logs are read."""

    def __init__(
        self,
        rulebook: Rulebook,
        warn: Callable[[str, bool], None] = lambda sentence, failure: None,
        excerpts: Excerpts | None = None,
    ) -> None:
        self.started = perf_counter()
        self.rulebook = rulebook
        self.scanner, self.recogniser, self.observations = Scanner(rulebook), Recogniser(rulebook), Observations()
        self.omitted: list[str] = []
        self.bytes = self.sources = self.folded = 0
        self.excerpts = excerpts
        self._warn = warn

    def read(self, source: Source) -> None:
        """Read a source from its start to its end."""
        reading = self.open(source.name)
        for chunk, hits in self.scanner.chunks(self._until_broken(source)):
            reading.feed(chunk, hits)
        reading.close()

    def open(self, name: str) -> Reading:
        """Begin to read a source."""
        return Reading(self, name)

    def complain(self, error: SourceError) -> None:
        """Note what cannot be read."""
        self.omitted.append(str(error))
        self._warn(str(error), not isinstance(error, Skipped))

    def _until_broken(self, source: Source) -> Iterator[bytes]:
        """The blocks of a source; where it breaks, what was read so far counts."""
        try:
            yield from source.open()
        except SourceError as error:
            self.complain(error)

    def diagnosis(self) -> Diagnosis:
        """What the logs say, as far as they were read."""
        omitted = list(self.omitted)
        omitted += [
            f"the pattern of {name} took too long on {where} and was not applied there"
            for name, where in self.recogniser.slow.items()
        ]
        if self.folded:
            omitted.append(f"{self.folded} lines that differ from earlier ones only in digits were counted, not read")
        if self.observations.facts.dropped:
            omitted.append(f"{self.observations.facts.dropped} further facts were not kept")
        stats = Stats(
            bytes=self.bytes,
            lines=sum(self.observations.lines.values()),
            records=self.observations.records,
            sources=self.sources,
            seconds=perf_counter() - self.started,
            omitted=tuple(omitted),
        )
        diagnosis = diagnose(self.observations, self.rulebook, stats)
        return self.excerpts.quoted(diagnosis) if self.excerpts else diagnosis


class Reading:
    """One source, being read."""

    def __init__(self, run: Run, name: str) -> None:
        self.name = name
        self.scan = Scan(run.scanner)
        self._run = run
        self._assembler: Assembler | None = None

    def feed(self, chunk: Chunk, hits: Sequence[int]) -> None:
        """Take note of what the next chunk says."""
        self._take(self.scan.feed(chunk, hits))

    def close(self) -> None:
        """The source has ended."""
        self._take(self.scan.rest())
        if self._assembler:
            self._observe(self._assembler.close())
        run, scan = self._run, self.scan
        run.observations.lines[self.name] = scan.lines
        run.bytes, run.sources, run.folded = run.bytes + scan.bytes, run.sources + 1, run.folded + scan.folded

    def _take(self, lines: Iterable[Line]) -> None:
        if self._run.excerpts:
            lines = self._run.excerpts.keep(self.name, lines)
        for line in lines:
            if self._assembler is None:
                self._assembler = Assembler(self.name, self._run.rulebook.grammars, self.scan.head)
            self._observe(self._assembler.take(line))

    def _observe(self, records: Iterable[Record]) -> None:
        run = self._run
        for record in records:
            run.observations.take(record, *run.recogniser.recognise(record), run.rulebook.causes)
