"""The fleet as JSON: the contract ``logdoctor.fleet/1``, which ``fleet.schema.json`` documents."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from logdoctor.batch.fleet.model import Fleet

SCHEMA = "logdoctor.fleet/1"


def render(fleet: Fleet) -> str:
    """One JSON object and a newline, ASCII only."""
    return json.dumps(document(fleet), indent=2) + "\n"


def document(fleet: Fleet) -> dict[str, Any]:
    """The fleet as the plain data that the contract describes."""
    plain = _plain(asdict(fleet))
    plain["unreadable"] = [dict(zip(("job", "state", "reason"), one, strict=True)) for one in fleet.unreadable]
    plain["new"] = [cause.fingerprint for cause in fleet.new]
    return {"schema": SCHEMA, **plain}


def _plain(value: Any) -> Any:
    """As JSON has it: times in ISO 8601, periods in seconds."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value
