"""One table of the fleet as CSV, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from logdoctor.batch.fleet.model import Fleet
from logdoctor.render.fleet.json import document
from logdoctor.safetext import harmless

TABLES = ("causes", "nodes", "links", "unexplained", "unreadable")
_FORMULA = ("=", "+", "-", "@")


def render(fleet: Fleet, table: str = "causes") -> str:
    """The table as CSV with a head, its columns named as in the JSON; lists are parted by spaces.

    What a spreadsheet would take for a formula begins with an apostrophe.
    """
    plain = document(fleet)
    rows = plain["nodes"]["counts"] if table == "nodes" else plain[table]
    if table == "nodes":
        bad = {one["host"] for one in plain["nodes"]["suspects"]}
        rows = [{"bad": one["host"] in bad, **one} for one in rows]
    flat = [{key: _cell(value) for key, value in _flattened(row).items()} for row in rows]
    out = io.StringIO()
    writer = csv.DictWriter(
        out, list(dict.fromkeys(key for row in flat for key in row)), restval="", lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(flat)
    return out.getvalue()


def _flattened(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        flat |= _flattened(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if not isinstance(value, str):
        return value
    value = harmless(value)
    return f"'{value}" if value.startswith(_FORMULA) else value
