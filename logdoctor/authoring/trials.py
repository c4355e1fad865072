"""What a rule file says of itself, tried: examples, samples, and that nothing is found in runs that were well."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from logdoctor import core
from logdoctor.formats import assemble
from logdoctor.model import Fact, Finding
from logdoctor.rulebook import Rulebook
from logdoctor.rulebook.grammars import Grammar, Grammars
from logdoctor.sources import Source, discover

QUOTED = 6
"""Lines of a log that a failure shows."""


def example_fails(rule: str, example: Mapping[str, Any], book: Rulebook) -> str | None:
    """What a rule makes of one of its examples, where that is not what it should; None where it is."""
    logs = example["logs"] if "logs" in example else {"log.txt": example["log"]}
    findings = core.explain([_source(name, text) for name, text in logs.items()], book).findings
    wrong = list(_differences(rule, example, findings))
    return "\n".join([*wrong, *_quoted(logs)]) if wrong else None


def _source(name: str, text: str) -> Source:
    return Source(name, lambda: iter([text.encode()] if text else []))


def _differences(rule: str, example: Mapping[str, Any], findings: Sequence[Finding]) -> Iterator[str]:
    """What was expected, marked -, and what came instead, marked +."""
    wanted = example["finds"]
    if wanted == "nothing":
        if own := [finding for finding in findings if finding.rule == rule]:
            yield f"expected nothing of this rule, found {_outline(own)}:"
            yield from _compared("finds nothing", [f"finds {finding.id}" for finding in own])
        return
    finding = next((finding for finding in findings if finding.id == wanted and finding.rule == rule), None)
    if finding is None:
        yield f"expected {wanted}, found {_outline(findings)}:"
        yield from _compared(f"finds {wanted}", [f"finds {finding.id}" for finding in findings])
        return
    quoted = [evidence.text for evidence in finding.evidence]
    if not any(example.get("evidence", "") in text for text in quoted):
        yield "another line is cited:"
        yield from _compared(f"evidence with {example['evidence']}", quoted)
    settings = {name: [one._asdict() for one in getattr(finding.fix, name)] for name in ("env", "flags")}
    fix = json.dumps({**finding.fix._asdict(), **settings}, ensure_ascii=False)
    for field, text in (("title", finding.title), ("cause", finding.cause), ("fix", fix)):
        if example.get(field, "") not in text:
            yield f"the {field} does not hold the text that it should:"
            yield from _compared(example[field], [text])
    if example.get("role", finding.role) != finding.role:
        yield "it has another role:"
        yield from _compared(f"role {example['role']}", [f"role {finding.role}"])
    if example.get("first") and findings[0] is not finding:
        yield f"it is not the first finding; those are {_outline(findings)}:"
        yield from _compared(f"first {finding.id}", [f"first {findings[0].id}"])


def _outline(findings: Sequence[Finding]) -> str:
    return ", ".join(f"{finding.id} ({finding.role})" for finding in findings) or "nothing"


def _compared(wanted: str, got: Sequence[str]) -> Iterator[str]:
    yield f"  - {wanted}"
    yield from (f"  + {text}" for text in got or ["nothing"])


def _quoted(logs: Mapping[str, str]) -> Iterator[str]:
    lines = [line for text in logs.values() for line in text.splitlines() if line.strip()]
    yield from (f"  | {line}" for line in lines[:QUOTED])
    if len(lines) > QUOTED:
        yield f"  | ... {len(lines) - QUOTED} more lines"


def request_fails(what: str, example: Mapping[str, Any], book: Rulebook) -> str | None:
    """Whether something is asked for where it should not be, or not where it should."""
    asked = [missing.why for missing in core.explain([_source("log.txt", example["log"])], book).missing]
    if (what in asked) == example["shown"]:
        return None
    return f"it is {'not ' if example['shown'] else ''}asked for:\n" + "\n".join(_quoted({"log.txt": example["log"]}))


def fact_sample_fails(fact: str, sample: Mapping[str, Any], book: Rulebook) -> str | None:
    """What is read from a fact's sample line, where that is not what it says."""
    facts = read_facts(sample["line"], book)
    stated = {found.name: found.value for found in facts if _shape(fact).match(found.name)}
    gives = sample.get("gives", {})
    if gives == "nothing":
        return None if not stated else f"expected nothing, read {stated} from: {sample['line']}"
    if not gives:
        return None if stated else f"expected {fact}, read nothing from: {sample['line']}"
    wanted = {(name, str(value)) for name, value in gives.items()}
    missing = wanted - {(found.name, found.value) for found in facts}
    if not missing:
        return None
    return f"expected {dict(sorted(missing))}, read {stated or 'nothing'} from: {sample['line']}"


def read_facts(line: str, book: Rulebook) -> list[Fact]:
    """The facts that a line states."""
    run = core.Run(book)
    run.read(_source("sample", f"{line}\n"))
    stated = run.observations.facts
    return [fact for name in stated.names() for fact in stated.all(name)]


def _shape(name: str) -> re.Pattern[str]:
    """What the names of a fact look like: its id, groups in it filled, perhaps with a further group's name."""
    return re.compile(re.sub(r"\\\{\w+\\\}", r"[\\w.-]+", re.escape(name)) + r"(\.\w+)?$")


def grammar_sample_fails(id: str, sample: Mapping[str, Any], book: Rulebook) -> str | None:
    """What a grammar makes of one of its samples, where that is not what it says."""
    if "lines" in sample:
        wanted = 1 if sample.get("joins") else sample["records"]
        records = list(assemble("sample", list(enumerate(sample["lines"], 1)), book.grammars))
        return None if len(records) == wanted else f"makes {len(records)} records, not {wanted}"
    grammar, line = _grammar(id, book), sample["line"]
    matched = _apply(grammar, line)
    if not matched:
        return f"does not match its sample: {line}"
    found = {name: value for name, value in matched.groupdict().items() if value}
    gives = {name: None if value is None else str(value) for name, value in sample["gives"].items()}
    got = found if grammar.kind == "name" else {name: found.get(name) for name in gives}
    if got != gives:
        return f"gives {got}, not {gives}, of: {line}"
    return _taken_by_another(grammar, line, book.grammars)


def near_miss_fails(id: str, line: str, book: Rulebook) -> str | None:
    """Whether a grammar takes a line that it must leave alone."""
    return f"matches a line that it must not: {line}" if _apply(_grammar(id, book), line) else None


def _grammar(id: str, book: Rulebook) -> Grammar:
    return next(grammar for grammar in book.grammars.all if grammar.id == id)


def _apply(grammar: Grammar, line: str) -> re.Match[str] | None:
    return grammar.pattern.search(line) if grammar.kind == "name" else grammar.pattern.match(line)


def _taken_by_another(grammar: Grammar, line: str, grammars: Grammars) -> str | None:
    """Which grammar is tried before this one and takes its line."""
    if grammar.weak or grammar.kind == "name":
        return None
    first = grammars.strict_wrappers.match(line) or grammars.heads.match(line)
    return None if first and first[0].id == grammar.id else f"'{first[0].id if first else None}' takes its line: {line}"


def alarms(run: Path, book: Rulebook) -> list[tuple[str, str]]:
    """What is found in the logs of a healthy run: the rule, or the name of a suspicion, and what raised it."""
    diagnosis = core.explain(discover([str(run)]), book)
    return [
        (
            finding.rule,
            f"finds {finding.id} in a healthy run, {place.source} line {place.line}: {place.text.strip()}",
        )
        for finding in diagnosis.findings
        if finding.severity == "error"
        for place in finding.evidence[:1]
    ]
