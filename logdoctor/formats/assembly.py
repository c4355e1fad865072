"""Put lines together to records: peel the prefixes, keep the streams apart, join what belongs together.

Lines of one *channel* (the lines that carry the same outer prefixes) follow each other; lines of different channels may
interleave as they like. In each channel at most two records are open: the last one that began with a head, and an
unfinished block (a traceback) that other messages of the same channel may interrupt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from logdoctor.model import Level, Line, Record, Stream
from logdoctor.rulebook.grammars import Grammar, Grammars

DEPTH = 8
"""Wrappers that may be nested."""
CHANNELS = 4096
"""Channels that may be open at a time; beyond that the one longest silent is closed."""
RECORD_LINES, RECORD_TEXT = 2000, 1 << 18
"""Lines and characters that one record may have; a longer one is split."""
QUOTE = 2000
"""Characters of a raw line that evidence may quote."""
WEAK_SHARE = 0.6
"""Share of a source's first lines that must match a weak wrapper before it counts."""

_ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
    r"|(?:\\u001b|\\x1b|\\033|#033|\^\[)\[[0-9;]*[A-Za-z]"
    r"|\[(?:[0127]|22|3\d|4[0-79]|9[0-7]|(?:\d{1,3};)+\d{1,3})m(?!\])"  # from a page that swallowed the escape
)
_COLOUR = re.compile(r"\x1b|\[[\d;]+m|\\u001b|#033|\\x1b|\\033|\^\[")
_LEVELS: dict[str, Level] = {
    **dict.fromkeys(("D", "V", "T", "DEBUG", "TRACE", "DIAG"), "debug"),
    **dict.fromkeys(("I", "INFO", "NOTICE", "NORMAL"), "info"),
    **dict.fromkeys(("W", "WARN", "WARNING"), "warning"),
    **dict.fromkeys(("E", "ERROR", "ERR", "SEVERE", "ABORT"), "error"),
    **dict.fromkeys(("F", "C", "FATAL", "CRITICAL", "PANIC"), "fatal"),
}  # fmt: skip
_IDENTITY = ("host", "rank", "pid", "process")
_HEAD = ("time", "level", "file", "lineno", *_IDENTITY)
"""What two lines must share for their heads to be the same."""
_STREAM = (*_IDENTITY, "component")
"""The fields of a stream, in their order."""


@dataclass(slots=True, eq=False)
class _Open:
    """A record that may still grow."""

    stream: dict[str, Any]
    head: tuple[Any, ...] | None
    level: Level | None
    time: str | None
    since: str | None = None
    lines: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    candidates: set[int] = field(default_factory=set)
    repeats: int = 1
    counted: int = 0
    """How often its rarest line was counted, where lines that repeat are only counted."""
    alone: bool = True
    size: int = 0
    """Characters of its lines."""
    block: Grammar | None = None
    in_body: bool = False
    margin: str = ""
    """The blanks before the first line of the block, which stand before its other lines too."""

    def open_block(self, block: Grammar, text: str) -> None:
        """The line begins a block in this record."""
        self.block, self.in_body = block, True
        self.margin = text[: len(text) - len(text.lstrip())] if block.indented else ""

    def fits(self, part: str, text: str) -> bool:
        """Whether the line fits that part of the block."""
        return self.block is not None and self.block.part(part, text.removeprefix(self.margin))

    def add(self, line: Line, text: str, hidden: bool = False) -> None:
        self.lines.append("" if hidden else text.removeprefix(self.margin))
        self.size += len(text)
        self.numbers.append(line.number)
        self.raw.append(line.text[:QUOTE])
        self.candidates |= line.candidates
        self.alone &= line.alone

    @property
    def full(self) -> bool:
        return len(self.lines) >= RECORD_LINES or self.size >= RECORD_TEXT

    def last_text(self) -> str:
        return next((text for text in reversed(self.lines) if text.strip()), "")

    def twin(self) -> _Open:
        """The same, to go on differently."""
        return replace(
            self,
            lines=list(self.lines),
            numbers=list(self.numbers),
            raw=list(self.raw),
            candidates=set(self.candidates),
        )

    def close(self, source: str) -> Record:
        return Record(
            source=source,
            lines=tuple(self.lines),
            numbers=tuple(self.numbers),
            stream=_stream(*map(self.stream.get, _STREAM)),
            level=self.level,
            time=self.time,
            since=self.since,
            raw=tuple(self.raw),
            candidates=frozenset(self.candidates),
            repeats=max(self.repeats, self.counted),
            alone=self.alone,
        )


@dataclass(slots=True)
class _Channel:
    record: _Open | None = None
    block: _Open | None = None

    def twin(self) -> _Channel:
        """The same, to go on differently."""
        record = self.record and self.record.twin()
        return _Channel(record, record if self.block is self.record else self.block and self.block.twin())


@lru_cache(maxsize=CHANNELS)
def _stream(host: str | None, rank: str | None, pid: str | None, process: str | None, component: str | None) -> Stream:
    """Who says so; most lines of a log are said by a few."""
    return Stream(host, _integer(rank), _integer(pid), process, component)


def _say(stream: dict[str, Any], groups: Mapping[str, str | None]) -> None:
    """Note what a prefix says of who speaks."""
    for name in _IDENTITY:
        if (value := groups.get(name)) is not None:
            stream[name] = value


def _integer(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def strip_ansi(text: str) -> str:
    """The text without terminal escapes, real ones and those that collectors spell out."""
    if _COLOUR.search(text):
        return _ANSI.sub("", text)
    return text


def weak_wrappers(grammars: Grammars, head: Iterable[str]) -> frozenset[str]:
    """Which weak wrappers a source uses, told from its first lines."""
    lines = [strip_ansi(line) for line in head if line.strip()]
    needed = max(2, WEAK_SHARE * len(lines))
    return frozenset(
        g.id for g in grammars.weak_wrappers if sum(g.pattern.match(line) is not None for line in lines) >= needed
    )


def undecided(grammars: Grammars, head: Sequence[str], line: str) -> bool:
    """Whether further first lines of its source, besides those known, may change how a line is read."""
    if line[:1] in (" ", "\t") and all(first[:1] in (" ", "\t") for first in head if first.strip()):
        return True
    return any(grammar.pattern.match(strip_ansi(line)) for grammar in grammars.weak_wrappers)


def assemble(
    source: str,
    lines: Iterable[Line | tuple[int, str]],
    grammars: Grammars | None = None,
    head: Sequence[str] | None = None,
) -> Iterator[Record]:
    """Records of the numbered lines of one source.

    ``head`` are the first lines of the source, from which weak wrappers are told; without it the first of ``lines``
    serve.
    """
    if grammars is None:
        from logdoctor.formats import load_grammars

        grammars = load_grammars()
    known = [Line(*line) for line in lines]
    assembler = Assembler(source, grammars)
    assembler.settle([line.text for line in known[:64]] if head is None else head)
    for line in known:
        yield from assembler.take(line)
    yield from assembler.close()


class Assembler:
    """Puts the lines of one source together, as they come."""

    def __init__(self, source: str, grammars: Grammars) -> None:
        self.source = source
        self.grammars = grammars
        self.indent = ""
        self.wrappers = grammars.strict_wrappers
        self.clock: str | None = None
        """The last time that any line showed."""
        self.channels: dict[tuple[Any, ...], _Channel] = {}
        self._complete: list[Record] = []
        """The records that were closed since the last line came."""

    def settle(self, head: Iterable[str]) -> None:
        """Tell from the first lines of the source which weak wrappers it uses, and how far all of it is indented."""
        first = [text for text in head if text.strip()]
        self.indent = _common_indent(first)
        self.wrappers = self.grammars.with_weak(
            weak_wrappers(self.grammars, [text[len(self.indent) :] for text in first])
        )

    def take(self, line: Line) -> list[Record]:
        """The records that are complete now that this line came."""
        complete = self._complete = self.close() if line.gap else []
        key, identity, wrapper_time, repeats, text = self._peel(line.text)
        channel = self.channels.pop(key, None) or _Channel()
        self.channels[key] = channel  # the last one is the one that spoke last
        for part in text.split("\n") if "\n" in text else (text,):  # a JSON string may hold several lines
            self._take(channel, line, identity, wrapper_time, part)
        if (repeats > 1 or line.repeats > 1) and (taker := channel.block or channel.record):
            taker.repeats = max(taker.repeats, repeats)
            taker.counted = min(taker.counted or line.repeats, line.repeats)
        if len(self.channels) > CHANNELS:
            self._close(self.channels.pop(next(iter(self.channels))))
        return complete

    def close(self) -> list[Record]:
        """The records that were open: nothing goes on with them any more."""
        complete = self._complete = []
        for channel in self.channels.values():
            self._close(channel)
        self.channels.clear()
        return complete

    def twin(self) -> Assembler:
        """The same, to go on differently."""
        twin = copy(self)
        twin.channels = {key: channel.twin() for key, channel in self.channels.items()}
        return twin

    def _peel(self, text: str) -> tuple[tuple[Any, ...], dict[str, Any], str | None, int, str]:
        """Take off all wrappers: the channel's key, what they say of the stream, their time, the repeats, the rest."""
        key: list[Any] = []
        identity: dict[str, Any] = {}
        time: str | None = None
        repeats = 1
        text = strip_ansi(text.removeprefix(self.indent)).rstrip("\r")
        for _ in range(DEPTH):
            found = self.wrappers.match(text)
            if not found:
                break
            grammar, matched = found
            groups = matched.groupdict()
            key.append((grammar.id, *map(groups.get, grammar.channel)))
            _say(identity, groups)
            if grammar.component:
                identity["component"] = grammar.component
            if groups.get("level"):
                identity["level"] = _level(groups["level"], grammar)
            time = time or groups.get("time")
            repeats = max(repeats, _integer(groups.get("repeated")) or 1)
            text = groups.get("rest") or ""
            if grammar.decode == "json":
                text = strip_ansi(_decoded(text))
        return tuple(key), identity, time, repeats, text

    def _take(self, channel: _Channel, line: Line, identity: dict[str, Any], time: str | None, text: str) -> None:
        """Put a line where it belongs."""
        if found := self.grammars.heads.match(text):
            self._begin(channel, line, identity, time, *found)
        elif text.strip():  # a blank line ends nothing and belongs to nothing
            self._go_on(channel, line, identity, time, text)

    def _begin(
        self,
        channel: _Channel,
        line: Line,
        identity: dict[str, Any],
        time: str | None,
        grammar: Grammar,
        matched: re.Match[str],
    ) -> None:
        """A line with a head begins a record, unless it repeats the head of the open one."""
        groups = matched.groupdict()
        text = groups.get("text") or ""
        head = (grammar.id, *map(groups.get, _HEAD))
        record = channel.record
        if (
            record
            and record.head == head
            and groups.get("time")
            and (groups.get("file") or record.in_body)
            and not record.full
        ):
            self._follow(record, text)
            record.add(line, text, self._hidden(record, text))
            return
        self._close_record(channel)
        zoned = time if time and time[-1:] == "Z" else None
        stream = {**identity, "component": grammar.component or identity.get("component")}
        _say(stream, groups)
        record = channel.record = _Open(
            stream=stream,
            head=head,
            level=_level(groups.get("level"), grammar) or grammar.level or identity.get("level"),
            time=zoned or groups.get("time") or time,
            repeats=_integer(groups.get("repeated")) or 1,
        )
        self.clock = record.time or self.clock
        self._follow(record, text)
        record.add(line, text)

    def _go_on(self, channel: _Channel, line: Line, identity: dict[str, Any], time: str | None, text: str) -> None:
        """A line without a head goes on with an open record, or is one of its own."""
        for record in dict.fromkeys((channel.block, channel.record)):
            if record and not record.full and self._belongs(record, text):
                record.add(line, text, self._hidden(record, text))
                if record is not channel.record:  # the interrupted block goes on, so what came between is complete
                    if channel.record:
                        self._complete.append(channel.record.close(self.source))
                    channel.record = record
                return
        if channel.block and channel.block is not channel.record and not channel.block.in_body:
            self._complete.append(channel.block.close(self.source))
            channel.block = None
        self._close_record(channel)
        opening = self.grammars.openings.match(text)
        component = (opening[0].component if opening else None) or identity.get("component")
        record = _Open({**identity, "component": component}, None, identity.get("level"), time, self.clock)
        if opening:
            record.open_block(opening[0], text)
            record.level = opening[0].level or record.level
            if channel.block:
                self._complete.append(channel.block.close(self.source))
            channel.block = record
        channel.record = record
        record.add(line, text)

    def _belongs(self, record: _Open, text: str) -> bool:
        """Whether a line without a head goes on with this record; moves the record's block along."""
        if record.in_body:
            if record.fits("body", text):
                return True
            if record.fits("last", text):
                record.in_body = False
                return True
        opening = self.grammars.openings.match(text)
        if opening and opening[0].part("introduced_by", record.last_text()):
            record.open_block(opening[0], text)
            record.level = record.level or opening[0].level
            return True
        if record.block and not opening:
            if record.fits("after", text):
                return True
            record.in_body = False
        return not opening and self.grammars.joints.match(text) is not None

    def _follow(self, record: _Open, text: str) -> None:
        """Follow a block through lines that repeat their head, and so belong to the record whatever they say."""
        opening = self.grammars.openings.match(text)
        if opening:
            record.open_block(opening[0], text)
        elif record.in_body and not record.fits("body", text):
            record.in_body = False

    def _hidden(self, record: _Open, text: str) -> bool:
        return record.in_body and record.fits("hide", text)

    def _close_record(self, channel: _Channel) -> None:
        """Close the record, unless it is an unfinished block, which stays open beside the next record."""
        record, channel.record = channel.record, None
        if record is None:
            return
        if record.in_body and record.block and "last" in record.block.parts:
            if channel.block and channel.block is not record:
                self._complete.append(channel.block.close(self.source))
            channel.block = record
            return
        if channel.block is record:
            channel.block = None
        self._complete.append(record.close(self.source))

    def _close(self, channel: _Channel) -> None:
        if channel.block and channel.block is not channel.record:
            self._complete.append(channel.block.close(self.source))
        if channel.record:
            self._complete.append(channel.record.close(self.source))


def _common_indent(lines: list[str]) -> str:
    """The blanks that all lines begin with, as where a log was copied from a code block."""
    indents = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines] if len(lines) > 2 else [""]
    shortest = min(indents, key=len, default="")
    return shortest if all(indent.startswith(shortest) for indent in indents) else ""


def _level(text: str | None, grammar: Grammar) -> Level | None:
    if text is None:
        return None
    return grammar.levels.get(text) or _LEVELS.get(text.upper())


def _decoded(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"')).rstrip("\r\n")
    except ValueError:
        return text
