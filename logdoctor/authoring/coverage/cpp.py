"""Messages in C and C++: macros that take a printf format, a list of things to print, or a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from logdoctor.authoring.coverage.messages import Message, message

SUFFIXES = frozenset((".c", ".cc", ".cpp", ".cxx", ".cu", ".cuh", ".h", ".hpp"))


class _Call(NamedTuple):
    """How a kind of call prints."""

    level: str
    style: str
    """``format`` (printf or fmt), ``list`` (what is printed, comma by comma) or ``stream`` (what follows by <<)."""
    skip: int = 0
    """Arguments before what is printed: conditions, masks."""
    before: str = ""
    """What the macro itself puts before the text, with ``{file}``, ``{line}`` and ``{condition}``."""


_ENFORCED = "[enforce fail at {file}:{line}] {condition}. "
_ASSERTED = '{condition} INTERNAL ASSERT FAILED at "{file}":{line}, please report a bug to PyTorch. '
_CALLS: dict[str, _Call] = {
    r"WARN": _Call("warning", "format"),
    r"(?:INFO|TRACE)": _Call("info", "format", 1),
    r"NCCL_OFI_WARN": _Call("warning", "format"),
    r"GLOO_ENFORCE_(?:EQ|NE|LT|LE|GT|GE)": _Call("error", "list", 2, _ENFORCED),
    r"GLOO_ENFORCE": _Call("error", "list", 1, _ENFORCED),
    r"GLOO_THROW\w*": _Call("error", "list", 0, "[{file}:{line}] "),
    r"GLOO_(?:ERROR|WARN)": _Call("warning", "list"),
    r"(?:TORCH_CHECK_WITH|TORCH_CHECK_WITH_MSG|C10_THROW_ERROR)": _Call("error", "list", 1),
    r"TORCH_CHECK\w*": _Call("error", "list", 1, "RuntimeError: "),
    r"TORCH_INTERNAL_ASSERT": _Call("error", "list", 1, _ASSERTED),
    r"TORCH_WARN\w*": _Call("warning", "list"),
    r"C10D_(?:ERROR|CRITICAL)": _Call("error", "format"),
    r"C10D_WARNING": _Call("warning", "format"),
    r"C10D_INFO": _Call("info", "format"),
    r"(?:RAY_|C10_)?LOG\s*\(\s*(?:ERROR|FATAL)\s*\)": _Call("error", "stream"),
    r"(?:RAY_|C10_)?LOG\s*\(\s*WARNING\s*\)": _Call("warning", "stream"),
    r"(?:RAY_|C10_)?LOG\s*\(\s*INFO\s*\)": _Call("info", "stream"),
    r"RAY_CHECK\w*": _Call("error", "stream", 0, " Check failed: {condition} "),
    r"throw\s+(?:::)?(?:\w+::)*\w+": _Call("error", "list"),
}
_NAMED = [(re.compile(rf"(?:{pattern})\Z"), call) for pattern, call in _CALLS.items()]
_HEAD = re.compile(rf"(?<![\w.>])(?:{'|'.join(_CALLS)})(?=\s*[(<{{.])")
_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.DOTALL)
_STRING = re.compile(r'(?:u8|L|u|U)?"((?:\\.|[^"\\\n])*)"')
_TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|<<|.', re.DOTALL)
_PRINTF = re.compile(r"%(?:%|[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|j|z|t|L)?[diouxXeEfFgGaAcspn])")
_FMT = re.compile(r"\{[^{}]*\}")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "'": "'", "\\": "\\", "0": ""}
LONGEST = 4_000
"""Characters of a call that are looked at."""


def messages(path: Path, text: str) -> Iterator[Message]:
    """The messages that a C or C++ file can print."""
    text = _COMMENT.sub(lambda m: m[0] if m[0][0] in "\"'" else re.sub(r"[^\n]", " ", m[0]), text)
    for head in _HEAD.finditer(text):
        name = re.sub(r"\s+", " ", head[0])
        start = text.rfind("\n", 0, head.start()) + 1
        if text[start : head.start()].lstrip().startswith("#"):  # where the macro is defined
            continue
        call = next(call for pattern, call in _NAMED if pattern.match(head[0]))
        said = text[head.end() : head.end() + LONGEST]
        pieces = _pieces(said, call)
        if any(isinstance(piece, str) and piece.strip() for piece in pieces):
            line = text.count("\n", 0, head.start()) + 1
            condition = " ".join(_arguments(said)[0][:1]).strip()
            before = call.before.format(file=path, line=line, condition=condition)
            yield message(path, line, name, call.level, pieces, before)


def _pieces(text: str, call: _Call) -> list[str | tuple[str]]:
    """What a call prints, from the text after its name."""
    arguments, end = _arguments(text)
    if call.style == "stream":
        return [piece for part in _streamed(text[end if text.lstrip()[:1] == "(" else 0 :]) for piece in _printed(part)]
    arguments = arguments[call.skip :]
    if not arguments:
        return []
    if call.style == "format":
        return _formatted(_literal(arguments[0]) or "")
    if len(arguments) > 1 and "{}" in (_literal(arguments[0]) or ""):
        return _formatted(_literal(arguments[0]) or "")
    return [piece for argument in arguments for piece in _printed(argument)]


def _arguments(text: str) -> tuple[list[str], int]:
    """The arguments of a call whose bracket opens the text, and where it ends."""
    found: list[str] = []
    depth, argument = 0, ""
    for token in _TOKEN.finditer(text):
        here = token[0]
        if here in "([{":
            depth += 1
            if depth == 1:
                continue
        elif here in ")]}":
            depth -= 1
            if depth == 0:
                return [*found, argument], token.end()
        elif here == "," and depth == 1:
            found.append(argument)
            argument = ""
            continue
        if depth:
            argument += here
        elif not here.isspace():
            break
    return found, 0


def _streamed(text: str) -> Iterator[str]:
    """What is put into a stream, up to the end of the statement; not what stands before the first <<."""
    depth, part, streaming = 0, "", False
    for token in _TOKEN.finditer(text):
        here = token[0]
        depth += (here in "([{") - (here in ")]}")
        if depth < 0 or (here == ";" and depth == 0):
            break
        if here == "<<" and depth == 0:
            if streaming:
                yield part
            part, streaming = "", True
        else:
            part += here
    if streaming:
        yield part


def _printed(argument: str) -> list[str | tuple[str]]:
    """What an argument prints: texts as they are; of calls that only put texts together, what those print."""
    argument = argument.strip()
    if not argument:
        return []
    if (text := _literal(argument)) is not None:
        return [text]
    inner = re.match(
        r"(?:c10::str|::c10::str|str|std::string|MakeString|::gloo::MakeString|fmt::format|c10::fmt::format)\s*(?=[({])",
        argument,
    )
    if inner:
        arguments, _ = _arguments(argument[inner.end() :])
        if "format" in inner[0] and arguments:
            return _formatted(_literal(arguments[0]) or "")
        return [piece for each in arguments for piece in _printed(each)]
    if "+" in argument and '"' in argument:
        return [piece for part in _split_sum(argument) for piece in _printed(part)]
    return [(argument[:60],)]


def _split_sum(text: str) -> list[str]:
    depth, part, found = 0, "", []
    for token in _TOKEN.finditer(text):
        here = token[0]
        depth += (here in "([{") - (here in ")]}")
        if here == "+" and depth == 0:
            found.append(part)
            part = ""
        else:
            part += here
    return [*found, part] if found else [f"({text})"]


def _literal(argument: str) -> str | None:
    """The text of adjacent string literals; macros between them (PRIu64) are conversions. None for anything else."""
    argument = argument.strip()
    if not _STRING.match(argument):
        return None
    text, at = "", 0
    while at < len(argument):
        if found := _STRING.match(argument, at):
            text += re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), found[1])
            at = found.end()
        elif found := re.compile(r"\s+|PRI\w+").match(argument, at):
            text += "d" if found[0].startswith("PRI") else ""
            at = found.end()
        else:
            return None
    return text


def _formatted(text: str) -> list[str | tuple[str]]:
    """The pieces of a printf or fmt format."""
    conversions = _PRINTF if _PRINTF.search(text) or not _FMT.search(text) else _FMT
    pieces: list[str | tuple[str]] = []
    at = 0
    for found in conversions.finditer(text):
        pieces.append(text[at : found.start()])
        pieces.append("%" if found[0] == "%%" else (found[0],))
        at = found.end()
    return [*pieces, text[at:]]
