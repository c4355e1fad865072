"""Read the many spellings of a log's time, without inventing what they leave out.

A log may lack the year (vLLM, c10, syslog), the zone (nearly all), or any date at all (kernel uptime).
:func:`normalise` gives ISO 8601 with just the parts that the log had; :func:`seconds` gives a number that orders times
of one clock.
"""

from __future__ import annotations

import re
from calendar import timegm
from typing import Any

_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: f"{number:02d}" for number, name in enumerate(_NAMES, 1)}
_CLOCK = r"(?P<clock>\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
_ZONE = r" ?(?P<zone>Z|[+-]\d\d:?\d\d)?"

_SPELLINGS = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"(?P<year>\d{{4}})[-/](?P<month>\d\d)[-/](?P<day>\d\d)[T _]{_CLOCK}{_ZONE}$",  # ISO, Python, Ray, CRI
        rf"(?P<month>\d\d)-(?P<day>\d\d) {_CLOCK}$",  # vLLM
        rf"(?P<month>\d{{1,2}}?)(?P<day>\d\d) {_CLOCK}$",  # glog (0501), c10 (501)
        rf"(?:[A-Z][a-z]{{2}} )?(?P<month>[A-Z][a-z]{{2}}) +(?P<day>\d{{1,2}}) {_CLOCK}(?: (?P<year>\d{{4}}))?$",
        r"(?P<epoch>\d{9,10}(?:\.\d+)?)$",  # UCX, libfabric
    )
)


def _parts(text: str) -> dict[str, Any] | None:
    for spelling in _SPELLINGS:
        if found := spelling.match(text):
            return found.groupdict()
    return None


def normalise(text: str | None) -> str | None:
    """ISO 8601 for a log's own time, e.g. ``2026-05-01T09:14:33.123Z``.

    Without a year it begins with ``--05-01``. Returns None for what is no time of day, such as a kernel's uptime.
    """
    if not text or not (parts := _parts(text.strip())):
        return None
    if epoch := parts.get("epoch"):
        from datetime import datetime, timezone

        return (
            datetime.fromtimestamp(float(epoch), timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )
    month, day = _MONTHS.get(parts["month"], parts["month"]), parts["day"]
    date = f"{parts.get('year') or '-'}-{month:0>2}-{day:0>2}"
    fraction = f".{parts['fraction'][:6]}" if parts.get("fraction") else ""
    return f"{date}T{parts['clock']}{fraction}{parts.get('zone') or ''}"


_A_YEAR = 366 * 86400.0


def dated(moment: float) -> bool:
    """Whether what :func:`seconds` gave counts from 1970, and not from the start of an unknown year; only moments of
    one kind can be compared."""
    return moment > _A_YEAR


def seconds(text: str | None) -> float | None:
    """Seconds on the log's own clock: since 1970 where the year is known, else since the start of the year.

    None for what is no time of day. Compare only values of one stream, or of streams whose clocks are known to agree.
    """
    if not text or not (parts := _parts(text.strip())):
        return None
    if epoch := parts.get("epoch"):
        return float(epoch)
    month = int(_MONTHS.get(parts["month"], parts["month"]))
    hour, minute, second = (int(x) for x in parts["clock"].split(":"))
    moment = timegm((int(parts.get("year") or 1970), month, int(parts["day"]), hour, minute, second, 0, 0, 0))
    zone = (parts.get("zone") or "Z").replace(":", "")
    offset = 0 if zone == "Z" else int(zone[0] + "1") * (int(zone[1:3]) * 3600 + int(zone[3:5]) * 60)
    return moment - offset + float(f"0.{parts.get('fraction') or 0}")
