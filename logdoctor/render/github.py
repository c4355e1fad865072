"""A diagnosis as annotations of a GitHub Actions run: one line a finding, which the runner shows beside the log."""

from __future__ import annotations

from logdoctor.fixes import Syntax, blocks, usual
from logdoctor.model import Diagnosis, Finding
from logdoctor.render import words
from logdoctor.safetext import harmless

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def render(diagnosis: Diagnosis, syntax: Syntax | None = None) -> str:
    """Workflow commands. What follows from another finding is a warning, so that one error stands out."""
    syntax = syntax or usual(diagnosis)
    lines = [_line(finding, syntax, first=number == 0) for number, finding in enumerate(diagnosis.findings)]
    if diagnosis.verdict == "healthy":
        lines.insert(0, f"::notice title=logdoctor::{_message(words.healthy(diagnosis)[0])}")
    return "".join(f"{line}\n" for line in lines)


def _line(finding: Finding, syntax: Syntax, first: bool) -> str:
    command = _COMMANDS[finding.severity] if finding.role != "advice" else "notice"
    command = "warning" if command == "error" and not first else command
    where = ""
    if finding.evidence:
        evidence = finding.evidence[0]
        end = max(evidence.line, evidence.end_line)
        where = f"file={_property(evidence.source)},line={evidence.line},endLine={end},"
    title = f"{words.LABELS[finding.role]}: {finding.title}"
    pasted = [block.text for block in blocks(finding.fix, syntax)[:1]]
    text = "\n".join(part.strip() for part in (finding.cause, finding.fix.summary, *pasted) if part.strip())
    return f"::{command} {where}title={_property(title)}::{_message(text or finding.title)}"


def _message(text: str) -> str:
    return harmless(text, keep="\n").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(" ".join(text.split())).replace(":", "%3A").replace(",", "%2C")
