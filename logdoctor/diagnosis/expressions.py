"""The value language of rules: ``{fact nccl.bootstrap.interface | env NCCL_SOCKET_IFNAME | "text"}``; see
``docs/rules.md``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from logdoctor.diagnosis.ledger import Ledger, spelled
from logdoctor.facts import Facts
from logdoctor.model import NOTHING, Event, Fact, Stream

DEPTH = 8
"""How deep values may refer to each other."""
_HARMLESS = re.compile(r"[\w.:/@%+=,^~-]+", re.ASCII)
"""What a value from a log may look like where a reader pastes it into a shell; a log is hostile input."""


class Value(NamedTuple):
    """What an expression gives."""

    text: str
    origin: str = ""
    """Where it comes from, in words."""
    known: bool = True
    """False for a placeholder such as ``<interface>``."""


class Context(NamedTuple):
    """What expressions and conditions can see."""

    facts: Facts
    event: Event | None = None
    events: Mapping[str, Sequence[Event]] = NOTHING
    """All events by rule."""
    derived: Mapping[str, Mapping[str, Any]] = NOTHING
    """The derived facts' definitions by name."""
    for_shell: bool = False
    """Whether the texts are to be pasted into a shell: values of the log that could mean something to it are then no
    values."""
    ledger: Ledger | None = None

    @property
    def stream(self) -> Stream | None:
        return self.event.record.stream if self.event else None

    @property
    def source(self) -> str | None:
        return self.event.record.source if self.event else None


def fill(template: str, context: Context, depth: int = 0) -> Value:
    """The text with every ``{...}`` replaced; its origin is that of the first value that has one."""
    parts: list[str] = []
    origin, known = "", True
    for part in parsed(template):
        if isinstance(part, str):
            parts.append(part)
            continue
        value = _first(part, context, depth)
        parts.append(value.text)
        origin, known = origin or value.origin, known and value.known
    return Value("".join(parts), origin, known)


def preferred(templates: Sequence[str], context: Context) -> Value:
    """The first of several texts whose values are all known; else the last."""
    value = Value("", known=False)
    for template in templates:
        value = fill(str(template), context)
        if value.known and value.text:
            return value
    return value


def plain(template: str) -> str:
    """The text as it reads where no value is known: in place of each ``{...}`` its last text, or ``<name>``."""
    return "".join(
        part
        if isinstance(part, str)
        else next((plain(text[1:-1]) for text in reversed(part) if len(text) > 1 and text[0] in "\"'"), _unknown(part))
        for part in parsed(template)
    )


def _unknown(alternatives: Sequence[str]) -> str:
    """The placeholder for a value that nothing gives."""
    return f"<{alternatives[-1].split()[-1].rpartition('.')[2]}>"


def _first(alternatives: Sequence[str], context: Context, depth: int) -> Value:
    name = ""
    for number, alternative in enumerate(alternatives, 1):
        if alternative[:1] in "\"'" and len(alternative) > 1:
            value = fill(alternative[1:-1], context, depth + 1)
            if value.known or number == len(alternatives):
                origin = "computed on each node" if value.text.startswith("$(") else value.origin
                return Value(value.text, origin, value.known)
            continue
        found = _lookup(alternative, context, depth)
        if found is not None and (not context.for_shell or _HARMLESS.fullmatch(found.text)):
            return found
        name = alternative.rpartition(" ")[2].rpartition(".")[2]
    return Value(f"<{name}>", "fill in", known=False)


def _lookup(expression: str, context: Context, depth: int) -> Value | None:
    """The value of ``name``, or of ``function argument``; None if there is none."""
    function, _, argument = expression.partition(" ")
    argument = argument.strip()
    if depth > DEPTH:
        return None
    if argument:
        return _FUNCTIONS[function](argument, context, depth) if function in _FUNCTIONS else None
    return _of_event(function, context)


def _of_event(name: str, context: Context) -> Value | None:
    event = context.event
    if event is None:
        return None
    stream = event.record.stream
    own = {
        **{"host": stream.host, "rank": stream.rank, "pid": stream.pid, "process": stream.process},
        **{"source": event.record.source, "line": event.line, **event.values},
    }
    value = own.get(name)
    return None if value in (None, "") else Value(str(value), f"{event.record.source} line {event.line}")


def _fact(name: str, context: Context, depth: int) -> Value | None:
    if definition := context.derived.get(name):
        return _derived(definition, context, depth)
    fact = context.facts.best(name, context.stream, context.source, context.event.line if context.event else None)
    return Value(fact.value, place(fact)) if fact and fact.value else None


def _derived(definition: Mapping[str, Any], context: Context, depth: int) -> Value | None:
    accept = definition.get("accept")
    for template in definition["first"]:
        value = fill(template, context, depth + 1)
        if value.known and value.text and (not accept or re.search(accept, value.text)):
            return value
    return None


def _facts(name: str, context: Context, depth: int) -> Value | None:
    values = [value for value in context.facts.values(name) if value]
    return Value(", ".join(values), place(context.facts.all(name)[0])) if values else None


def _env(name: str, context: Context, depth: int) -> Value | None:
    return _fact(f"env.{name}", context, depth)


def _interface_of(argument: str, context: Context, depth: int) -> Value | None:
    address = _lookup(argument, context, depth + 1)
    if address is None:
        return None
    for siblings in context.facts.tied("address", address.text):
        if interface := siblings.get("interface"):
            return Value(interface, f"the interface of {address.text}")
    return None


def _gloo_port(argument: str, context: Context, depth: int) -> Value | None:
    """gloo prints ports in network byte order; swap the two bytes."""
    port = _lookup(argument, context, depth + 1)
    if port is None or not port.text.isdigit():
        return None
    number = int(port.text) & 0xFFFF
    return Value(str((number & 0xFF) << 8 | number >> 8), port.origin)


def _tally(
    view: Callable[[Ledger, str, str | None], Sequence[int | str]],
) -> Callable[[str, Context, int], Value | None]:
    """A function that lists the ranks or hosts that a view of the ledger shows for a fact, in the process group that
    the event speaks of."""

    def listed(name: str, context: Context, depth: int) -> Value | None:
        ledger = context.ledger
        stated = next((fact for part in name.split() for fact in context.facts.all(part)), None)
        found = view(ledger, name, ledger.group(context.event)) if ledger and stated else ()
        return Value(spelled(found), place(stated)) if found and stated else None

    return listed


def _unheard(what: str, context: Context, depth: int) -> Value | None:
    found = context.ledger.unheard() if context.ledger and what == "ranks" else []
    return Value(spelled(found)) if found else None


def _usual(name: str, context: Context, depth: int) -> Value | None:
    ledger = context.ledger
    text = ledger.usual(name, ledger.group(context.event)) if ledger else None
    return Value(text) if text else None


_FUNCTIONS: dict[str, Callable[[str, Context, int], Value | None]] = {
    "fact": _fact,
    "facts": _facts,
    "env": _env,
    "interface-of": _interface_of,
    "gloo-port": _gloo_port,
    "ranks": _tally(Ledger.ranks),
    "odd-ranks": _tally(Ledger.odd_ranks),
    "odd-hosts": _tally(Ledger.odd_hosts),
    "lowest-ranks": _tally(Ledger.lowest_ranks),
    "absent-ranks": _tally(lambda ledger, names, group: ledger.absent_ranks(names, group)),
    "usual": _usual,
    "unheard": _unheard,
}
FUNCTIONS = frozenset(_FUNCTIONS)


def place(fact: Fact) -> str:
    """Where a fact stands, in words."""
    return f"{fact.source} line {fact.line}"


def same_network(one: str, other: str) -> bool | None:
    """Whether two addresses lie in one network, taken as IPv4 /24 or IPv6 /64; None if one is no address."""
    try:
        left, right = (ipaddress.ip_address(text.strip("[]").partition("%")[0]) for text in (one, other))
    except ValueError:
        return None
    if left.version != right.version:
        return False
    return int(left) >> (8 if left.version == 4 else 64) == int(right) >> (8 if right.version == 4 else 64)


@lru_cache(maxsize=4096)
def parsed(template: str) -> tuple[str | tuple[str, ...], ...]:
    """Literal text, and the alternatives of each ``{...}``, in order."""
    return tuple(_parse(template))


def _parse(template: str) -> Iterator[str | tuple[str, ...]]:
    at = 0
    text = ""
    while at < len(template):
        here = template[at]
        if here in "{}" and template[at : at + 2] == here * 2:
            text += here
            at += 2
        elif here == "{":
            end = _closing(template, at)
            if end < 0:
                break
            if text:
                yield text
                text = ""
            yield tuple(part.strip() for part in _split(template[at + 1 : end]))
            at = end + 1
        else:
            text += here
            at += 1
    if rest := text + template[at:]:
        yield rest


def _closing(template: str, start: int) -> int:
    """Where the brace that opens at ``start`` is closed; -1 if nowhere. Braces inside quotes belong to the quoted
    text."""
    quote = ""
    for at in range(start + 1, len(template)):
        here = template[at]
        if quote:
            if here == quote:
                quote = ""
        elif here in "\"'":
            quote = here
        elif here == "}":
            return at
    return -1


def _split(inside: str) -> Iterator[str]:
    quote, part = "", ""
    for here in inside:
        if quote:
            quote = "" if here == quote else quote
        elif here in "\"'":
            quote = here
        elif here == "|":
            yield part
            part = ""
            continue
        part += here
    yield part
