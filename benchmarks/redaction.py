"""Redact logs, and see that each gets the diagnosis of the original: its first finding, its verdict, its lines.

usage: redaction.py DIR...    (folders that hold a ``log.txt`` or a folder ``logs``, at any depth)

Prints the share of runs with the same diagnosis, and how fast redaction is beside ``wc -l`` on the same bytes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from logdoctor import core, rulebook, sources
from logdoctor.model import Diagnosis
from logdoctor.redact import Hide, Redactor


def runs(folders: list[str]) -> Iterator[Path]:
    for folder in map(Path, folders):
        yield from sorted({*folder.rglob("logs"), *(log for log in folder.rglob("log.txt"))})


def said(diagnosis: Diagnosis) -> tuple[Any, ...]:
    """What must be the same."""
    return diagnosis.verdict, [
        (finding.id, finding.role, sorted((e.line, e.end_line) for e in finding.evidence))
        for finding in diagnosis.findings
    ]


def main(folders: list[str]) -> None:
    book = rulebook.load()
    for hide in ((), tuple(Hide)):
        same, total = 0, 0
        for run in runs(folders):
            plain = core.explain(sources.discover([str(run)]), book)
            redactor = Redactor(hide)
            redactor.learn(plain)
            found = (s for s in sources.discover([str(run)]) if isinstance(s, sources.Source))
            masked = core.explain(map(redactor.source, found), book)
            total += 1
            same += said(masked) == said(plain)
            if said(masked) != said(plain):
                print(f"  differs: {run}")
        names = ", ".join(hide) or "secrets, people, requests"
        print(f"{same} of {total} redacted runs ({same / max(total, 1):.1%}) get the same diagnosis; masked: {names}")
    speed(folders)


def speed(folders: list[str], size: int = 64 << 20) -> None:
    text = b"".join(file.read_bytes() for run in runs(folders) for file in ([run] if run.is_file() else run.glob("*")))
    with tempfile.NamedTemporaryFile() as file:
        file.write(text * (size // len(text) + 1))
        file.flush()
        started = perf_counter()
        subprocess.run(["wc", "-l", file.name], check=True, stdout=subprocess.DEVNULL)
        counted = perf_counter() - started
        data = Path(file.name).read_bytes()
        started = perf_counter()
        for _ in Redactor().blocks(data[at : at + (1 << 20)] for at in range(0, len(data), 1 << 20)):
            pass
        masked = perf_counter() - started
    print(f"redaction: {len(data) / masked / 1e6:.0f} MB/s, {counted / masked:.4f} of the speed of wc -l")


if __name__ == "__main__":
    main(sys.argv[1:] or ["fixtures"])
