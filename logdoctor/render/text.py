"""A diagnosis for people, in a terminal: the root cause, the line that shows it, the fix to copy; then the rest, short.

Strings from logs never reach the terminal as they are: every one becomes a :class:`rich.text.Text`, which knows no
markup, after :func:`logdoctor.safetext.harmless` has spelled out its control characters. Lines that are meant to be
copied stand alone, without borders, and are never wrapped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from logdoctor.fixes import Syntax, blocks, usual
from logdoctor.fixes.change import command_of, split
from logdoctor.fixes.quoting import shell
from logdoctor.formats.assembly import strip_ansi
from logdoctor.model import Cluster, Diagnosis, EnvSetting, Evidence, Finding, Fix, Flag, Missing, Stats
from logdoctor.render import words
from logdoctor.render.drawing import drawn
from logdoctor.safetext import harmless

INDENT = 2
"""Columns before a line that is meant to be copied."""
QUOTES = 2
"""Places in the logs that a finding quotes, unless all are asked for."""
QUOTED_LINES = 3
"""Lines of a place that spans several, unless all are asked for."""
LEAD = 12
"""Columns that are kept before the part of a long line that matters."""
UNEXPLAINED, NOVEL = 3, 5
"""Unexplained errors, and lines that are new before a failure, that are quoted unless all are asked for."""

_COLORS = {"error": "red", "warning": "yellow", "info": "cyan"}
_ORIGIN = {"fill in": "fill in the value"}
_TRAILING = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)
_SIGN = r"\b\w*(?:Error|Exception|WARN|FATAL|Xid|failed|timed out|refused|[Uu]nable|[Cc]annot|[Kk]illed)\b"


def render(
    diagnosis: Diagnosis,
    *,
    color: bool,
    width: int,
    verbose: bool = False,
    top: int | None = None,
    why: bool = False,
    syntax: Syntax | None = None,
) -> str:
    """The diagnosis as text of at most ``width`` columns, but for lines that are meant to be copied.

    ``color`` also brings box-drawing characters; without it all that logdoctor itself says is plain ASCII. ``verbose``
    shows every finding in full, ``top`` at most so many findings, ``why`` the reasoning behind those. ``syntax`` is
    that of the fix; by default that of what starts the run's processes.
    """
    page = _Page(diagnosis, color=color, width=width, verbose=verbose, why=why, syntax=syntax)
    parts = page.parts(diagnosis.findings[:top])
    return _TRAILING.sub(r"\1", drawn(parts, color=color, width=width, as_it_is=lambda line: True))


class _Page:
    """The parts of the text, in their order. A bare :class:`Text` is a line to copy; the rest fits the width."""

    def __init__(
        self, diagnosis: Diagnosis, *, color: bool, width: int, verbose: bool, why: bool, syntax: Syntax | None
    ) -> None:
        self.diagnosis, self.color, self.width, self.verbose, self.why = diagnosis, color, width, verbose, why
        self.syntax = syntax or usual(diagnosis)
        self.dot, self.dots, self.times = (" · ", "…", "×") if color else (", ", "...", "x")

    def parts(self, findings: Sequence[Finding]) -> Iterator[RenderableType]:
        if self.diagnosis.verdict == "healthy":
            yield self._healthy()
        full = len(findings) if self.verbose else int(bool(findings) and findings[0].role != "advice")
        for number, finding in enumerate(findings[:full]):
            if number or self.diagnosis.verdict == "healthy":
                yield ""
            yield from self._in_full(finding)
        if self.diagnosis.verdict == "consequence-only":
            yield from self._missing(self.diagnosis.missing)
        if not self.verbose:
            yield from self._in_short(findings[full:])
        if self.why:
            yield from self._reasoning(findings)
        if hidden := len(self.diagnosis.findings) - len(findings):
            yield from self._section(
                "", [self._wrapped(f"{hidden} more {words.plural(hidden, 'finding')} not shown (--top)", "dim")]
            )
        if self.diagnosis.verdict != "consequence-only":
            yield from self._missing(self.diagnosis.missing)
        if self.verbose or self.diagnosis.verdict != "root-cause":
            yield from self._places("New in this log shortly before it", self.diagnosis.novel, NOVEL)
            yield from self._places("Errors that nothing here explains", self.diagnosis.unexplained, UNEXPLAINED)
        yield from self._footer(self.diagnosis.cluster, self.diagnosis.stats)

    # -- a finding in full

    def _in_full(self, finding: Finding) -> Iterator[RenderableType]:
        yield self._panel(finding)
        yield from self._fix(finding.fix)
        references = finding.references if self.verbose else finding.references[:2]
        yield from self._section("Read more", [Text(" " * INDENT + harmless(url), "dim") for url in references])

    def _panel(self, finding: Finding) -> RenderableType:
        color = _COLORS[finding.severity] if finding.role != "advice" else "cyan"
        content: list[RenderableType] = [self._text(finding.title, f"bold {color}")]
        if finding.cause:
            content += ["", self._text(finding.cause)]
        quoted = finding.evidence if self.verbose else _telling(finding.evidence)
        if finding.guilty:
            content += ["", self._text(words.actors(finding), "bold")]
        for evidence in quoted:
            content += ["", *self._quote(evidence, self.width - 6, finding)]
        if (more := finding.count - len(quoted)) > 0:
            content += [
                Text(
                    f"{self.dots} and {more} more {words.plural(more, 'line')} like "
                    + ("this" if len(quoted) == 1 else "these"),
                    "dim",
                )
            ]
        label = words.label(self.diagnosis, finding)
        return Panel(
            Group(*content),
            box=box.ROUNDED if self.color else box.ASCII,
            title=Text(label, f"bold {color}"),
            title_align="left",
            subtitle=Text(harmless(f"{finding.id}, {round(100 * finding.confidence)} % sure"), "dim"),
            subtitle_align="right",
            border_style=color,
            padding=(1, 2) if self.color else (0, 2),
            width=self.width,
        )

    def _quote(self, evidence: Evidence, width: int, finding: Finding | None = None) -> Iterator[Text]:
        """Where it stands and who said it, then the line itself."""
        stream = evidence.stream
        rank = None if stream.rank is None else f"rank {stream.rank}"
        who = [part for part in (rank, stream.process, stream.host, words.time(evidence.time)) if part]
        place = Text(harmless(words.place(evidence)), "cyan", overflow="fold")
        yield place.append(harmless(f"  {self.dot.join(who)}") if who else "", "dim")
        lines = [clean for line in evidence.text.splitlines() if (clean := self._clean(line)).strip()] or [""]
        for line in lines if self.verbose else lines[:QUOTED_LINES]:
            yield Text(f"  {self._cut(line, width - 2, finding)}", "dim", no_wrap=True)

    def _clean(self, line: str) -> str:
        return harmless(strip_ansi(line).expandtabs(4)).rstrip()

    def _cut(self, line: str, width: int, finding: Finding | None) -> str:
        """At most ``width`` columns of the line: those with what the finding speaks of, if they are not the first."""
        if Text(line).cell_len <= width:
            return line
        room = width - 2 * len(self.dots) - 1
        if (start := _telling_part(line, room, finding)) > len(self.dots):
            line = f"{self.dots} {line[start:].lstrip()}"
        text = Text(line)
        if text.cell_len > width:
            text.truncate(width - len(self.dots))
            text.append(self.dots)
        return text.plain

    # -- the fix

    def _fix(self, fix: Fix) -> Iterator[RenderableType]:
        copied = [*self._pasted(fix), *self._commands(fix.commands)]
        if not (fix.summary or copied or fix.steps):
            return
        yield ""
        yield self._entry(Text("Fix", "bold green"), self._text(fix.summary, "bold"))
        if copied:
            yield ""
            yield from copied
        if fix.steps:
            yield ""
        for number, step in enumerate(fix.steps, 1):
            bullet = f"{number}." if len(fix.steps) > 1 else "-"
            yield Padding(self._entry(Text(bullet, "green"), self._text(step)), (0, 0, 0, INDENT))
        yield from self._section("Check", self._commands(fix.verify))

    def _pasted(self, fix: Fix, brief: bool = False) -> Iterator[RenderableType]:
        """The settings and options in the user's syntax; only the first of several texts where brevity is wanted."""
        if self.syntax is Syntax.shell:
            yield from self._settings(fix.env)
            yield from self._flags(fix.flags)
            return
        for number, block in enumerate(blocks(fix, self.syntax)[: 1 if brief else None]):
            yield from [""] * bool(number)
            yield from self._copied("", block.title)
            yield from (Text(f"{' ' * INDENT}{harmless(line)}", "bold") for line in block.text.splitlines())

    def _settings(self, settings: Sequence[EnvSetting]) -> Iterator[Text]:
        for setting in settings:
            value, remark = split(setting.value or "")
            line = f"unset {setting.name}" if setting.value is None else f"export {setting.name}={shell(value)}"
            origin = _ORIGIN.get(setting.origin, setting.origin)
            origin = f"from {origin}" if re.search(r" line \d+$", origin) else origin
            yield from self._copied(line, setting.where, origin, remark)

    def _flags(self, flags: Sequence[Flag]) -> Iterator[Text]:
        for flag in flags:
            command, remark = command_of(flag.of)
            value, more = split(flag.value or "")
            option = f"{flag.name}{'=' if flag.name.startswith('--') else ' '}{shell(value)}" if value else flag.name
            if flag.drop:
                yield from self._copied("", f"{command}: drop {option}", remark, more)
            else:
                yield from self._copied(f"{command} {option}", remark, more)

    def _commands(self, commands: Sequence[str]) -> Iterator[Text]:
        for command in commands:
            for line in command.splitlines():
                yield from self._copied(*split(line))

    def _copied(self, line: str, *remarks: str) -> Iterator[Text]:
        """A line to copy, with its remarks behind it where there is room, else above it."""
        line, remarks = harmless(line.expandtabs(4)), tuple(harmless(remark) for remark in remarks if remark)
        indent, remark = " " * INDENT, "; ".join(remarks)
        if not remark:
            yield Text(f"{indent}{line}", "bold")
        elif line and INDENT + len(line) + 5 + len(remark) <= self.width:
            yield Text.assemble(indent, (line, "bold"), (f"   # {remark}", "dim"))
        else:
            above = [remark] if INDENT + 2 + len(remark) <= self.width else remarks
            yield from (
                Text(f"{indent}{part}", "dim") for remark in above for part in _comment(remark, self.width - INDENT)
            )
            if line:
                yield Text(f"{indent}{line}", "bold")

    # -- the other findings

    def _in_short(self, findings: Sequence[Finding]) -> Iterator[RenderableType]:
        roles = {role: [finding for finding in findings if finding.role == role] for role in words.LABELS}
        if fallout := roles["consequence"]:
            lines = sum(finding.count for finding in fallout)
            headline = {
                "consequence-only": "Other fallout",
                "root-cause": f"Explains {lines:,} more {words.plural(lines, 'line')}",
            }
            yield from self._section(headline.get(self.diagnosis.verdict, "Fallout"), [self._table(fallout)])
        for name, others in {"Also a cause": roles["root-cause"], "Contributing": roles["contributing"]}.items():
            for finding in others:
                yield from self._section(name, self._brief(finding))
        yield from self._section("Advice", [part for finding in roles["advice"] for part in self._brief(finding)])

    def _table(self, findings: Sequence[Finding]) -> RenderableType:
        table = Table.grid(padding=(0, 2, 0, 0), expand=False)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis" if self.color else "crop", ratio=1)
        table.add_column(no_wrap=True, overflow="fold")
        for finding in findings:
            place = harmless(words.place(finding.evidence[0])) if finding.evidence else ""
            room = max(16, self.width - INDENT - 12 - len(place))
            title = self._cut(harmless(finding.title), room, None)
            table.add_row(Text(f"{finding.count}{self.times}", "bold"), Text(title), Text(place, "cyan"))
        return Padding(table, (0, 0, 0, INDENT))

    def _brief(self, finding: Finding) -> Iterator[RenderableType]:
        """A finding in a few lines: what, where, and the fix."""
        place = harmless(words.place(finding.evidence[0])) if finding.evidence else ""
        title = self._text(finding.title, f"bold {_COLORS[finding.severity]}" if finding.role != "advice" else "bold")
        yield Padding(title.append(f"  {place}", "not bold cyan"), (0, 0, 0, INDENT))
        if finding.fix.summary:
            yield Padding(self._text(finding.fix.summary), (0, 0, 0, 2 * INDENT))
        yield from self._pasted(finding.fix, brief=True)

    # -- the reasoning

    def _reasoning(self, findings: Sequence[Finding]) -> Iterator[RenderableType]:
        """Step by step, what led to each finding and its role."""
        for finding in findings:
            role = f"{words.LABELS[finding.role]}, {round(100 * finding.confidence)} % sure"
            steps = [Padding(self._entry(Text("-"), self._text(step)), (0, 0, 0, INDENT)) for step in finding.why]
            yield from self._section(f"Why {finding.id} ({role})", steps)

    # -- the rest

    def _healthy(self) -> RenderableType:
        sentence, good = words.healthy(self.diagnosis)
        return self._wrapped(sentence, "bold green" if good else "yellow")

    def _missing(self, missing: Sequence[Missing]) -> Iterator[RenderableType]:
        parts: list[RenderableType] = []
        for item in missing:
            what = self._text(item.what, "bold")
            parts.append(
                Padding(
                    self._entry(
                        Text("-", "yellow"), what.append(harmless(f": {item.why}") if item.why else "", "not bold")
                    ),
                    (0, 0, 0, INDENT),
                )
            )
            line, remark = split(item.how)
            parts.extend(Text.assemble("  ", part) for part in self._copied(line, remark))
        unknown = self.diagnosis.verdict == "unknown-failure"
        yield from self._section("If that is not enough" if unknown else "What would decide it", parts, "yellow")

    def _places(self, title: str, places: Sequence[Evidence], most: int) -> Iterator[RenderableType]:
        """Places in the logs, quoted; the first ``most`` unless all are asked for."""
        shown = places if self.verbose else places[:most]
        parts: list[RenderableType] = [
            Padding(line, (0, 0, 0, INDENT))
            for evidence in shown
            for line in self._quote(evidence, self.width - INDENT)
        ]
        if more := len(places) - len(shown):
            parts.append(Padding(Text(f"{self.dots} and {more} more (--verbose)", "dim"), (0, 0, 0, INDENT)))
        yield from self._section(title, parts)

    def _footer(self, cluster: Cluster, stats: Stats) -> Iterator[RenderableType]:
        yield from self._section(
            "Differs within the run", [self._item(difference) for difference in cluster.differences]
        )
        if self.verbose:
            known = {**{f"version {name}": values for name, values in cluster.versions.items()}, **cluster.env}
            yield from self._section(
                "Known of the run",
                [self._item(f"{name}: {', '.join(values)}") for name, values in sorted(known.items())],
            )
            yield from self._section("Left out", [self._item(sentence) for sentence in stats.omitted])
        yield ""
        if run := words.run(cluster, self.dot if self.color else "; "):
            yield self._wrapped(run, "dim")
        left_out = (
            f"; {len(stats.omitted)} {words.plural(len(stats.omitted), 'note')} on what was left out"
            if stats.omitted
            else ""
        )
        yield self._wrapped(f"{words.read(stats)}{left_out}", "dim")
        if self.diagnosis.masked is not None:
            yield self._wrapped(words.masked(self.diagnosis.masked), "dim")

    # -- bricks

    def _section(
        self, title: str, parts: Sequence[RenderableType] | Iterator[RenderableType], style: str = ""
    ) -> Iterator[RenderableType]:
        """A blank line, a headline and the parts; nothing if there are no parts."""
        if parts := list(parts):
            yield ""
            if title:
                yield self._wrapped(title, f"bold {style}")
            yield from parts

    def _text(self, text: str, style: str = "") -> Text:
        return Text(harmless(text.strip().replace("\n", " ").expandtabs(4)), style, overflow="fold")

    def _wrapped(self, text: str, style: str = "") -> RenderableType:
        return Padding(self._text(text, style), 0)

    def _item(self, text: str) -> RenderableType:
        return Padding(self._text(text), (0, 0, 0, INDENT))

    def _entry(self, head: Text, body: Text) -> RenderableType:
        """A short head with the text hanging beside it."""
        table = Table.grid(padding=(0, 1 if head.cell_len < 3 else 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        table.add_row(head, body)
        return table


def _telling(evidence: Sequence[Evidence]) -> Sequence[Evidence]:
    """The places worth quoting: the first, and the first of another log or rank."""
    if not evidence:
        return ()
    first, rank = evidence[0], evidence[0].stream.rank
    others = (
        e for e in evidence if e.source != first.source or (e.stream.rank != rank and None not in (rank, e.stream.rank))
    )
    return (first, *islice(others, QUOTES - 1))


def _telling_part(line: str, width: int, finding: Finding | None) -> int:
    """Where the part of that width begins that holds most of what the finding, or trouble as such, speaks of."""
    title, cause = (
        set(re.findall(r"[\w.:/-]{3,}", text)) for text in ((finding.title, finding.cause) if finding else ("", ""))
    )
    words = sorted((word for word in title | cause if word in line), key=len, reverse=True)
    hits = [(found.start(), found[0]) for found in re.finditer("|".join([*map(re.escape, words), _SIGN]), line)]

    weights = {word: len(word) * (3 if word in title else 1) * (2 if re.search(r"\d", word) else 1) for _, word in hits}

    def weight(start: int) -> int:
        return sum(
            weights[word] for word in {word for at, word in hits if start <= at and at + len(word) <= start + width}
        )

    start = max(
        (0, *(min(max(0, at - LEAD), len(line) - width) for at, _ in hits)), key=lambda start: (weight(start), -start)
    )
    word = line.find(" ", start, start + LEAD)
    return word + 1 if start and word >= 0 else start


def _comment(remark: str, width: int) -> list[str]:
    """The remark as comment lines."""
    import textwrap

    return [f"# {part}" for part in textwrap.wrap(remark, max(20, width - 2), break_long_words=False)]
