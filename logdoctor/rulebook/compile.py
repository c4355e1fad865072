"""YAML files to one plain object that loads in milliseconds: checked, indexed, ready for the scanner."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from logdoctor.rulebook import catalogue, grammars, healthy, literals, rules
from logdoctor.rulebook.errors import RuleError

if TYPE_CHECKING:
    import jsonschema

VERSION = 3
"""Of the compiled form; a cache of another version is not read."""
KINDS = ("rule", "facts", "derived", "formats", "env", "flags", "collect")
"""What the files of a rules directory hold."""
Keys = tuple[str | int, ...]
"""The way to a node of a YAML file."""
SCHEMAS = Path(__file__).parent / "schemas"


def files(directory: Path) -> list[Path]:
    """The YAML files of a rules directory, in a fixed order."""
    return sorted(path for pattern in ("*.yaml", "*.yml") for path in directory.rglob(pattern))


def compile_rules(directories: Sequence[Path]) -> dict[str, Any]:
    """All rules, facts and grammars of the directories; what comes later overrides what came before by its id.

    A file with a mistake is left out, and what is wrong with it is one sentence in ``problems``.
    """
    return merge([gather(directory) for directory in directories])


def gather(directory: Path) -> dict[str, Any]:
    """What the files of a directory hold, checked: for each kind the entries by their id, several where several lines
    state one fact; and ``problems``. All of it is plain data."""
    found: dict[str, dict[str, list[Any]]] = {kind: {} for kind in KINDS}
    problems: list[str] = []
    for path in files(directory):
        try:
            for kind, entry in _entries(path, directory):
                same = found[kind].setdefault(entry["id"], [])
                if same and kind != "facts":
                    taken = f"'{entry['id']}' is taken by another file of {directory}"
                    raise RuleError(path, line_with(path, entry["id"]), "id", taken)
                same.append(_compiled(kind, entry))
        except RuleError as error:
            problems.append(str(error))
    return {**found, "problems": problems}


def _compiled(kind: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    if kind == "formats" and entry["kind"] != "anchors":
        return grammars.compiled(entry)
    if kind == "env":
        return catalogue.compiled(entry)
    if kind == "flags":
        return catalogue.compiled_command(entry)
    return {key: value for key, value in entry.items() if key not in ("tests", "samples", "not_samples")}


def merge(gathered: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What several directories hold as one compiled rulebook."""
    every: dict[str, list[Any]] = {}
    for kind in KINDS:
        by_id = {id: entries for one in gathered for id, entries in one[kind].items()}
        every[kind] = [entry for entries in by_id.values() for entry in entries]
    formats = every["formats"]
    anchors = {anchor for entry in formats for anchor in entry.get("anchors", ())}
    signatures = [(entry["id"], signature) for entry in every["rule"] for signature in entry["signatures"]]
    differences = [(id, one["differs"], one["across"]) for id, one in signatures if "differs" in one]
    signatures = [(id, one) for id, one in signatures if "differs" not in one]
    said = {literal for one in (*(one for _, one in signatures), *every["facts"]) for literal in one["literals"]}
    telling = literals.Endings(
        healthy.steady_lines(), "\n".join((*(text for _, text in healthy.texts()), *sorted(said), *sorted(anchors)))
    ).telling
    table = _Table(telling)
    for id, signature in signatures:
        table.add(signature, rule=id, levels=signature.get("levels"), components=signature.get("components"))
    for entry in every["facts"]:
        table.add(
            entry,
            fact=entry["id"],
            heartbeat=entry.get("heartbeat") or entry.get("progress"),
            progress=entry.get("progress"),
            identity=entry.get("identity"),
        )
    return {
        "version": VERSION,
        "digest": hashlib.sha256(json.dumps(every, sort_keys=True, default=str).encode()).hexdigest()[:16],
        "problems": [problem for one in gathered for problem in one["problems"]],
        "rules": {entry["id"]: rules.compiled(entry) for entry in every["rule"]},
        "causes": [entry["id"] for entry in every["rule"] if rules.may_be_cause(entry)],
        "derived": [
            {"id": entry["id"], "first": entry["first"], "accept": entry.get("accept")} for entry in every["derived"]
        ],
        "grammars": [entry for entry in formats if entry["kind"] != "anchors"],
        "anchors": sorted(map(telling, anchors)),
        "differences": differences,
        "environment": {entry["component"]: entry for entry in every["env"]},
        "commands": {entry["command"]: entry for entry in every["flags"]},
        "general": [entry["id"] for entry in every["rule"] if entry.get("general")],
        "checks": {entry["check"]: entry["id"] for entry in every["rule"] if "check" in entry},
        "collect": every["collect"],
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


def kind_of(path: Path, directory: Path) -> str:
    """What a file of a rules directory holds: ``rule``, ``facts``, ``formats``, ``env``, ``flags`` or
    ``collect``."""
    folder = path.relative_to(directory).parts[0] if path.parent != directory else ""
    return folder if folder in ("formats", "facts", "env", "flags", "collect") else "rule"


def mistakes(path: Path, content: Any, kind: str) -> Iterator[RuleError]:
    """Why the content of a file cannot be used; each mistake by itself."""
    misfit = False
    for error in _validator(kind).iter_errors(content):
        misfit = True
        yield from _misfit(path, error)
    if misfit:
        return
    if kind == "rule" and content["id"] != path.stem:
        yield RuleError(path, 1, "id", f"is '{content['id']}'; a rule's id is its file's name, '{path.stem}'")
    for keys, entry in patterns_of(content, kind):
        for field, wanted in _unusable(entry, kind):
            yield RuleError(path, line_of(path, (*keys, field)), field, wanted)


def patterns_of(content: Any, kind: str) -> Iterator[tuple[Keys, Mapping[str, Any]]]:
    """The entries of a file that hold patterns, with the keys that lead to them: signatures, facts, grammars."""
    if kind == "rule":
        yield from (
            (("signatures", number), entry)
            for number, entry in enumerate(content.get("signatures", ()))
            if "pattern" in entry
        )
    elif kind in ("env", "flags", "collect"):
        return
    elif isinstance(content, dict):
        yield from (((kind, number), entry) for number, entry in enumerate(content.get(kind, ())))
    else:
        yield from (((number,), entry) for number, entry in enumerate(content))


def _unusable(entry: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    """The fields of an entry whose pattern cannot be used, and why."""
    if kind == "formats":
        for field in ("pattern", "begin", "body", "last", "after", "introduced_by", "hide"):
            try:
                re.compile(entry.get(field, ""), re.ASCII)
            except re.error as error:
                yield field, f"not a valid regular expression: {error}"
        return
    import regex

    try:
        regex.compile(entry["pattern"], regex.ASCII | regex.MULTILINE)
    except regex.error as error:
        yield "pattern", f"not a valid regular expression: {error}"
        return
    if not literals_of(entry):
        yield (
            "pattern",
            f"has no literal of at least {literals.SHORTEST} bytes in every match; name one with 'literals:'",
        )


def literals_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The literals of a signature or fact that the scanner looks for: those that it names, or its pattern needs."""
    try:
        return tuple(entry.get("literals") or literals.required(entry["pattern"]) or ())
    except (re.error, RecursionError, OverflowError):
        return ()


def _entries(path: Path, directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The checked entries of a file with their kind: rule, facts, derived, formats, env or flags."""
    kind = kind_of(path, directory)
    content = read(path)
    for mistake in mistakes(path, content, kind):
        raise mistake
    if kind == "rule":
        yield (
            "rule",
            {
                **content,
                "signatures": [
                    signature if "differs" in signature else _with_literals(signature)
                    for signature in content.get("signatures", ())
                ],
            },
        )
    elif kind == "env":
        yield "env", {**content, "id": content["component"]}
    elif kind == "flags":
        yield "flags", {**content, "id": content["command"]}
    elif kind == "collect":
        yield from ((kind, entry) for entry in content)
    else:
        for _, entry in patterns_of(content, kind):
            yield kind, _with_literals(entry) if kind == "facts" else dict(entry)
        if isinstance(content, dict):
            yield from (("derived", entry) for entry in content.get("derived", ()))


def _with_literals(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A signature or fact together with the literals that the scanner looks for."""
    return {**entry, "literals": list(literals_of(entry))}


@lru_cache
def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema that files of a kind must fit."""
    content: dict[str, Any] = json.loads((SCHEMAS / f"{kind}.schema.json").read_text(encoding="utf-8"))
    if kind == "flags":  # what a value can be is said once, in that of variables
        content["$defs"] |= {name: schema("env")["$defs"][name] for name in ("values", "version")}
    return content


@lru_cache
def _validator(kind: str) -> jsonschema.Draft202012Validator:
    import jsonschema

    return jsonschema.Draft202012Validator(schema(kind))


def _misfit(path: Path, error: jsonschema.ValidationError) -> Iterator[RuleError]:
    """What does not fit the schema, where, and what was expected: of alternatives, the mistakes in the one that was
    meant."""
    if error.validator == "additionalProperties":
        yield from _surplus(path, error)
        return
    if error.validator != "oneOf":
        yield _unfit(path, error, error.message)
        return
    alternatives: list[dict[str, Any]] = error.schema["oneOf"]  # type: ignore[index]
    keys = [key for alternative in alternatives for key in alternative.get("required", [])[:1]]
    if isinstance(error.instance, dict) and not any(key in error.instance for key in keys):
        yield _unfit(path, error, f"expected one of the keys {', '.join(keys)}; found {', '.join(error.instance)}")
        return
    meant = [number for number, alternative in enumerate(alternatives) if _is_meant(alternative, error.instance)]
    if len(meant) > 1 and not error.context:
        yield _unfit(path, error, f"only one of the keys {', '.join(keys)} may be given")
        return
    inner = [below for below in error.context or () if below.schema_path[0] in meant[:1]]
    if not inner:
        yield _unfit(path, error, error.message)
    for below in inner:
        yield from _misfit(path, below)


def _is_meant(alternative: Mapping[str, Any], instance: Any) -> bool:
    """Whether an author who wrote this meant that alternative: told by its type, or by the key that only it has."""
    if isinstance(instance, dict):
        required = alternative.get("required", [])[:1]
        return all(key in instance for key in required) and alternative.get("type", "object") == "object"
    return isinstance(instance, list) and alternative.get("type") == "array"


def _surplus(path: Path, error: jsonschema.ValidationError) -> Iterator[RuleError]:
    """Keys that the schema does not have; mostly misspelt."""
    known: list[str] = sorted(error.schema.get("properties", ()))  # type: ignore[union-attr]
    for key in error.instance if isinstance(error.instance, dict) else ():
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            meant = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}"
            where = [*error.absolute_path, key]
            yield RuleError(path, line_of(path, tuple(where)), ".".join(map(str, where)), f"no such key; {meant}")


def _unfit(path: Path, error: jsonschema.ValidationError, expected: str) -> RuleError:
    keys = tuple(error.absolute_path)
    message = expected if len(expected) < 200 else f"{expected[:80]} ... {expected[-100:]}"
    return RuleError(path, line_of(path, keys), ".".join(str(key) for key in keys), message)


def line_of(path: Path, keys: Keys) -> int:
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


def line_with(path: Path, text: str) -> int:
    """The 1-based line of a file on which a text begins; 1 if it does not occur."""
    rows = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, row in enumerate(rows, 1) if text in row), 1)


class _Table:
    """All patterns, and which literals call for which of them."""

    def __init__(self, telling: Callable[[str], str]) -> None:
        """``telling`` gives what is looked for of a literal."""
        self.patterns: list[dict[str, Any]] = []
        self.literals: dict[str, list[int]] = {}
        self._telling = telling

    def add(self, entry: Mapping[str, Any], **owner: Any) -> None:
        called = dict.fromkeys(map(self._telling, entry["literals"]))
        for literal in called:
            self.literals.setdefault(literal, []).append(len(self.patterns))
        owner["needs"] = literals.needs(entry["pattern"], tuple(called)) or None
        self.patterns.append(
            {"text": entry["pattern"], **{key: value for key, value in owner.items() if value is not None}}
        )
