"""A diagnosis as one HTML page; :mod:`logdoctor.render.markup` makes it one that needs nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from logdoctor import __version__
from logdoctor.fixes import Syntax, blocks, usual
from logdoctor.formats.assembly import strip_ansi
from logdoctor.model import Diagnosis, Evidence, Finding, Fix, Lane, Mark
from logdoctor.render import words
from logdoctor.render.markup import Html, box, join, page, paste, tag, text
from logdoctor.safetext import harmless

TEXT = 160
"""Characters of its line that a mark in the picture shows."""
WAVES = 40
"""Findings whose way through the run is listed below the picture."""
QUOTED = 4
"""Places in the logs that are quoted for the root cause."""
_LEGEND = {"root-cause": "first failure", "contributing": "contributing", "consequence": "fallout"}
HOSTS = 24
"""Hosts that are named."""
_KINDS = {"finding": 0, "progress": 1, "first": 2, "last": 3}


def render(diagnosis: Diagnosis, syntax: Syntax | None = None) -> str:
    """The page."""
    return page(
        _title(diagnosis),
        _Page(diagnosis, syntax or usual(diagnosis)).body(),
        _data(diagnosis),
        styles=["report.css"],
        scripts=["common.js", "report.js"],
        skip=("findings", "the findings"),
    )


def _title(diagnosis: Diagnosis) -> str:
    if diagnosis.verdict == "healthy" or not diagnosis.findings:
        return words.healthy(diagnosis)[0]
    return f"{diagnosis.findings[0].title} - logdoctor"


class _Page:
    def __init__(self, diagnosis: Diagnosis, syntax: Syntax) -> None:
        self.diagnosis, self.syntax = diagnosis, syntax

    def body(self) -> Html:
        """The whole page, but for what the template holds."""
        diagnosis = self.diagnosis
        header = tag("header", tag("b", "logdoctor"), tag("span", words.run(diagnosis.cluster, " · "), class_="run"))
        main = tag(
            "main", *self._lead(), *self._picture(), *self._evidence(), *self._findings(), *self._run(), *self._why()
        )
        return join([header, main, self._footer()])

    # -- the root cause and its fix

    def _lead(self) -> Iterator[Html]:
        diagnosis = self.diagnosis
        first = diagnosis.findings[0] if diagnosis.findings else None
        if diagnosis.verdict == "healthy" or first is None or first.role == "advice":
            good = words.healthy(diagnosis)
            tone = "tone-healthy" if good[1] else "tone-contributing"
            head = tag("div", tag("p", "Verdict", class_="label"), tag("h1", good[0]), class_="head")
            yield tag("section", head, class_=f"lead {tone}")
            return
        label = words.label(diagnosis, first)
        head = tag(
            "div",
            tag(
                "p",
                label[:1].upper() + label[1:],
                tag("span", f"{first.component} · {round(100 * first.confidence)} % sure"),
                class_="label",
            ),
            tag("h1", first.title),
            class_="head",
        )
        cause = tag(
            "div",
            *(tag("p", part) for part in [first.cause] if part),
            *(tag("p", words.actors(first), class_="guilty") for _ in first.guilty[:1]),
            *(_shows(evidence) for evidence in first.evidence[:1]),
            class_="cause",
        )
        yield tag(
            "section", head, cause, tag("div", *self._cards(first), class_="cards"), class_=f"lead tone-{first.role}"
        )

    def _evidence(self) -> Iterator[Html]:
        first = self.diagnosis.findings[0] if self.diagnosis.findings else None
        if first and first.role != "advice" and any(evidence.context for evidence in first.evidence):
            yield tag("section", tag("h2", "Evidence"), self._quotes(first.evidence[:QUOTED], first.count))

    def _cards(self, finding: Finding) -> Iterator[Html]:
        if fix := self._fix(finding.fix):
            yield fix
        if missing := self.diagnosis.missing:
            items = (
                tag(
                    "li",
                    tag("b", item.what),
                    f": {item.why}" if item.why else "",
                    *([box(item.how)] if item.how else []),
                )
                for item in missing
            )
            yield tag("section", tag("h2", "What would decide it"), tag("ul", *items), class_="card missing")

    def _fix(self, fix: Fix) -> Html | None:
        """The fix to copy, in every syntax; the one at hand is shown."""
        pasted = {syntax: blocks(fix, syntax) for syntax in Syntax}
        parts: list[Html] = [tag("p", fix.summary, class_="summary")] if fix.summary else []
        chooser = Html("")
        if any(pasted.values()):
            options = (
                tag("option", syntax.value, value=syntax.value, selected=syntax is self.syntax) for syntax in Syntax
            )
            chooser = tag("select", *options, id="syntax", hidden=True, aria_label="Where the fix is pasted")
            parts += [
                tag(
                    "div",
                    *(paste(block.title, block.text) for block in found),
                    class_="paste",
                    data_syntax=syntax.value,
                    hidden=syntax is not self.syntax,
                )
                for syntax, found in pasted.items()
            ]
        if fix.commands:
            parts.append(box("\n".join(fix.commands)))
        if fix.steps:
            parts.append(tag("ol" if len(fix.steps) > 1 else "ul", *(tag("li", step) for step in fix.steps)))
        if fix.verify:
            check = paste("Check", "\n".join(fix.verify))
            parts.append(tag("div", check, class_="check"))
        if not parts:
            return None
        top = tag("div", tag("h2", "Fix"), chooser, class_="top")
        return tag("section", top, *parts, class_="card fix")

    # -- the picture

    def _picture(self) -> Iterator[Html]:
        timeline = self.diagnosis.timeline
        if not timeline.lanes or not any(mark.kind == "finding" for lane in timeline.lanes for mark in lane.marks):
            return
        waves = words.cascade(self.diagnosis)
        legend = tag(
            "div",
            *(
                tag("span", tag("i", class_=f"tone-{role}"), name, class_=f"tone-{role}")
                for role, name in (
                    ("root-cause", "first failure"),
                    ("contributing", "contributing"),
                    ("consequence", "fallout"),
                )
                if any(wave.finding.role == role for wave in waves)
            ),
            *(
                tag("span", tag("i", class_="went"), "progress")
                for _ in [0]
                if any(mark.kind == "progress" for lane in timeline.lanes for mark in lane.marks)
            ),
            class_="legend",
        )
        buttons = (
            tag("button", label, type="button", data_zoom=name, aria_label=said)
            for name, label, said in (
                ("failure", "Failure", "Zoom to the failure"),
                ("whole", "Whole run", "Show the whole run"),
                ("out", "−", "Zoom out"),
                ("in", "+", "Zoom in"),
            )
        )
        lanes = len(timeline.lanes)
        spoken = (
            f"{lanes} {words.plural(lanes, 'lane')} over time, one for each rank, process or host. Arrow up and down "
            "read them one by one, plus and minus zoom, arrow left and right move, 0 shows the whole run. "
            "The table below says the same in words."
        )
        stage = tag(
            "div",
            tag("canvas", tabindex=0, role="application", aria_label=spoken),
            tag("div", class_="tip"),
            class_="stage",
            hidden=True,
        )
        yield tag(
            "section",
            tag("h2", "What happened, lane by lane"),
            tag("div", legend, *buttons, class_="bar"),
            stage,
            tag("div", class_="hidden", aria_live="polite"),
            self._waves(waves),
            class_="picture",
            aria_label="Timeline",
        )

    def _waves(self, waves: Sequence[words.Wave]) -> Html:
        start = words.time(self.diagnosis.timeline.start)
        rows = [
            tag(
                "tr",
                tag("td", words.after(wave.mark.at), class_="number"),
                tag("td", words.lane(wave.first)),
                tag("td", wave.finding.title),
                tag("td", _also(wave), class_="number"),
                class_=wave.finding.role,
            )
            for wave in waves[:WAVES]
        ]
        head = tag(
            "thead", tag("tr", *(tag("th", name, scope="col") for name in ("When", "Where first", "What", "Also on")))
        )
        said = f"How it spread, counted from {start}; clocks of hosts may differ." if start else "How it spread."
        return tag("div", tag("table", tag("caption", said), head, tag("tbody", *rows)), class_="scroll waves")

    # -- all findings

    def _findings(self) -> Iterator[Html]:
        findings = self.diagnosis.findings
        if not findings:
            return
        roles = [role for role in words.LABELS if any(finding.role == role for finding in findings)]
        filters = tag(
            "div",
            tag("input", type="search", id="query", placeholder="Filter", aria_label="Filter the findings"),
            *(
                tag("button", words.LABELS[role], type="button", value=role, aria_pressed="false")
                for role in roles
                if len(roles) > 1
            ),
            tag("output", for_="query"),
            class_="filters",
            hidden=True,
            role="search",
        )
        items = (self._finding(finding) for finding in findings)
        yield tag("section", tag("h2", "All findings"), filters, tag("ul", *items, class_="findings"), id="findings")
        if self.diagnosis.unexplained:
            quotes = self._quotes(self.diagnosis.unexplained[:10])
            title = f"Errors that nothing here explains ({len(self.diagnosis.unexplained)})"
            yield tag("section", tag("h2", title), quotes)

    def _finding(self, finding: Finding) -> Html:
        place = words.place(finding.evidence[0]) if finding.evidence else ""
        summary = tag(
            "summary",
            tag("span", words.LABELS[finding.role], class_="role"),
            tag("span", finding.title, class_="title"),
            tag("span", f"{finding.count:,}× {place}", class_="meta"),
        )
        linked = [*(f"caused by {id}" for id in finding.caused_by), *(f"explains {id}" for id in finding.explains)]
        pasted = blocks(finding.fix, self.syntax)
        body = tag(
            "div",
            *(tag("p", part) for part in [finding.cause] if part),
            self._quotes(finding.evidence),
            *(tag("p", tag("b", "Fix: "), finding.fix.summary) for _ in [0] if finding.fix.summary),
            *(paste(block.title, block.text) for block in pasted),
            *(tag("p", "; ".join(linked), class_="soft") for _ in linked[:1]),
            *(tag("p", _link(url)) for url in finding.references),
            tag("p", f"{finding.id} · {round(100 * finding.confidence)} % sure", class_="soft mono"),
            class_="body",
        )
        return tag(
            "li", tag("details", summary, body), class_=f"{finding.role} tone-{finding.role}", data_role=finding.role
        )

    def _quotes(self, places: Sequence[Evidence], count: int = 0) -> Html:
        """Places in the logs; one that stands among the lines around another is shown there."""
        shown: list[tuple[Evidence, set[int]]] = []
        for evidence in places:
            for other, hits in shown:
                if other.source == evidence.source and evidence.line in {quote.number for quote in other.context}:
                    hits.add(evidence.line)
                    break
            else:
                shown.append((evidence, {evidence.line}))
        more = count - len(places)
        rest = f"… and {more:,} more like {'this' if len(places) == 1 else 'these'}"
        parts = [*(_quote(evidence, hits) for evidence, hits in shown), *[tag("p", rest, class_="soft")] * (more > 0)]
        return tag("div", *parts, class_="quotes") if parts else Html("")

    # -- the run

    def _run(self) -> Iterator[Html]:
        cluster = self.diagnosis.cluster
        known: Mapping[str, Mapping[str, str]] = {
            "Cluster": {
                "Ranks": str(cluster.world_size) if cluster.world_size else "",
                "Hosts": ", ".join(cluster.hosts[:HOSTS])
                + (f" and {len(cluster.hosts) - HOSTS} more" * (len(cluster.hosts) > HOSTS)),
                "Started by": cluster.launcher or "",
                **{name: ", ".join(values) for name, values in cluster.networks.items()},
            },
            "Versions": {name: ", ".join(values) for name, values in cluster.versions.items()},
        }
        tables = [
            _table(title, {name: value for name, value in rows.items() if value}) for title, rows in known.items()
        ]
        env = _table("Variables", {name: ", ".join(values) for name, values in cluster.env.items()})
        parts = []
        if cluster.differences:
            items = (tag("li", difference) for difference in cluster.differences)
            parts.append(tag("div", tag("h3", "Differs within the run"), tag("ul", *items, class_="differs")))
        parts += [tag("div", *filter(None, tables), class_="facts")] if any(tables) else []
        if env:
            parts.append(tag("details", tag("summary", f"Variables ({len(cluster.env)})"), env, class_="more"))
        if parts:
            yield tag("section", tag("h2", "The run"), tag("div", *parts, class_="quotes"))

    def _why(self) -> Iterator[Html]:
        first = self.diagnosis.findings[0] if self.diagnosis.findings else None
        if first and first.why:
            items = (tag("li", sentence) for sentence in first.why)
            summary = tag("summary", "Why this and nothing else")
            yield tag("section", tag("details", summary, tag("ol", *items, class_="why"), class_="more"))

    def _footer(self) -> Html:
        stats = self.diagnosis.stats
        return tag(
            "footer",
            tag("p", f"Made by logdoctor {__version__} from {words.read(stats)}. Nothing left the machine."),
            tag("p", words.masked(self.diagnosis.masked)),
            *(tag("p", sentence) for sentence in stats.omitted[:20]),
        )


def _quote(evidence: Evidence, hits: Collection[int]) -> Html:
    said = [*words.who(evidence.stream), *filter(None, [words.time(evidence.time)])]
    caption = tag("figcaption", tag("b", words.place(evidence)), *(tag("span", part) for part in said))
    lines = [(quote.number, quote.text) for quote in evidence.context]
    lines = lines or [(evidence.line, line) for line in evidence.text.splitlines() or [""]]
    rows = (
        tag("span", line or " ", class_="row hit" if number in hits else "row", data_n=number) for number, line in lines
    )
    return tag("figure", caption, tag("pre", tag("code", *rows)), class_="quote")


def _shows(evidence: Evidence) -> Html:
    """The one line that shows it."""
    said = " · ".join([words.place(evidence), *words.who(evidence.stream)])
    return tag("pre", tag("b", said), evidence.text.strip()[:600], class_="shows")


def _table(title: str, rows: Mapping[str, str]) -> Html | None:
    if not rows:
        return None
    body = (tag("tr", tag("th", name, scope="row"), tag("td", value, class_="mono")) for name, value in rows.items())
    return tag("table", tag("caption", title), tag("tbody", *body))


def _link(url: str) -> Html:
    if not url.startswith(("https://", "http://")):
        return text(url)
    return tag("a", url, href=url, rel="noreferrer noopener", target="_blank")


def _also(wave: words.Wave) -> str:
    if wave.lanes < 2:
        return ""
    return f"{wave.lanes - 1:,} more" + (f" until {words.after(wave.until)}" if wave.until is not None else "")


def _data(diagnosis: Diagnosis) -> dict[str, Any]:
    """What the picture is drawn from, small: texts and names stand once."""
    timeline = diagnosis.timeline
    sources: dict[str, int] = {}
    texts: dict[str, int] = {"": 0}
    numbers = {finding.id: number for number, finding in enumerate(diagnosis.findings)}
    timed = timeline.start is not None

    def entry(mark: Mark) -> list[Any]:
        line = harmless(strip_ansi(mark.text)).strip()[:TEXT] if mark.kind == "finding" else ""
        return [
            _KINDS[mark.kind],
            mark.at if timed else mark.line,
            numbers.get(mark.finding, 0),
            mark.count,
            sources.setdefault(mark.source, len(sources)),
            mark.line,
            texts.setdefault(line, len(texts)),
        ]

    lanes = [
        [harmless(words.lane(lane)), harmless(lane.stream.host or lane.source), [*map(entry, lane.marks)]]
        for lane in timeline.lanes
    ]
    first = diagnosis.findings[0] if diagnosis.findings else None
    guilty = [number for number, lane in enumerate(timeline.lanes) if first and _is_guilty(lane, first)]
    return {
        "guilty": guilty,
        "label": "first failure" if diagnosis.verdict == "root-cause" else "first seen",
        "unit": "s" if timed else "line",
        "first": 0,
        "findings": [[harmless(finding.title), finding.role] for finding in diagnosis.findings],
        "lanes": lanes,
        "sources": [*map(harmless, sources)],
        "texts": list(texts),
    }


def _is_guilty(lane: Lane, finding: Finding) -> bool:
    """Whether a lane is one of those to look at."""
    stream = lane.stream
    return any(
        actor.rank == stream.rank if actor.rank is not None else (actor.host, actor.pid) == (stream.host, stream.pid)
        for actor in finding.guilty
        if actor.rank is not None or actor.host or actor.pid is not None
    )
