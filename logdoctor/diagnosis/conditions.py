"""The condition language of rules: data, never code; see ``docs/rules.md``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import regex

from logdoctor.diagnosis.expressions import Context, fill, same_network
from logdoctor.model import Event, Fact, Record, Stream

TIMEOUT = 0.2
"""Seconds that a condition's pattern may take."""


def holds(condition: Mapping[str, Any] | None, context: Context) -> bool:
    """Whether the condition holds; no condition always does."""
    if condition is None:
        return True
    kind = next((key for key in _KINDS if key in condition), None)
    return kind is not None and _KINDS[kind](condition, context)


def _seen(condition: Mapping[str, Any], context: Context) -> bool:
    return bool(_occurrences(condition["seen"], condition, context))


def _occurrences(name: str, condition: Mapping[str, Any], context: Context) -> Sequence[Event | Fact]:
    """The events of that rule, or facts of that name, at the place and in the order that the condition asks for."""
    found: list[Event | Fact] = [*context.events.get(name, ()), *context.facts.all(name)]
    if name not in context.events and name not in context.facts:  # a family of facts, such as nccl.init-start
        found = [fact for full in context.facts.names(f"{name}.") for fact in context.facts.all(full)]
    own = context.event
    if "where" not in condition and "order" not in condition:
        return found
    return [
        item
        for item in found
        if own is None or (_placed(item, own, condition.get("where")) and _ordered(item, own, condition.get("order")))
    ]


def _home(item: Event | Fact) -> tuple[str, Stream]:
    return (item.record.source, item.record.stream) if isinstance(item, Event) else (item.source, item.stream)


def _placed(item: Event | Fact, own: Event, where: str | None) -> bool:
    source, stream = _home(item)
    mine = own.record.stream
    if where == "same-source":
        return source == own.record.source
    if where == "same-stream":
        return source == own.record.source and (stream.pid, stream.rank, stream.host) == (
            mine.pid,
            mine.rank,
            mine.host,
        )
    if where in ("same-host", "other-host"):
        same = stream.host == mine.host if stream.host and mine.host else source == own.record.source
        return same is (where == "same-host")
    return True


def _ordered(item: Event | Fact, own: Event, order: str | None) -> bool:
    source, _ = _home(item)
    if order is None or source != own.record.source:
        return True
    return item.line < own.line if order == "before" else item.line > own.line


def _count(condition: Mapping[str, Any], context: Context) -> bool:
    number = len(_occurrences(condition["count"], condition, context))
    least, most = int(condition.get("at_least", 0)), int(condition.get("at_most", number))
    return least <= number <= most


def _value(condition: Mapping[str, Any], context: Context) -> bool:
    value = fill("{" + condition["value"] + "}", context)
    return _compare(condition, [value.text] if value.known else [], context)


def _fact(condition: Mapping[str, Any], context: Context) -> bool:
    name = condition["fact"]
    if name in context.derived:
        value = fill("{fact " + name + "}", context)
        return _compare(condition, [value.text] if value.known else [], context)
    return _compare(condition, context.facts.values(name), context)


def _env(condition: Mapping[str, Any], context: Context) -> bool:
    values = context.facts.values(f"env.{condition['env']}")
    return not values if condition.get("unset") else _compare(condition, values, context)


def _compare(condition: Mapping[str, Any], values: Sequence[str], context: Context) -> bool:
    """Whether one of the values fulfils all comparisons of the condition."""
    if condition.get("absent"):
        return not values
    if condition.get("differs"):
        return len(set(values)) > 1
    return any(
        all(_fulfils(name, wanted, value, context) for name, wanted in condition.items() if name in _COMPARISONS)
        for value in values
    )


def _fulfils(name: str, wanted: Any, value: str, context: Context) -> bool:
    return _COMPARISONS[name](value, wanted if name == "matches" else _wanted(wanted, context))


def _wanted(wanted: Any, context: Context) -> str:
    value = fill(str(wanted), context)
    return value.text if value.known else ""


def _number(text: str) -> float | None:
    found = re.search(r"-?\d+(?:\.\d+)?", text.replace(",", ""))
    return float(found[0]) if found else None


def _below(one: str, other: str) -> bool:
    left, right = _number(one), _number(other)
    return left is not None and right is not None and left < right


def _equal(one: str, other: str) -> bool:
    """Equal as numbers, or as texts; a host name equals its fully qualified form."""
    if one == other:
        return True
    left, right = one.partition("."), other.partition(".")
    return bool(left[0]) and left[0] == right[0] and (not left[1] or not right[1]) and not left[0].isdigit()


_COMPARISONS: dict[str, Callable[[str, Any], bool]] = {
    "matches": lambda value, pattern: matches(pattern, value),
    "equals": _equal,
    "less_than": _below,
    "more_than": lambda value, other: _below(other, value),
    "present": lambda value, _: bool(value),
    "same_network_as": lambda value, other: same_network(value, other) is True,
}


def _in_record(pattern: str, record: Record) -> bool:
    """Whether the pattern occurs in the record, its prefixes (such as NCCL's place in the source) included."""
    return matches(pattern, record.text) or matches(pattern, "\n".join(record.raw))


def _version(condition: Mapping[str, Any], context: Context) -> bool:
    known = [release(value) for value in context.facts.values(f"version.{condition['version']}")]
    low, high = condition.get("at_least"), condition.get("below")
    return any(
        (not low or version >= release(low)) and (not high or version < release(high)) for version in known if version
    )


def release(text: str) -> tuple[int, ...]:
    """The numbers at the start of a version: ``0.8.5.post1`` -> (0, 8, 5)."""
    found = re.match(r"v?(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def matches(pattern: str, text: str) -> bool:
    """Whether a rule's pattern occurs in the text; False where it takes too long."""
    try:
        return bool(regex.search(pattern, text, regex.ASCII | regex.MULTILINE, timeout=TIMEOUT))
    except TimeoutError:
        return False


def spoken(condition: Mapping[str, Any]) -> str:
    """The condition in words, for a reader who does not know the language of rules."""
    for word, joint in (("all", " and "), ("any", " or ")):
        if word in condition:
            parts = joint.join(spoken(part) for part in condition[word])
            return f"({parts})" if len(condition[word]) > 1 else parts
    if "not" in condition:
        return f"not: {spoken(condition['not'])}"
    kind, name = next(iter(condition.items()))
    asked = {key: value for key, value in condition.items() if key != kind}
    place = "".join(f", {_PLACES[asked[key]]}" for key in ("where", "order") if key in asked)
    if kind == "count":
        least, most = asked.get("at_least"), asked.get("at_most")
        times = f"{least} times or more" if most is None else f"{most} times at most"
        return f"{name} occurs {times if not (least and most) else f'{least} to {most} times'}"
    if kind == "version":
        bounds = (("at_least", "{} or newer"), ("below", "older than {}"))
        return f"{name} is " + " and ".join(words.format(asked[key]) for key, words in bounds if key in asked)
    if kind in ("seen", "not_seen"):
        return f"{name} is {'seen' if kind == 'seen' else 'not seen'}{place}"
    if kind == "text":
        return f"the message contains /{name}/"
    return f"{name} " + " and ".join(_COMPARED[key].format(value) for key, value in asked.items())


_PLACES = {
    "same-stream": "from the same process",
    "same-source": "in the same log",
    "same-host": "on the same host",
    "other-host": "on another host",
    "before": "before it",
    "after": "after it",
}
_COMPARED = {
    "matches": "matches /{}/",
    "equals": "is {}",
    "less_than": "is less than {}",
    "more_than": "is more than {}",
    "present": "is known",
    "absent": "is not known",
    "differs": "has different values",
    "same_network_as": "is in the same network as {}",
    "unset": "is set by no line",
}


_KINDS: dict[str, Callable[[Mapping[str, Any], Context], bool]] = {
    "all": lambda condition, context: all(holds(part, context) for part in condition["all"]),
    "any": lambda condition, context: any(holds(part, context) for part in condition["any"]),
    "not": lambda condition, context: not holds(condition["not"], context),
    "seen": _seen,
    "not_seen": lambda condition, context: not _seen({**condition, "seen": condition["not_seen"]}, context),
    "count": _count,
    "value": _value,
    "fact": _fact,
    "env": _env,
    "version": _version,
    "text": lambda condition, context: (
        context.event is not None and _in_record(condition["text"], context.event.record)
    ),
}
