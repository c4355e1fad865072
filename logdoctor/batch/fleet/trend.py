"""Time in steps that people think in."""

from __future__ import annotations

from datetime import datetime, timedelta

from logdoctor.batch.fleet.model import Span

MOST = 48
"""Steps at most."""
_STEPS = [
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    *map(timedelta, (1, 7, 28)),
]


def span(first: datetime | None, last: datetime | None) -> Span | None:
    """The period from first to last in the shortest steps that are not too many; steps begin at midnight or the full
    hour."""
    if first is None or last is None:
        return None
    step = next((step for step in _STEPS if (last - first) / step < MOST - 1), (last - first) / (MOST - 2))
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + (first - midnight) // step * step
    return Span(start, step, (last - start) // step + 1)


def counted(times: dict[datetime | None, int], over: Span | None) -> tuple[int, ...]:
    """How many in each step."""
    if over is None:
        return ()
    counts = [0] * over.steps
    for time, number in times.items():
        if time is not None:
            counts[max(0, min(over.steps - 1, (time - over.start) // over.step))] += number
    return tuple(counts)
