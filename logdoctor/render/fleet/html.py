"""The fleet as one HTML page: every number leads to its jobs, every job to its root cause, its evidence and its fix.

:mod:`logdoctor.render.markup` makes it a page that needs nothing else. Tables and pictures stand in it as they are; the
list of jobs is drawn by its script from data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from logdoctor import __version__
from logdoctor.batch.fleet.model import Cause, Detail, Fleet
from logdoctor.batch.fleet.nodes import Suspect
from logdoctor.fixes import Syntax, blocks
from logdoctor.fixes.quoting import shell
from logdoctor.formats.assembly import strip_ansi
from logdoctor.render.fleet import plots, words
from logdoctor.render.markup import Html, box, join, page, paste, tag
from logdoctor.render.words import plural
from logdoctor.safetext import harmless

QUOTED = 600
"""Characters of a line that are quoted."""
NODES = (
    "Counted are failures that one machine can be at fault for, at the host that the logs name as their origin. "
    "Expected is what the host would have if it were as good as all others, given the jobs that ran on it. p is the "
    "chance of so many or more, by an exact test, corrected for all hosts by Holm's method. Jobs have to be placed "
    "without regard to what they run; so a host that is not also named more often than its neighbours in the same jobs "
    "is not accused."
)
LINKS = (
    "Of the jobs that state the name at all, so many failed of the cause. {:,} pairs were looked at by Fisher's exact "
    "test; of those shown, one in twenty is expected to be chance (Benjamini and Hochberg). It says what goes "
    "together, not why."
)


def render(fleet: Fleet, jobs: Sequence[Detail]) -> str:
    """The page of the fleet and of these jobs."""
    return page(
        f"{fleet.failed:,} of {fleet.jobs:,} jobs failed - logdoctor",
        _Page(fleet, jobs).body(),
        _data(fleet, jobs),
        styles=["report.css", "fleet.css"],
        scripts=["common.js", "fleet.js"],
        skip=("jobs", "the jobs"),
    )


class _Page:
    def __init__(self, fleet: Fleet, jobs: Sequence[Detail]) -> None:
        self.fleet, self.jobs = fleet, jobs
        self.known = {job.job: job for job in jobs}

    def body(self) -> Html:
        """The whole page, but for what the template holds."""
        fleet = self.fleet
        header = tag("header", tag("b", "logdoctor"), tag("span", fleet.results, class_="run"))
        main = tag(
            "main", self._lead(), *self._trend(), *self._causes(), *self._nodes(), *self._links(), *self._new(),
            *self._unexplained(), *self._jobs(),
        )  # fmt: skip
        footer = tag("footer", tag("p", f"Made by logdoctor {__version__} from {fleet.results}."))
        return join([header, main, footer])

    def _lead(self) -> Html:
        fleet = self.fleet
        bad = len(fleet.nodes.suspects)
        tiles = [
            (f"{fleet.jobs:,}", plural(fleet.jobs, "job"), "all"),
            (f"{fleet.failed:,}", "failed", "failed"),
            (f"{sum(one.jobs for one in fleet.unexplained):,}", "unexplained", "unexplained"),
            (f"{sum(cause.jobs for cause in fleet.new):,}", "of a new cause", "new"),
        ]
        if fleet.lost.jobs:
            tiles.append((words.hours(fleet.lost.gpu_hours), "GPU-hours lost", "failed"))
        links = [tag("a", tag("b", count), f" {name}", href="#jobs", data_show=key) for count, name, key in tiles]
        if fleet.nodes.hosts:
            links.append(tag("a", tag("b", f"{bad}"), f" {plural(bad, 'bad node')}", href="#nodes"))
        return tag(
            "section",
            tag("h1", words.summary(fleet)),
            tag("p", words.lost(fleet), class_="soft"),
            tag("div", *links, class_="tiles"),
            class_="summary",
        )

    def _trend(self) -> Iterator[Html]:
        fleet = self.fleet
        if fleet.span is None or fleet.span.steps < 2 or not fleet.causes:
            return
        shown = fleet.causes[: plots.COLORS]
        legend = (
            tag("li", tag("i", class_=f"c{number}"), _number(cause.title, f"cause:{cause.fingerprint}"))
            for number, cause in enumerate(shown)
        )
        rest = [tag("li", tag("i", class_="rest"), "other root causes")] if len(fleet.causes) > len(shown) else []
        yield tag(
            "section",
            tag("h2", f"Failures {words.per(fleet.span, fleet.span.steps)}"),
            tag("div", plots.stacked(fleet.span, fleet.causes), class_="plot"),
            tag("ul", *legend, *rest, class_="keys"),
        )

    def _causes(self) -> Iterator[Html]:
        causes, span = self.fleet.causes, self.fleet.span
        if not causes:
            return
        most = max(cause.jobs for cause in causes)
        rows = (
            _row(
                (_number(f"{cause.jobs:,}", f"cause:{cause.fingerprint}"), cause.jobs),
                (plots.bar(cause.jobs, most, f"{cause.share:.1%} of the failed jobs"), None),
                (words.hours(cause.lost.gpu_hours) if cause.lost.jobs else "", cause.lost.gpu_hours),
                (plots.spark(span, cause.trend) if span else "", None),
                (self._cause(cause), cause.title),
                _when(cause.last),
            )
            for cause in causes
        )
        head = ("Jobs", "", "GPU-hours", "", "Root cause", "Last seen")
        yield _table("causes", "Root causes", head, rows, filtered="Filter the causes")

    def _cause(self, cause: Cause) -> Html:
        """Its name; unfolded, what is said of an example."""
        new = [tag("span", "new", class_="tag")] if cause.new else []
        example = next((self.known[job] for job in cause.examples if job in self.known), None)
        body: list[Html] = []
        if example:
            body = [
                tag("p", example.cause),
                *_evidence(example),
                *_fix(example),
                _examples(cause.examples),
            ]
        name = tag("p", cause.finding, class_="soft mono")
        return _unfolding([tag("span", cause.title, class_="title"), *new], [*body, name])

    def _nodes(self) -> Iterator[Html]:
        nodes = self.fleet.nodes
        if not self.fleet.failed:
            return
        parts = [tag("p", words.tested(self.fleet), class_="soft")]
        if nodes.suspects:
            head = ("Host", "Failures", "Expected", "Jobs", "p", "")
            parts.append(_grid(head, map(self._suspect, nodes.suspects)))
        if any(one.way == "named" for one in nodes.counts):
            parts.append(tag("div", plots.hosts(nodes), class_="plot hosts"))
        yield tag("section", tag("h2", "Bad nodes"), *parts, _how(NODES), id="nodes")

    def _suspect(self, one: Suspect) -> Html:
        said = filter(None, (words.neighbours(one), words.device(one)))
        detail = "; ".join(said) if one.way == "named" else "its failed jobs hold only fallout; no host is named"
        return _row(
            (tag("b", one.host, class_="bad"), one.host),
            (_number(f"{one.failures}", f"host:{one.way}:{one.host}"), one.failures),
            (words.number(one.expected), one.expected),
            (f"{one.jobs:,}", one.jobs),
            _p(one.p),
            (detail, None),
        )

    def _links(self) -> Iterator[Html]:
        rows = []
        for number, link in enumerate(self.fleet.links):
            with_cause = _number(f"{link.with_cause:,}", f"link:{number}")
            also = f"; the same jobs have {', '.join(link.also)}" if link.also else ""
            rows.append(
                _row(
                    (tag("b", words.setting(link)), words.setting(link)),
                    (join([with_cause, f" of {link.with_jobs:,}"]), link.with_cause / link.with_jobs),
                    (
                        f"{link.without_cause:,} of {link.without_jobs:,}",
                        link.without_cause / max(1, link.without_jobs),
                    ),
                    (join([link.title, tag("span", also, class_="soft")]), link.title),
                    _p(link.p),
                )
            )
        if rows:
            head = ("Version or variable", "With it", "Without", "Root cause", "p")
            yield _table("links", "Comes with", head, rows, how=LINKS.format(self.fleet.links_tested))

    def _new(self) -> Iterator[Html]:
        fleet = self.fleet
        rows = [
            _row(
                (_number(f"{one.jobs:,}", f"cause:{one.fingerprint}"), one.jobs),
                (one.title, one.title),
                _when(one.first),
            )
            for one in fleet.new
        ]
        if rows and fleet.since:
            yield _table("new", f"New since {fleet.since:%Y-%m-%d %H:%M}", ("Jobs", "Root cause", "First seen"), rows)

    def _unexplained(self) -> Iterator[Html]:
        why = {"unknown-failure": "no rule knows it", "consequence-only": "only fallout is in the logs"}
        rows = []
        for one in self.fleet.unexplained:
            line = tag("pre", one.line[:QUOTED], class_="shows")
            message = _unfolding([tag("span", one.template, class_="title")], [line, _examples(one.examples)])
            rows.append(
                _row(
                    (_number(f"{one.jobs:,}", f"open:{one.verdict}:{one.finding}:{one.template}"), one.jobs),
                    (message, one.template),
                    (why.get(one.verdict, one.verdict), one.verdict),
                    _when(one.last),
                )
            )
        if rows:
            yield _table("unexplained", "Unexplained", ("Jobs", "Message", "Why it is open", "Last seen"), rows)

    def _jobs(self) -> Iterator[Html]:
        fleet = self.fleet
        more = fleet.jobs - len(self.jobs)
        said = f"{more:,} more {plural(more, 'job')} are not in this page: the oldest healthy ones." if more else ""
        placeholder = "Filter by job, host, cause, line"
        tools = tag(
            "div",
            tag("input", type="search", id="query", placeholder=placeholder, aria_label="Filter the jobs"),
            tag("button", "", type="button", id="chosen", hidden=True, aria_label="Show all jobs"),
            tag("output", for_="query"),
            class_="filters",
            role="search",
        )
        names = enumerate(("Job", "When", "Host", "What"))
        head = (tag("th", tag("button", name, type="button", data_sort=part), scope="col") for part, name in names)
        table = tag("table", tag("thead", tag("tr", *head)), tag("tbody"))
        button = tag("button", "Show more", type="button", id="more", hidden=True)
        command = tag("code", f"logdoctor fleet {shell(fleet.results)} --job NAME")
        yield tag(
            "section",
            tag("h2", "Jobs"),
            *([tag("p", said, class_="soft")] if said else []),
            tag("noscript", tag("p", "The list of jobs needs scripts. On the command line: ", command)),
            tag("div", tools, tag("div", table, class_="scroll"), button, hidden=True, class_="list"),
            id="jobs",
        )


def _table(id: str, title: str, head: Sequence[str], rows: Iterable[Html], filtered: str = "", how: str = "") -> Html:
    field = tag("input", type="search", placeholder="Filter", aria_label=filtered)
    tools = [tag("div", field, class_="filters", hidden=True)] if filtered else []
    return tag("section", tag("h2", title), *tools, _grid(head, rows), _how(how), id=id)


def _grid(head: Sequence[str], rows: Iterable[Html]) -> Html:
    """A table that is sorted by the columns that have a name."""
    cells = (tag("th", tag("button", name, type="button") if name else "", scope="col") for name in head)
    table = tag("table", tag("thead", tag("tr", *cells)), tag("tbody", *rows), class_="sortable")
    return tag("div", table, class_="scroll")


def _how(sentences: str) -> Html:
    if not sentences:
        return Html("")
    return tag("details", tag("summary", "How this is tested"), tag("p", sentences), class_="more")


def _row(*cells: tuple[str, object]) -> Html:
    """Cells, each with what it is sorted by."""
    return tag(
        "tr",
        *(
            tag("td", content, data_v=value, class_="number" if isinstance(value, (int, float)) else None)
            for content, value in cells
        ),
    )


def _when(time: datetime | None) -> tuple[str, str]:
    return (tag("span", f"{time:%Y-%m-%d %H:%M}", class_="when"), f"{time}") if time else ("", "")


def _p(p: float) -> tuple[str, float]:
    return tag("span", words.small(p), class_="when"), p


def _number(shown: str, key: str) -> Html:
    """What leads to its jobs."""
    return tag("a", shown, href="#jobs", data_show=key)


def _unfolding(summary: Iterable[str], body: Iterable[str]) -> Html:
    return tag("details", tag("summary", *summary), tag("div", *body, class_="body"))


def _examples(names: Iterable[str]) -> Html:
    links = [tag("a", name, href="#jobs", data_show=f"job:{name}", class_="mono") for name in names]
    between = [part for link in links for part in (", ", link)][1:]
    return tag("p", "Jobs to look at: ", *between, class_="soft")


def _evidence(job: Detail) -> Iterator[Html]:
    if job.text.strip():
        yield tag("pre", tag("b", f"{job.source}:{job.line}"), job.text.strip()[:QUOTED], class_="shows")


def _fix(job: Detail) -> Iterator[Html]:
    """What to change, in the syntax of a shell, and how to check it."""
    fix = job.fix
    parts = [tag("p", fix.summary, class_="summary")] if fix.summary else []
    parts += [paste(block.title, block.text) for block in blocks(fix, Syntax.shell)]
    parts += [box("\n".join(fix.commands))] if fix.commands else []
    parts += [tag("ul", *(tag("li", step) for step in fix.steps))] if fix.steps else []
    parts += [tag("div", paste("Check", "\n".join(fix.verify)), class_="check")] if fix.verify else []
    if parts:
        yield tag("div", tag("h3", "Fix"), *parts, class_="card fix")


def _data(fleet: Fleet, jobs: Sequence[Detail]) -> dict[str, Any]:
    """The jobs, small: texts and names stand once."""
    texts: dict[str, int] = {"": 0}

    def put(plain: str, keep: str = "") -> int:
        return texts.setdefault(harmless(strip_ansi(plain), keep), len(texts))

    def entry(job: Detail) -> list[Any]:
        fix = job.fix
        said = job.title or job.reason or job.verdict or job.state
        sure = f"{round(100 * job.confidence)} % sure" if job.finding else ""
        pasted = [(block.title, block.text) for block in blocks(fix, Syntax.shell)]
        return [
            put(job.job),
            put(job.verdict or job.state),
            put(f"{job.time:%Y-%m-%d %H:%M}" if job.time else ""),
            put(job.host),
            put(said),
            put(job.fingerprint),
            put(f"{job.verdict}:{job.finding}:{job.template}" if job.template else ""),
            put(" · ".join(filter(None, (_where(job), job.finding, sure)))),
            put(job.cause or job.reason),
            put(f"{job.source}:{job.line}" if job.text else ""),
            put(job.text.strip()[:QUOTED], "\n\t"),
            put(fix.summary),
            [[put(title), put(text, "\n\t")] for title, text in pasted]
            + ([[0, put("\n".join(fix.commands), "\n\t")]] if fix.commands else []),
            [put(step) for step in fix.steps],
            put("\n".join(fix.verify), "\n\t"),
        ]

    listed = [entry(job) for job in jobs]
    place = {job.job: number for number, job in enumerate(jobs)}

    def places(names: Iterable[str]) -> list[int]:
        return [place[name] for name in names if name in place]

    # as attributes of the page hold them
    hosts = (*fleet.nodes.counts, *fleet.nodes.suspects)
    groups = {_key(f"host:{one.way}:{one.host}"): places(one.names) for one in hosts}
    groups |= {f"link:{number}": places(link.names) for number, link in enumerate(fleet.links)}
    return {
        "jobs": listed,
        "texts": list(texts),
        "groups": groups,
        "names": {
            f"link:{number}": _key(f"{words.setting(link)}: {link.title}") for number, link in enumerate(fleet.links)
        },
        "titles": {_key(cause.fingerprint): _key(cause.title) for cause in fleet.causes},
        "new": [_key(cause.fingerprint) for cause in fleet.new],
        "command": harmless(f"logdoctor fleet {shell(fleet.results)} --job "),
    }


def _key(plain: str) -> str:
    return harmless(strip_ansi(plain))


def _where(job: Detail) -> str:
    rank = None if job.rank is None else f"rank {job.rank}"
    return " ".join(filter(None, (rank, job.device and f"device {job.device}", job.host and f"on {job.host}")))
