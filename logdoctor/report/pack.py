"""A report as one archive: the page, the same as Markdown and JSON, and excerpts of the logs."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath

from logdoctor.choices import Syntax
from logdoctor.render import html, json, markdown
from logdoctor.report import Report

_LEAST = (1980, 1, 1, 0, 0, 0)
"""The time of every member: the same report gives the same bytes."""
_ODD = re.compile(r"[^\w.@%+=-]+", re.ASCII)


def packed(report: Report, syntax: Syntax | None = None) -> bytes:
    """The archive. The excerpts hold all lines that the diagnosis was made from; what was left out is said in them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _members(report, syntax):
            member = zipfile.ZipInfo(name, _LEAST)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, text.encode("utf-8", "replace"))
    return buffer.getvalue()


def _members(report: Report, syntax: Syntax | None) -> Iterator[tuple[str, str]]:
    yield "report.html", html.render(report.diagnosis, syntax)
    yield "report.md", markdown.render(report.diagnosis, syntax)
    yield "logdoctor.json", json.render(report.diagnosis)
    taken: set[str] = set()
    for source in report.excerpts.sources:
        name = safe_name(source)
        number = 1
        while (unique := name if number == 1 else f"{name}.{number}") in taken:
            number += 1
        taken.add(unique)
        yield f"logs/{unique}", "\n".join(report.excerpts.text(source)) + "\n"


def safe_name(source: str) -> str:
    """A file's name below a folder, whatever a source is called: no way out, no odd characters."""
    parts = [_ODD.sub("_", part).strip(".") or "_" for part in PurePosixPath(source).parts if part not in ("/", "..")]
    return "/".join(part[:120] for part in parts) or "_"
