"""A diagnosis as JUnit XML, for the test reports of a CI: one test case a finding; what is no advice failed."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from logdoctor.fixes import Syntax, blocks, usual
from logdoctor.model import Diagnosis, Finding
from logdoctor.render import words
from logdoctor.safetext import harmless


def render(diagnosis: Diagnosis, syntax: Syntax | None = None) -> str:
    """One test suite."""
    syntax = syntax or usual(diagnosis)
    findings = diagnosis.findings
    cases = [line for finding in findings for line in _case(finding, syntax)]
    if diagnosis.verdict == "healthy":
        cases.append(f'    <testcase classname="logdoctor" name={_attribute(words.healthy(diagnosis)[0])}/>')
    failed = sum(_failed(finding) for finding in findings)
    totals = f'tests="{len(findings) + (diagnosis.verdict == "healthy")}" failures="{failed}" errors="0"'
    seconds = f'time="{diagnosis.stats.seconds:.3f}"'
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="logdoctor" {totals} {seconds}>',
            f'  <testsuite name="logdoctor" {totals} {seconds}>',
            *cases,
            "  </testsuite>",
            "</testsuites>",
            "",
        ]
    )


def _failed(finding: Finding) -> bool:
    return finding.severity == "error" and finding.role != "advice"


def _case(finding: Finding, syntax: Syntax) -> list[str]:
    head = f"    <testcase classname={_attribute(f'logdoctor.{finding.component}')} name={_attribute(finding.id)}"
    text = escape(_text(_body(finding, syntax)))
    if _failed(finding):
        message = _attribute(f"{words.LABELS[finding.role]}: {finding.title}")
        return [
            f"{head}>",
            f'      <failure type="{finding.role}" message={message}>{text}</failure>',
            "    </testcase>",
        ]
    return [f"{head}>", f"      <system-out>{text}</system-out>", "    </testcase>"]


def _body(finding: Finding, syntax: Syntax) -> str:
    quotes = [f"{words.place(evidence)}: {evidence.text}" for evidence in finding.evidence[:3]]
    pasted = [block.text for block in blocks(finding.fix, syntax)[:1]]
    parts = [finding.title, finding.cause, *quotes, finding.fix.summary, *pasted, *finding.fix.commands]
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _attribute(text: str) -> str:
    return quoteattr(harmless(" ".join(text.split())))


def _text(text: str) -> str:
    """Only characters that XML may hold."""
    return harmless(text, keep="\n\t").replace("\ufffe", "").replace("\uffff", "")
