"""The whole way on one screen: sources -> scan -> formats -> events and facts -> diagnosis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter

from logdoctor.diagnosis import Observations, diagnose
from logdoctor.facts.recognise import Recogniser
from logdoctor.formats import assemble
from logdoctor.model import Diagnosis, Stats
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
    started = perf_counter()
    scanner, recogniser, observations = Scanner(rulebook), Recogniser(rulebook), Observations()
    omitted: list[str] = []
    bytes_, read, folded = 0, 0, 0

    def complain(error: SourceError) -> None:
        omitted.append(str(error))
        warn(str(error), not isinstance(error, Skipped))

    for source in sources:
        if isinstance(source, SourceError):
            complain(source)
            continue
        scan = scanner.scan(_until_broken(source, complain))
        lines = excerpts.keep(source.name, scan) if excerpts else scan
        for record in assemble(source.name, lines, rulebook.grammars, scan.head):
            observations.take(record, *recogniser.recognise(record), rulebook.causes)
        observations.lines[source.name] = scan.lines
        bytes_, read, folded = bytes_ + scan.bytes, read + 1, folded + scan.folded
    omitted += [
        f"the pattern of {name} took too long on {where} and was not applied there"
        for name, where in recogniser.slow.items()
    ]
    if folded:
        omitted.append(f"{folded} lines that differ from lines before them only in digits were counted, not read")
    if observations.facts.dropped:
        omitted.append(f"{observations.facts.dropped} further facts were not kept")
    diagnosis = diagnose(
        observations,
        rulebook,
        Stats(
            bytes_,
            sum(observations.lines.values()),
            observations.records,
            read,
            perf_counter() - started,
            tuple(omitted),
        ),
    )
    return excerpts.quoted(diagnosis) if excerpts else diagnosis


def _until_broken(source: Source, complain: Callable[[SourceError], None]) -> Iterator[bytes]:
    """The blocks of a source; where it breaks, what was read so far counts."""
    try:
        yield from source.open()
    except SourceError as error:
        complain(error)
