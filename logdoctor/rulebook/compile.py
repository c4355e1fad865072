"""YAML files to one plain object that loads in milliseconds: checked, indexed, ready for the scanner."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from logdoctor.rulebook import grammars, literals, rules
from logdoctor.rulebook.errors import RuleError

if TYPE_CHECKING:
    import jsonschema

VERSION = 1
"""Of the compiled form; a cache of another version is not read."""
SCHEMAS = Path(__file__).parent / "schemas"


def files(directory: Path) -> list[Path]:
    """The YAML files of a rules directory, in a fixed order."""
    return sorted(path for pattern in ("*.yaml", "*.yml") for path in directory.rglob(pattern))


def compile_rules(directories: Sequence[Path]) -> dict[str, Any]:
    """All rules, facts and grammars of the directories; what comes later overrides what came before by its id.

    A file with a mistake is left out, and what is wrong with it is one sentence in ``problems``.
    """
    found: dict[str, dict[str, list[Any]]] = {"rule": {}, "facts": {}, "derived": {}, "formats": {}}
    problems: list[str] = []
    for directory in directories:
        here: dict[tuple[str, str], list[Any]] = {}
        for path in files(directory):
            try:
                for kind, entry in _entries(path, directory):
                    same = here.setdefault((kind, entry["id"]), [])
                    if same and kind != "facts":  # several lines may state one fact
                        raise RuleError(
                            path,
                            _line_with(path, entry["id"]),
                            "id",
                            f"'{entry['id']}' is taken by another file of {directory}",
                        )
                    same.append(entry)
            except RuleError as error:
                problems.append(str(error))
        for (kind, id), entries in here.items():
            found[kind][id] = entries
    every = {kind: [entry for entries in by_id.values() for entry in entries] for kind, by_id in found.items()}
    table = _Table()
    for entry in every["rule"]:
        for signature in entry["signatures"]:
            table.add(
                signature, rule=entry["id"], levels=signature.get("levels"), components=signature.get("components")
            )
    for entry in every["facts"]:
        table.add(
            entry,
            fact=entry["id"],
            heartbeat=entry.get("heartbeat") or entry.get("progress"),
            progress=entry.get("progress"),
            identity=entry.get("identity"),
        )
    formats = every["formats"]
    return {
        "version": VERSION,
        "problems": problems,
        "rules": {entry["id"]: rules.compiled(entry) for entry in every["rule"]},
        "causes": [entry["id"] for entry in every["rule"] if rules.may_be_cause(entry)],
        "derived": [
            {"id": entry["id"], "first": entry["first"], "accept": entry.get("accept")} for entry in every["derived"]
        ],
        "grammars": [grammars.compiled(entry) for entry in formats if entry["kind"] != "anchors"],
        "anchors": sorted({anchor for entry in formats for anchor in entry.get("anchors", ())}),
        "patterns": table.patterns,
        "literals": table.literals,
    }


def read(path: Path) -> Any:
    """The content of a YAML file. Raises :class:`RuleError` when it is none."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RuleError(path, line, "", f"not valid YAML: {error.problem or error.context}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RuleError(path, 1, "", f"cannot be read: {error}") from None


def _entries(path: Path, directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The checked entries of a file with their kind: rule, facts, derived or formats."""
    folder = path.relative_to(directory).parts[0] if path.parent != directory else ""
    kind = folder if folder in ("formats", "facts") else "rule"
    content = read(path)
    check(path, content, kind)
    if kind == "rule":
        if content["id"] != path.stem:
            raise RuleError(path, 1, "id", f"is '{content['id']}'; a rule's id is its file's name, '{path.stem}'")
        yield (
            "rule",
            {**content, "signatures": [_with_literals(path, signature) for signature in content["signatures"]]},
        )
    elif kind == "facts":
        facts = content.get("facts", ()) if isinstance(content, dict) else content
        yield from [("facts", _with_literals(path, entry)) for entry in facts]
        yield from [("derived", entry) for entry in (content.get("derived", ()) if isinstance(content, dict) else ())]
    else:
        for entry in content:
            _try_patterns(path, entry)
        yield from (("formats", entry) for entry in content)


def check(path: Path, content: Any, kind: str) -> None:
    """Raise :class:`RuleError` where the content of a file does not fit its schema."""
    import jsonschema

    schema = json.loads((SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8"))
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(content))
    if error is None:
        return
    error, expected = _nearest(error)
    field = ".".join(str(part) for part in error.absolute_path)
    message = expected if len(expected) < 200 else f"{expected[:80]} ... {expected[-100:]}"
    raise RuleError(path, _line_of(path, list(error.absolute_path)), field, message)


def _nearest(error: jsonschema.ValidationError) -> tuple[jsonschema.ValidationError, str]:
    """Of alternatives, the mistake in the one that was meant, told by the key that only it requires."""
    if error.validator != "oneOf" or not isinstance(error.instance, dict):
        return error, error.message
    alternatives: list[dict[str, Any]] = error.schema["oneOf"]  # type: ignore[index]
    keys = [alternative.get("required", [""])[0] for alternative in alternatives]
    meant = [number for number, key in enumerate(keys) if key in error.instance]
    if not meant:
        return error, f"expected one of the keys {', '.join(filter(None, keys))}; found {', '.join(error.instance)}"
    inner = next((below for below in error.context or () if below.schema_path[0] == meant[0]), None)
    return _nearest(inner) if inner else (error, error.message)


def _line_of(path: Path, keys: Sequence[str | int]) -> int:
    """The 1-based line of the node that the keys lead to, or of the last one on the way that exists."""
    node = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    for key in keys:
        if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
        elif isinstance(node, yaml.MappingNode):
            pairs = [pair for pair in node.value if pair[0].value == key]
            if not pairs:
                break
            node = pairs[0][1]
    return int(node.start_mark.line) + 1 if node else 1


def _with_literals(path: Path, entry: Mapping[str, Any]) -> dict[str, Any]:
    """A signature or fact together with the literals that the scanner looks for. Raises :class:`RuleError` for a
    pattern without any."""
    import regex

    pattern = entry["pattern"]
    try:
        regex.compile(pattern, regex.ASCII | regex.MULTILINE)
    except regex.error as error:
        raise RuleError(
            path, _line_with(path, pattern), "pattern", f"not a valid regular expression: {error}"
        ) from None
    try:
        found = entry.get("literals") or literals.required(pattern)
    except (re.error, RecursionError, OverflowError):
        found = None
    if not found:
        wanted = f"has no literal of at least {literals.SHORTEST} bytes in every match; name one with 'literals:'"
        raise RuleError(path, _line_with(path, pattern), "pattern", wanted)
    return {**entry, "literals": list(found)}


def _try_patterns(path: Path, entry: Mapping[str, Any]) -> None:
    for field in ("pattern", "begin", "body", "last", "after", "introduced_by", "hide"):
        try:
            re.compile(entry.get(field, ""), re.ASCII)
        except re.error as error:
            raise RuleError(
                path, _line_with(path, entry[field]), field, f"not a valid regular expression: {error}"
            ) from None


def _line_with(path: Path, pattern: str) -> int:
    """The 1-based line of a file on which a pattern begins."""
    rows = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, row in enumerate(rows, 1) if pattern[:30] in row.replace("''", "'")), 1)


class _Table:
    """All patterns, and which literals call for which of them."""

    def __init__(self) -> None:
        self.patterns: list[dict[str, Any]] = []
        self.literals: dict[str, list[int]] = {}

    def add(self, entry: Mapping[str, Any], **owner: Any) -> None:
        for literal in entry["literals"]:
            self.literals.setdefault(literal, []).append(len(self.patterns))
        self.patterns.append(
            {"text": entry["pattern"], **{key: value for key, value in owner.items() if value is not None}}
        )
