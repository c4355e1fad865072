"""The whole way on one screen: sources -> scan -> formats -> events and facts -> diagnosis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy, deepcopy
from functools import lru_cache
from time import perf_counter
from typing import NamedTuple, Protocol

from logdoctor import spread
from logdoctor.diagnosis import Observations, diagnose
from logdoctor.facts.recognise import Recogniser
from logdoctor.families.novelty import novelties
from logdoctor.model import Diagnosis, Stats
from logdoctor.reading import Reading
from logdoctor.rulebook import Rulebook
from logdoctor.scan import Scanner
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
    known: dict[str, Source] = {}
    files: list[Source] = []
    for source in sources:
        if isinstance(source, SourceError):
            run.complain(source)
            continue
        known[source.name] = source
        if source.size is None or excerpts:
            run.read(source)
        else:
            files.append(source)
    if spread.worth(files):
        spread.read(run, files)
    else:
        for source in files:
            run.read(source)
    return run.conclusion(known.get)


@lru_cache(maxsize=4)
def _scanner(rulebook: Rulebook, threads: int | None) -> Scanner:
    """One for all runs: what it looks for takes longer to prepare than to find in a short log."""
    return Scanner(rulebook, threads)


class Share(NamedTuple):
    """What some of the logs of a run gave, as plain data that can go from process to process."""

    observations: Observations
    omitted: tuple[str, ...]
    bytes: int
    sources: int
    folded: int
    slow: Mapping[str, str]


class Going(Protocol):
    """A reading that goes on."""

    def twin(self, run: Run) -> Going: ...
    def close(self) -> None: ...


class Run:
    """What is known of a run, while its logs are read."""

    def __init__(
        self,
        rulebook: Rulebook,
        warn: Callable[[str, bool], None] = lambda sentence, failure: None,
        excerpts: Excerpts | None = None,
        threads: int | None = None,
    ) -> None:
        """``threads`` search large sources at the same time; by default one on each processor."""
        self.started = perf_counter()
        self.rulebook = rulebook
        self.scanner, self.recogniser, self.observations = (
            _scanner(rulebook, threads),
            Recogniser(rulebook),
            Observations(),
        )
        self.omitted: list[str] = []
        self.bytes = self.sources = self.folded = 0
        self.excerpts = excerpts
        self.warn = warn

    def read(self, source: Source) -> None:
        """Read a source from its start to its end."""
        if source.said:
            self.observations.said[source.name] = source.said
        reading = Reading(self, source.name)
        for chunk, hits in self.scanner.chunks(self.until_broken(source)):
            reading.feed(chunk, hits)
        reading.close()

    def share(self) -> Share:
        """What was read so far."""
        slow = self.recogniser.slow
        return Share(self.observations, tuple(self.omitted), self.bytes, self.sources, self.folded, slow)

    def join(self, share: Share) -> None:
        """Take over what others read of this run: other sources of it."""
        self.observations.join(share.observations)
        self.omitted += share.omitted
        self.bytes, self.sources = self.bytes + share.bytes, self.sources + share.sources
        self.folded += share.folded
        self.recogniser.slow.update(share.slow)

    def complain(self, error: SourceError) -> None:
        """Note what cannot be read."""
        self.omitted.append(str(error))
        self.warn(str(error), not isinstance(error, Skipped))

    def until_broken(self, source: Source) -> Iterator[bytes]:
        """The blocks of a source; where it breaks, what was read so far counts."""
        try:
            yield from source.open()
        except SourceError as error:
            self.complain(error)

    @property
    def lines(self) -> int:
        """Lines of the sources that were read to their end."""
        return sum(self.observations.lines.values())

    def so_far(self, readings: Iterable[Going]) -> Run:
        """This run as if these readings ended here; they go on, and so does this run."""
        twin = copy(self)
        twin.observations, twin.excerpts = deepcopy(self.observations), None
        for reading in readings:
            reading.twin(twin).close()
        return twin

    def conclusion(self, reopen: Callable[[str], Source | None]) -> Diagnosis:
        """What the logs say at their end. A failure that no rule knows is looked at once more: ``reopen`` gives the
        source of a name, if it can be read again."""
        diagnosis = self.diagnosis()
        if diagnosis.verdict != "unknown-failure":
            return diagnosis
        place = diagnosis.findings[0].evidence[0]
        source = reopen(place.source)
        return diagnosis._replace(novel=novelties(source, place.line)) if source else diagnosis

    def diagnosis(self) -> Diagnosis:
        """What the logs say."""
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
            lines=self.lines,
            records=self.observations.records,
            sources=self.sources,
            seconds=perf_counter() - self.started,
            omitted=tuple(omitted),
        )
        diagnosis = diagnose(self.observations, self.rulebook, stats)
        return self.excerpts.quoted(diagnosis) if self.excerpts else diagnosis
