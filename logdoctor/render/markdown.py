"""A diagnosis as Markdown, for an issue or a ticket.

Whatever comes from a log is either in a fenced block whose fence it cannot close, or has every sign escaped that means
something to Markdown, HTML or the forge (``@name``, ``#123``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from logdoctor import __version__
from logdoctor.fixes import Syntax, blocks, usual
from logdoctor.formats.assembly import strip_ansi
from logdoctor.model import Diagnosis, Evidence, Finding, Fix
from logdoctor.render import words
from logdoctor.safetext import harmless

QUOTED = 3
"""Places in the logs that a finding quotes."""
WAVES = 24
"""Findings whose way through the run is shown."""

_SIGNS = re.compile(r"[\\`*\[\]|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[-+#>]|^\d+(?=[.)](?:\s|$))")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", "#": "&#35;"})
_LINK = re.compile(r"(https?)://|(www)\.")


def render(diagnosis: Diagnosis, syntax: Syntax | None = None) -> str:
    """The diagnosis as one page of GitHub's Markdown."""
    return "\n".join(_page(diagnosis, syntax or usual(diagnosis))).rstrip() + "\n"


def _page(diagnosis: Diagnosis, syntax: Syntax) -> Iterator[str]:
    findings = diagnosis.findings
    first = findings[0] if findings and findings[0].role != "advice" else None
    if diagnosis.verdict == "healthy":
        yield f"# {plain(words.healthy(diagnosis)[0])}"
        yield ""
    if first:
        yield from _first(diagnosis, first, syntax)
    if diagnosis.missing:
        yield from _section("What would decide it", _missing(diagnosis))
    yield from _section("How it spread", _cascade(diagnosis))
    rest = [finding for finding in findings if finding is not first]
    yield from _others(rest, syntax)
    yield from _section("The run", _cluster(diagnosis))
    yield from _section("Errors that nothing here explains", _quotes(diagnosis.unexplained[:QUOTED]))
    if first and first.why:
        yield from _folded("Why", (f"- {plain(sentence)}" for sentence in first.why))
    yield from _section("How this was made", _made(diagnosis))


def _first(diagnosis: Diagnosis, finding: Finding, syntax: Syntax) -> Iterator[str]:
    label = words.label(diagnosis, finding)
    yield f"# {plain(finding.title)}"
    yield ""
    sure = f"{round(100 * finding.confidence)} % sure"
    yield f"**{label[:1].upper()}{label[1:]}** · {plain(finding.component)} · {sure} · {code(finding.id)}"
    yield ""
    yield from _paragraph(finding.cause)
    if finding.guilty:
        yield f"**{plain(words.actors(finding))}**"
        yield ""
    yield from _section("Fix", _fix(finding.fix, syntax))
    yield from _section("Evidence", _quotes(finding.evidence[:QUOTED], finding.count))
    yield from _section("Read more", (f"- <{url}>" for url in finding.references if _is_link(url)))


def _fix(fix: Fix, syntax: Syntax) -> Iterator[str]:
    yield from _paragraph(fix.summary)
    for block in blocks(fix, syntax):
        yield f"{plain(block.title[:1].upper() + block.title[1:])}:"
        yield ""
        yield from fenced(block.text, block.language)
    if fix.commands:
        yield from fenced("\n".join(fix.commands), "sh")
    yield from (f"{number}. {plain(step)}" for number, step in enumerate(fix.steps, 1))
    if fix.steps:
        yield ""
    if fix.verify:
        yield "**Check**"
        yield ""
        yield from fenced("\n".join(fix.verify), "sh")


def _quotes(places: Sequence[Evidence], count: int = 0) -> Iterator[str]:
    for evidence in places:
        said = [code(words.place(evidence)), *map(plain, words.who(evidence.stream))]
        said += [plain(time)] if (time := words.time(evidence.time)) else []
        yield " · ".join(said)
        yield ""
        if evidence.context:
            width = len(str(evidence.context[-1].number))
            yield from fenced(
                "\n".join(
                    f"{'>' if quote.number == evidence.line else ' '} {quote.number:>{width}}  {quote.text}"
                    for quote in evidence.context
                ),
                "text",
            )
        else:
            yield from fenced(evidence.text, "text")
    if count > len(places):
        yield f"… and {count - len(places):,} more like {'this' if len(places) == 1 else 'these'}"
        yield ""


def _missing(diagnosis: Diagnosis) -> Iterator[str]:
    for item in diagnosis.missing:
        yield f"- **{plain(item.what)}**" + (f": {plain(item.why)}" if item.why else "")
        if item.how:
            yield ""
            yield from ("  " + line if line else line for line in fenced(item.how, "sh"))


def _cascade(diagnosis: Diagnosis) -> Iterator[str]:
    waves = words.cascade(diagnosis)
    if len(waves) < 2 and not (waves and waves[0].lanes > 1):
        return
    yield "| when | where first | what | also on |"
    yield "|---:|---|---|---|"
    for wave in waves[:WAVES]:
        also = ""
        if wave.lanes > 1:
            until = f", until {words.after(wave.until)}" if wave.until is not None else ""
            also = f"{wave.lanes - 1:,} more{until}"
        title = plain(wave.finding.title)
        title = f"**{title}**" if wave.finding.role == "root-cause" else title
        yield f"| {words.after(wave.mark.at)} | {plain(words.lane(wave.first))} | {title} | {also} |"
    if start := words.time(diagnosis.timeline.start):
        yield ""
        yield f"Counted from {plain(start)}; clocks of hosts may differ."
    yield ""


def _others(findings: Sequence[Finding], syntax: Syntax) -> Iterator[str]:
    for role, title in (("root-cause", "Also a cause"), ("contributing", "Contributing"), ("advice", "Advice")):
        chosen = [finding for finding in findings if finding.role == role]
        yield from _section(title, (line for finding in chosen for line in _brief(finding, syntax)))
    fallout = [finding for finding in findings if finding.role == "consequence"]
    if fallout:
        lines = sum(finding.count for finding in fallout)
        rows = (f"| {finding.count:,} | {plain(finding.title)} | {_first_place(finding)} |" for finding in fallout)
        title = (
            f"Fallout: {lines:,} {words.plural(lines, 'line')} of {len(fallout)} {words.plural(len(fallout), 'kind')}"
        )
        yield from _folded(title, ["| lines | what | first |", "|---:|---|---|", *rows])


def _brief(finding: Finding, syntax: Syntax) -> Iterator[str]:
    yield " · ".join(filter(None, (f"**{plain(finding.title)}**", _first_place(finding))))
    yield ""
    yield from _paragraph(finding.fix.summary)
    for block in blocks(finding.fix, syntax)[:1]:
        yield from fenced(block.text, block.language)


def _first_place(finding: Finding) -> str:
    return code(words.place(finding.evidence[0])) if finding.evidence else ""


def _cluster(diagnosis: Diagnosis) -> Iterator[str]:
    cluster = diagnosis.cluster
    rows = {
        "ranks": str(cluster.world_size) if cluster.world_size else "",
        "hosts": ", ".join(cluster.hosts),
        **{f"version of {name}": ", ".join(values) for name, values in cluster.versions.items()},
        **{name: ", ".join(values) for name, values in cluster.networks.items()},
        "started by": cluster.launcher or "",
    }
    if rows := {name: value for name, value in rows.items() if value}:
        yield from _table(rows)
    if cluster.differences:
        yield "**Differs within the run**"
        yield ""
        yield from (f"- {plain(difference)}" for difference in cluster.differences)
        yield ""
    if cluster.env:
        yield from _folded("Variables", _table({name: ", ".join(values) for name, values in cluster.env.items()}))


def _made(diagnosis: Diagnosis) -> Iterator[str]:
    yield f"logdoctor {__version__} read {words.read(diagnosis.stats)}. {plain(words.masked(diagnosis.masked))}"
    yield ""
    yield from (f"- {plain(sentence)}" for sentence in diagnosis.stats.omitted)


# -- bricks


def _section(title: str, lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield from (f"## {title}", "", *lines)
        if lines[-1]:
            yield ""


def _folded(title: str, lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    yield from ("<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>", "")


def _table(rows: Mapping[str, str]) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    for name, value in rows.items():
        yield f"| {plain(name)} | {code(value)} |"
    yield ""


def _paragraph(text: str) -> Iterator[str]:
    if text.strip():
        yield plain(text)
        yield ""


def plain(text: str) -> str:
    """Text that means nothing but itself, on one line."""
    text = harmless(" ".join(strip_ansi(text).split()))
    text = _SIGNS.sub(lambda found: "\\" + found[0] if not found[0].isdigit() else found[0] + "\\", text)
    text = text.translate(_ENTITIES)
    return _LINK.sub(lambda found: f"{found[1]}&#58;//" if found[1] else "www&#46;", text)


def code(text: str) -> str:
    """Text as it is, within a line."""
    text = harmless(" ".join(strip_ansi(text).split())).replace("|", "\\|") or " "
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def fenced(text: str, language: str) -> Iterator[str]:
    """Text as it is, as a block."""
    text = harmless(strip_ansi(text), keep="\n\t")
    fence = "`" * max(3, max(map(len, re.findall("`+", text)), default=0) + 1)
    yield from (f"{fence}{language}", *text.split("\n"), fence, "")


def _is_link(url: str) -> bool:
    return re.fullmatch(r"https?://[^\s<>]+", url) is not None
