"""What tells one kind of failure from another, in all jobs that met it."""

from __future__ import annotations

import hashlib
import re

from logdoctor.model import Finding, Verdict

_VARIABLE = re.compile(
    r"0x[0-9a-fA-F]+"
    r"|\b[0-9a-fA-F]{8,}\b"
    r"|(?:/[\w.@%+=:-]+)+"  # paths
    r"|'[^']*'|\"[^\"]*\"|`[^`]*`"  # names that a message quotes
    r"|\b[\w-]+(?:\.[\w-]+)+\b"  # host names, addresses, versions
    r"|\d+"
)
LENGTH = 200
"""Characters of a masked message that tell it from others."""


def fingerprint(verdict: Verdict, finding: Finding | None) -> str | None:
    """The id of the finding; ``unrecognised-failure`` and what only follows from another failure also carry what sets
    them apart. None where nothing failed.

    It is free of ranks, hosts, numbers and times, and so the same in every job, on every day.
    """
    if finding is None:
        return None
    if verdict == "unknown-failure":
        return f"{finding.id}:{hashlib.sha256(template(finding.title).encode()).hexdigest()[:8]}"
    return f"fallout:{finding.id}" if verdict == "consequence-only" else finding.id


def template(title: str) -> str:
    """What a finding says, with all that differs from job to job taken out."""
    return _VARIABLE.sub("*", title)[:LENGTH]
