"""Pictures of the fleet, as SVG that stands in the page: no script draws them, no style but the page's colours them."""

from __future__ import annotations

from collections.abc import Sequence

from logdoctor.batch.fleet.model import Cause, Span
from logdoctor.batch.fleet.nodes import TIMES, Nodes
from logdoctor.render.markup import Html, tag
from logdoctor.render.words import plural

COLORS = 5
"""Causes with a colour of their own."""


def bar(count: float, most: float, title: str) -> Html:
    """A part of the whole."""
    width = max(1.0, 72 * count / most) if most else 0
    return tag(
        "svg",
        tag("title", title),
        tag("rect", x=0, y=2, width=f"{width:.1f}", height=8, rx=2, class_="share"),
        viewBox="0 0 72 12", width=72, height=12, role="img",
    )  # fmt: skip


def spark(span: Span, trend: Sequence[int]) -> Html:
    """Jobs in each step, small."""
    most, wide = max(trend, default=0) or 1, 144 / max(1, len(trend))
    bars = (
        tag(
            "rect",
            tag("title", f"{_day(span, step)}: {count:,} {plural(count, 'job')}"),
            x=f"{step * wide:.2f}", y=f"{22 - 20 * count / most:.2f}",
            width=f"{max(1.0, wide - 1):.2f}", height=f"{20 * count / most:.2f}",
        )
        for step, count in enumerate(trend)
        if count
    )  # fmt: skip
    base = tag("line", x1=0, x2=144, y1=22.5, y2=22.5)
    return tag("svg", base, *bars, class_="spark", viewBox="0 0 144 23", width=144, height=23, role="img")


def stacked(span: Span, causes: Sequence[Cause]) -> Html:
    """Failures over time, by cause: the most frequent ones with a colour of their own, the others together."""
    width, height, left, bottom = 960, 190, 34, 22
    rows = [list(cause.trend) for cause in causes[:COLORS]]
    if rest := [cause.trend for cause in causes[COLORS:]]:
        rows.append([sum(counts) for counts in zip(*rest, strict=True)])
    totals = [sum(counts) for counts in zip(*rows, strict=True)]
    most = _round(max(totals))
    wide = (width - left) / span.steps
    tall = height - bottom - 8
    parts = []
    for line in sorted({0, most // 2, most}):
        y = 8 + tall * (1 - line / most)
        parts.append(tag("line", x1=left, x2=width, y1=f"{y:.1f}", y2=f"{y:.1f}", class_="grid"))
        parts.append(tag("text", f"{line:,}", x=left - 8, y=f"{y + 4:.1f}", text_anchor="end"))
    for step in range(span.steps):
        y = 8.0 + tall
        for number, row in enumerate(rows):
            if not row[step]:
                continue
            part = tall * row[step] / most
            y -= part
            said = causes[number].title if number < COLORS else "other root causes"
            parts.append(
                tag(
                    "rect",
                    tag("title", f"{_day(span, step)}: {row[step]:,} {plural(row[step], 'job')}, {said}"),
                    x=f"{left + step * wide + wide * 0.08:.2f}", y=f"{y:.2f}",
                    width=f"{wide * 0.84:.2f}", height=f"{part:.2f}",
                    class_=f"c{number}" if number < COLORS else "rest",
                )
            )  # fmt: skip
    every = max(1, -(-span.steps // 8))
    parts += [
        tag("text", _day(span, step), x=f"{left + (step + 0.5) * wide:.1f}", y=height - 5, text_anchor="middle")
        for step in range(0, span.steps, every)
        if left + (step + 0.5) * wide < width - 30
    ]
    label = f"{sum(totals):,} failures with a known root cause over time; the table below says the same in numbers"
    return tag("svg", *parts, viewBox=f"0 0 {width} {height}", role="img", aria_label=label, class_="stacked")


def hosts(nodes: Nodes) -> Html:
    """Failures of each host that has any, beside those to be expected; the accused by name."""
    width, height, left, bottom = 560, 300, 44, 40
    points = [one for one in nodes.counts if one.way == "named"]
    bad = {one.host for one in nodes.suspects}
    across = max(max(one.expected for one in points) * 1.25, 1.0)
    up = _round(max(one.failures for one in points) + 1)

    def x(expected: float) -> float:
        return left + (width - left - 110) * expected / across

    def y(failures: float) -> float:
        return 10 + (height - bottom - 10) * (1 - failures / up)

    parts = [
        tag("line", x1=left, x2=width - 8, y1=f"{y(0):.1f}", y2=f"{y(0):.1f}", class_="grid"),
        tag("line", x1=left, x2=left, y1=10, y2=f"{y(0):.1f}", class_="grid"),
    ]
    for slope, name in ((1.0, "as expected"), (TIMES, f"{TIMES:.0f} times as many")):
        end = min(across, up / slope)
        parts.append(
            tag("line", x1=left, y1=f"{y(0):.1f}", x2=f"{x(end):.1f}", y2=f"{y(end * slope):.1f}", class_="slope")
        )
        parts.append(tag("text", name, x=f"{x(end) + 6:.1f}", y=f"{y(end * slope) + 4:.1f}", class_="faint"))
    parts += [
        tag("text", f"{number}", x=left - 8, y=f"{y(number) + 4:.1f}", text_anchor="end")
        for number in sorted({0, up // 2, up})
    ]
    parts.append(tag("text", "failures expected", x=f"{x(across / 2):.0f}", y=height - 6, text_anchor="middle"))
    parts.append(tag("text", f"{across:.1f}", x=f"{x(across):.1f}", y=f"{y(0) + 16:.1f}", text_anchor="middle"))
    parts.append(tag("text", "failures", x=left + 6, y=18))
    named: list[tuple[float, float]] = []
    for one in sorted(points, key=lambda one: one.host in bad):
        said = f"{one.host}: {one.failures} of {one.jobs} jobs, {one.expected:.2f} expected"
        across_, up_, is_bad = x(one.expected), y(one.failures), one.host in bad
        place = {"cx": f"{across_:.1f}", "cy": f"{up_:.1f}"}
        circle = tag("circle", tag("title", said), **place, r=5 if is_bad else 4, class_="bad" if is_bad else "host")
        parts.append(tag("a", circle, href="#jobs", data_show=f"host:named:{one.host}", aria_label=said))
        is_free = all(abs(across_ - left_) > 80 or abs(up_ - top) > 13 for left_, top in named)
        if is_bad and is_free:  # the table has the names that would lie on others
            named.append((across_, up_))
            parts.append(tag("text", one.host, x=f"{across_ + 9:.1f}", y=f"{up_ + 4:.1f}", class_="bad"))
    label = f"Failures of {len(points)} hosts beside those to be expected; the bad nodes are listed above"
    return tag("svg", *parts, viewBox=f"0 0 {width} {height}", role="img", aria_label=label, class_="nodes")


def _day(span: Span, step: int) -> str:
    time = span.start + step * span.step
    return f"{time:%Y-%m-%d}" if span.step.total_seconds() >= 86400 else f"{time:%m-%d %H:%M}"


def _round(value: int) -> int:
    """The next number that ends an axis: even, and round when it is large."""
    step = 2
    while value > 12 * step:
        step *= 5 if str(step)[0] == "2" else 2
    return max(2, -(-value // step) * step)
