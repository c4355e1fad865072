"""The fleet: what many diagnosed jobs say together, read from their results.

:func:`view` asks the results file and gives plain data; :mod:`logdoctor.render.fleet` shows it. Statistics are pure
functions beside this module: :mod:`nodes` (bad nodes), :mod:`links` (versions and variables), :mod:`exact` (the tests).
"""

from __future__ import annotations

import difflib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from logdoctor.batch.fleet import links, nodes, trend
from logdoctor.batch.fleet.model import Cause, Cluster, Detail, Fleet, Link, Lost
from logdoctor.batch.fleet.templates import common, template
from logdoctor.model import Fix
from logdoctor.render.stored import fix

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXAMPLES = 5
"""Jobs that are named for anything."""
NEW = 0.1
"""The last part of the time in which what is first seen is new."""
CERTAIN = 0.5
"""The confidence from which a diagnosis can count against a host."""
ROWS = 10_000
"""Rows of a large answer that are held at once."""
DETAILS = 20_000
"""Jobs that are told one by one."""
UNREADABLE = 100
"""Jobs without a whole diagnosis that are listed."""

TIME = "coalesce(failed_at, ended_at, modified_at)"
"""When a job failed, as far as that is known."""
FAILED = "verdict IN ('root-cause', 'consequence-only', 'unknown-failure')"


def view(
    results: DuckDBPyConnection, suspects: Collection[str], name: str = "", since: datetime | timedelta | None = None
) -> Fleet:
    """What is to be said of the jobs of an open results file.

    ``suspects`` are the ids of findings for which a node can be at fault
    (:attr:`logdoctor.rulebook.Rulebook.suspects`).
    What was first seen after ``since`` (a moment, or a time before the last job) is new; by default the last tenth.
    """
    ask = _Question(results)
    ((jobs, failed, first, last, hours, known),) = ask(
        f"""SELECT count(*), count(*) FILTER ({FAILED}), min({TIME}), max({TIME}),
                   coalesce(sum(gpu_hours) FILTER ({FAILED}), 0), count(gpu_hours) FILTER ({FAILED}) FROM jobs"""
    )
    since = _since(since, first, last)
    span = trend.span(first, last)
    causes = tuple(_causes(ask, failed, span, since))
    found, tested = _links(ask, causes)
    return Fleet(
        results=name,
        jobs=jobs,
        failed=failed,
        verdicts=dict(
            ask("SELECT verdict, count(*) FROM jobs WHERE verdict IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1")
        ),
        states=dict(ask("SELECT state, count(*) FROM jobs GROUP BY 1 ORDER BY 2 DESC, 1")),
        first=first,
        last=last,
        lost=Lost(hours, known),
        span=span,
        since=since,
        causes=causes,
        nodes=nodes.accuse(_blamed(ask, suspects), _runs(ask, suspects)),
        links=found,
        links_tested=tested,
        unexplained=tuple(_clusters(ask)),
        unreadable=tuple(
            ask(
                f"""SELECT job, state, coalesce(reason, '') FROM jobs WHERE state <> 'diagnosed'
                    ORDER BY state, job LIMIT {UNREADABLE}"""
            )
        ),
    )


class _Question:
    """Asks the results file."""

    def __init__(self, results: DuckDBPyConnection) -> None:
        self.results = results

    def __call__(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self.results.execute(sql, list(values)).fetchall()

    def some(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The rows of a large answer, some at a time; no other question may come between."""
        answer = self.results.execute(sql, list(values))
        while rows := answer.fetchmany(ROWS):
            yield from rows


def _since(since: datetime | timedelta | None, first: datetime | None, last: datetime | None) -> datetime | None:
    if first is None or last is None or isinstance(since, datetime):
        return since if isinstance(since, datetime) else None
    return last - (since if since is not None else (last - first) * NEW)


def _causes(ask: _Question, failed: int, span: Any, since: datetime | None) -> Iterator[Cause]:
    """Root causes by fingerprint, the most frequent first."""
    times: dict[str, dict[datetime | None, int]] = defaultdict(dict)
    for fingerprint, time, number in ask(
        f"SELECT fingerprint, {TIME} AS t, count(*) FROM jobs WHERE verdict = 'root-cause' GROUP BY 1, 2"
    ):
        times[fingerprint][time] = number
    start = min((time for counts in times.values() for time in counts if time), default=None)
    for fingerprint, finding, titles, component, severity, jobs, hours, known, hosts, first, last, examples in ask(
        f"""SELECT fingerprint, mode(finding),
                   list_slice(list_sort(list(DISTINCT coalesce(title, finding))), 1, 50), mode(component),
                   mode(severity), count(*) AS n, coalesce(sum(gpu_hours), 0), count(gpu_hours), count(DISTINCT host),
                   min({TIME}), max({TIME}),
                   list_slice(list(job ORDER BY confidence DESC, lines, job), 1, {EXAMPLES})
            FROM jobs WHERE verdict = 'root-cause' GROUP BY fingerprint ORDER BY n DESC, fingerprint"""
    ):
        yield Cause(
            fingerprint=fingerprint,
            finding=finding,
            title=common(titles),
            component=component,
            severity=severity,
            jobs=jobs,
            share=jobs / failed,
            lost=Lost(hours, known),
            hosts=hosts,
            first=first,
            last=last,
            trend=trend.counted(times[fingerprint], span),
            examples=tuple(examples),
            new=since is not None and first is not None and first >= since and start is not None and start < since,
        )


_POINTED = """WITH named AS (
        SELECT j.job, j.host, j.device, j.ranks FROM jobs j JOIN findings f ON f.job = j.job AND f.place = 0
        WHERE j.verdict = 'root-cause' AND f.role = 'root-cause' AND list_contains($1, f.finding) AND f.confidence >= $2
    ), pointed AS (
        SELECT job, g.host, g.device, ranks FROM named JOIN guilty g USING (job) WHERE place = 0 AND g.host IS NOT NULL
        UNION SELECT job, host, device, ranks FROM named WHERE host IS NOT NULL
    ), known AS (
        SELECT job, host, regexp_full_match(host, '[0-9.]+|[0-9a-fA-F]*:.*') AS is_address FROM hosts
        QUALIFY NOT (is_address AND bool_or(NOT is_address) OVER (PARTITION BY job))
    ), everywhere AS (
        SELECT job, host FROM known UNION SELECT job, host FROM jobs WHERE host IS NOT NULL
        UNION SELECT job, host FROM pointed
    )"""
"""Jobs whose root cause is one that a node can be at fault for; the hosts it points to; the hosts of all jobs.

Where some hosts have names, an address is one of them once more: counted twice, each would seem to fail half as often.
"""


def _blamed(ask: _Question, suspects: Collection[str]) -> Iterator[nodes.Blamed]:
    """Jobs that failed of what a node can be at fault for, with the hosts that the logs point to."""
    for job, hosts, guilty, devices, ranks, time in ask(
        f"""{_POINTED}
            SELECT job, (SELECT list(DISTINCT host) FROM everywhere e WHERE e.job = p.job), list(DISTINCT host),
                   list(DISTINCT {{'host': host, 'device': device}}) FILTER (device IS NOT NULL), any_value(ranks),
                   (SELECT {TIME} FROM jobs j WHERE j.job = p.job)
            FROM pointed p GROUP BY job ORDER BY job""",
        list(suspects),
        CERTAIN,
    ):
        per_host = ranks // len(hosts) if ranks and ranks % len(hosts) == 0 else None
        named = frozenset((one["host"], one["device"]) for one in devices or ())
        yield nodes.Blamed(job, frozenset(hosts), frozenset(guilty), named, per_host, time)


def _runs(ask: _Question, suspects: Collection[str]) -> Iterator[nodes.Run]:
    """All other jobs whose hosts are known, with whether a node can be behind their failure."""
    known: dict[str, str] = {}  # a name is kept once, however many jobs ran there
    for job, hosts, failed, time in ask.some(
        f"""{_POINTED}
            SELECT j.job, list(DISTINCT e.host), j.verdict = 'consequence-only' OR j.job IN (SELECT job FROM named),
                   any_value({TIME})
            FROM jobs j JOIN everywhere e USING (job)
            WHERE j.verdict IS NOT NULL AND j.job NOT IN (SELECT job FROM pointed)
            GROUP BY j.job, j.verdict ORDER BY j.job""",
        list(suspects),
        CERTAIN,
    ):
        yield nodes.Run(job, frozenset(known.setdefault(host, host) for host in hosts), failed, time)


def _links(ask: _Question, causes: Collection[Cause]) -> tuple[tuple[Link, ...], int]:
    titles = {cause.fingerprint: cause.title for cause in causes}
    names = [job for (job,) in ask("SELECT job FROM jobs ORDER BY job")]
    places = {job: place for place, job in enumerate(names)}
    jobs: dict[str, set[int]] = defaultdict(set)
    for fingerprint, job in ask("SELECT fingerprint, job FROM jobs WHERE verdict = 'root-cause'"):
        jobs[fingerprint].add(places[job])
    # only what can tell jobs apart: at least two values of a name, each in as many jobs as it takes
    told = ask.some(
        f"""WITH stated AS (SELECT DISTINCT s.job, kind, name, value FROM settings s SEMI JOIN jobs USING (job)),
                 often AS (SELECT kind, name, count(*) AS jobs FROM stated GROUP BY ALL
                           HAVING count(DISTINCT value) > 1 AND count(*) > {links.LEAST})
            SELECT job, kind, name, value FROM stated SEMI JOIN often USING (kind, name)"""
    )
    found, tested = links.linked(
        {cause: frozenset(numbers) for cause, numbers in jobs.items()},
        ((places[job], kind, name, value) for job, kind, name, value in told),
    )
    return tuple(
        Link(
            fingerprint=one.cause,
            title=titles[one.cause],
            kind=one.setting.kind,
            name=one.setting.name,
            value=one.setting.value,
            since=one.setting.since,
            with_cause=one.both,
            with_jobs=one.having,
            without_cause=one.cause_jobs - one.both,
            without_jobs=one.stating - one.having,
            p=one.p,
            also=tuple(map(str, one.also)),
            names=tuple(names[place] for place in sorted(one.jobs & jobs[one.cause])),
        )
        for one in found
    ), tested


def _clusters(ask: _Question) -> Iterator[Cluster]:
    """Failures without a known cause, by what is said of them."""
    rows: dict[tuple[str, str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for verdict, finding, title, *rest in ask(
        f"""SELECT verdict, j.finding, coalesce(j.title, ''), {TIME},
                   first(e.text ORDER BY e.source, e.line), j.job
            FROM jobs j LEFT JOIN evidence e ON e.job = j.job AND e.place = 0
            WHERE verdict IN ('unknown-failure', 'consequence-only')
            GROUP BY ALL ORDER BY any_value(lines), j.job"""
    ):
        rows[verdict, finding, template(title)].append(tuple(rest))
    for (verdict, finding, masked), members in sorted(rows.items(), key=lambda item: (-len(item[1]), item[0])):
        times = [time for time, _, _ in members if time]
        yield Cluster(
            template=masked,
            verdict=verdict,
            finding=finding,
            jobs=len(members),
            first=min(times, default=None),
            last=max(times, default=None),
            line=members[0][1] or "",
            examples=tuple(job for _, _, job in members[:EXAMPLES]),
        )


_SAID = ("job", "state", "reason", "verdict", "fingerprint", "finding", "title", "confidence", "host", "rank", "device",
         "time", "gpu_hours")  # fmt: skip


def details(results: DuckDBPyConnection, most: int = DETAILS) -> tuple[Detail, ...]:
    """What is said of each job: failed ones first, the newest first, so many at most."""
    rows = _Question(results)(
        f"""SELECT j.job, state, coalesce(reason, ''), coalesce(verdict, ''), coalesce(fingerprint, ''),
                   coalesce(finding, ''), coalesce(j.title, ''), coalesce(confidence, 0.0), coalesce(j.host, ''),
                   j.rank, coalesce(j.device, ''), {TIME}, gpu_hours, e.source, e.line, e.text,
                   json_extract_string(diagnosis, '$.findings[0].cause'),
                   json_extract_string(diagnosis, '$.findings[0].fix')
            FROM jobs j LEFT JOIN diagnoses USING (job)
            LEFT JOIN (SELECT job, arg_min(e, (source, line)) AS e FROM evidence e WHERE place = 0 GROUP BY job)
                USING (job)
            ORDER BY coalesce(verdict, '') = 'healthy', {TIME} DESC NULLS LAST, j.job LIMIT {int(most)}"""
    )
    found = []
    for *said, source, line, quoted, cause, plain in rows:
        known = dict(zip(_SAID, said, strict=True))
        is_open = known["verdict"] in ("unknown-failure", "consequence-only")
        if known["verdict"] == "healthy":  # what is found there is advice
            source = line = quoted = cause = plain = None
        found.append(
            Detail(
                **known,
                template=template(known["title"]) if is_open else "",
                source=source or "",
                line=line or 0,
                text=quoted or "",
                cause=cause or "",
                fix=fix(json.loads(plain)) if plain else Fix(),
            )
        )
    return tuple(found)


def diagnosis_of(results: DuckDBPyConnection, job: str) -> dict[str, Any] | None:
    """The stored diagnosis of a job, as ``explain --format json`` has it; None if there is none."""
    found = _Question(results)("SELECT diagnosis FROM diagnoses WHERE job = $1", job)
    return json.loads(found[0][0]) if found else None


def near(results: DuckDBPyConnection, job: str) -> list[str]:
    """Names of diagnosed jobs that are like this one."""
    names = [name for (name,) in _Question(results)("SELECT job FROM diagnoses")]
    held = [name for name in names if job in name]
    return held[:3] or difflib.get_close_matches(job, names, 3)


__all__ = ["Cause", "Cluster", "Fleet", "Link", "Lost", "details", "diagnosis_of", "near", "view"]
