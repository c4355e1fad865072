"""``logdoctor batch``: many jobs, each diagnosed, all kept in one file."""

from __future__ import annotations

import enum
import re
import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logdoctor.cli import options

if TYPE_CHECKING:
    from logdoctor.batch.engines import Engine
    from logdoctor.batch.outcome import Outcome

RESULTS = Path("results.duckdb")
"""Where results are, unless said otherwise."""


class EngineName(str, enum.Enum):
    """Who does the work."""

    local = "local"
    ray = "ray"


class Form(str, enum.Enum):
    """How the summary is written."""

    text = "text"
    json = "json"


def _pattern(text: str | re.Pattern[str]) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise typer.BadParameter(f"{text!r} is no regular expression: {error}") from None
    if "job" not in pattern.groupindex:
        raise typer.BadParameter(
            rf"{text!r} has no group named job; write (?P<job>...), as in (?P<job>\d+)/(?P<host>[^/]+)/"
        )
    return pattern


class Interrupted:
    """Whether Ctrl-C was pressed. The first time the batch ends between two jobs, the second time at once."""

    def __init__(self) -> None:
        self._pressed = False
        signal.signal(signal.SIGINT, self._press)

    def __call__(self) -> bool:
        return self._pressed

    def _press(self, number: int, frame: FrameType | None) -> None:
        self._pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


def command(
    roots: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ROOT]...",
            help="Folders (or s3://..., gs://..., ...) in which each folder, archive or file is a job.",
            show_default=False,
        ),
    ] = None,
    results: Annotated[Path, typer.Option("--output", "-o", help="The file that keeps what is found.")] = RESULTS,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with these results: read only what is new or changed.")
    ] = False,
    job_pattern: Annotated[
        re.Pattern[str] | None,
        typer.Option(
            "--job-pattern",
            parser=_pattern,
            metavar="REGEX",
            help="Names the job in a file's path below ROOT: (?P<job>...); may also name (?P<host>...), (?P<rank>...).",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[EngineName, typer.Option("--engine", help="This machine, or a Ray cluster.")] = EngineName.local,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", "-j", min=1, help="Jobs at the same time; by default one a processor.", show_default=False
        ),
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option("--ray-address", help="The cluster of --engine ray; 'auto' finds it.", show_default=False),
    ] = None,
    each_node: Annotated[
        bool, typer.Option("--each-node", help="ROOT is on the disk of each Ray node; the logs are read there.")
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout", parser=options.duration, metavar="TIME", show_default="1h", help="For one job; 0 for none."
        ),
    ] = 3600.0,
    redact: options.RedactOption = False,
    parquet: Annotated[
        Path | None,
        typer.Option(
            "--parquet", help="Also write each table of the results as a Parquet file here.", show_default=False
        ),
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--compare",
            metavar="OLD NEW",
            help="Read no jobs: say what changed between two results.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[Form, typer.Option("--format", "-f", help="How the summary is written.")] = Form.text,
    rules: options.RulesOption = None,
    color: options.ColorOption = options.Color.auto,
    quiet: options.QuietOption = False,
) -> None:
    """Diagnose many jobs and keep what is found; logdoctor fleet looks at it, logdoctor query asks it.

    Exit status: 0 all jobs were diagnosed, 1 some were not (the results say why), 2 bad usage or nothing done;
    with --compare: 0 nothing changed, 1 something did.
    """
    from logdoctor import batch
    from logdoctor.batch import store
    from logdoctor.batch.changes import changes
    from logdoctor.batch.engines import EngineError
    from logdoctor.batch.jobs import find
    from logdoctor.batch.summary import Summary
    from logdoctor.batch.work import Work
    from logdoctor.render import batch as drawn
    from logdoctor.render.progress import Bar
    from logdoctor.scan.search import processors
    from logdoctor.sources import SourceError

    output = options.Output(color=color, quiet=quiet)
    drawing: dict[str, Any] = {"color": output.coloured, "width": options.width()}
    try:
        if compare:
            found = changes(*compare)
            as_json, as_text = drawn.changes_as_json, drawn.changes_as_text
            output.put(as_json(found) if format is Form.json else as_text(found, **drawing))
            raise typer.Exit(bool(found))
        if not roots:
            options.fail("no jobs given: name the folders that hold them, as in logdoctor batch /var/log/jobs")
        if results.exists() and not resume:
            options.fail(f"{results} is there already: --resume goes on with it, -o names another file")
        options.load_rules(rules, output)
        work = Work((*options.installed_packs(lambda problem: None), *options.rule_directories(rules)), redact)
        if engine is EngineName.local and (ray_address or each_node):
            options.fail(f"{'--each-node' if each_node else '--ray-address'} needs --engine ray")
        worker: Engine
        if engine is EngineName.ray:
            from logdoctor.batch.engines.ray import Ray

            worker = cluster = Ray(work, workers, timeout or None, ray_address)
            jobs = (cluster.find if each_node else find)(roots, job_pattern)
        else:
            from logdoctor.batch.engines.local import Local

            worker, jobs = Local(work, workers or processors(), timeout or None), find(roots, job_pattern)
        if not jobs:
            options.fail(f"no jobs in {', '.join(roots)}{': --job-pattern fits no file' if job_pattern else ''}")
        summary = Summary(results, len(jobs))
        interrupted = Interrupted()
        with store.Store(results) as kept, Bar(len(jobs), show=not quiet) as bar:

            def told(job: str, outcome: Outcome | None) -> None:
                summary.told(job, outcome)
                bar.step()

            batch.run(jobs, kept, worker, work.version, told, interrupted)
            summary.stopped = interrupted()
        summary.close()
        if parquet:
            with store.connect(results) as connection:
                store.export(connection, parquet)
    except (SourceError, store.ResultsError, EngineError) as error:
        options.fail(str(error))
    in_json = format is Form.json
    output.put(drawn.summary_as_json(summary) if in_json else drawn.summary_as_text(summary, **drawing))
    raise typer.Exit(130 if summary.stopped else 0 if summary.complete else 1)
