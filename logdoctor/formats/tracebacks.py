"""The exceptions in a record: type, message, where they were raised, which came first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from logdoctor.model import Record, Stream

_GROUPS = ("ExceptionGroup", "BaseExceptionGroup")
_HEADER = re.compile(
    r"^[\s|+-]*(?:Exception Group )?Traceback \(most recent call last\):|^ray\.exceptions\.RayTaskError"
)
_FRAME = re.compile(r'^\s*(?:\|\s*)*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?')
_RAISED = re.compile(
    r"^(?P<type>(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)(?:\((?P<inner>[\w.]+)\))?(?:: ?(?P<message>.*))?$",
    re.ASCII,
)
_INSTALLED = re.compile(
    r"/(?:site|dist)-packages/|/lib(?:64)?/python\d|^<|/torch/|/vllm/|/ray/(?:_private|serve|util)/"
    r"|(?:^|/)bin/[^/]+(?<!\.py)$"
)
"""Files of Python itself, of installed packages with their console scripts (bin/ray, bin/vllm), and of those that are
often run from a checkout."""
_REMOTE = re.compile(r"^ray::(?P<process>[\w.]+)\(\)? \((?:pid=(?P<pid>\d+))?(?:, )?(?:ip=(?P<host>[\w.:]+))?")
"""How Ray says in which process an exception was raised."""
_BOX = re.compile(r"^(?:\s{0,8}\| )+")


class Raised(NamedTuple):
    """An exception as a traceback shows it."""

    type: str
    """As printed, with its module."""
    message: str
    """Its first line."""
    line: int
    """1-based line number of the exception's own line in the source."""
    first: int
    last: int
    """Line numbers of the first and last line of its part of the record."""
    frame: str | None
    """``file:line in function`` of the innermost frame."""
    own_frame: str | None
    """That of the innermost frame that is neither Python's nor an installed package's: the user's program."""
    origin: Stream | None = None
    """The process in which it was raised, where that is not the one that prints it."""

    @property
    def name(self) -> str:
        return self.type.rpartition(".")[2]


def raised(record: Record) -> list[Raised]:
    """The exceptions of a record's tracebacks in the order in which they are printed: the first caused the others.

    A group of exceptions is told by its members, if these are printed too.
    """
    found = [exception for part in _parts(record) if (exception := _read(record, *part))]
    return [raised for raised in found if raised.name not in _GROUPS] or found


def _parts(record: Record) -> Iterator[tuple[int, int, str]]:
    """Index ranges of the lines from one traceback header to the next, with the header."""
    headers = [index for index, line in enumerate(record.lines) if _HEADER.match(line)]
    for start, stop in pairwise((*headers, len(record.lines))):
        yield start, stop, record.lines[start]
    if not headers:  # the header may have been cut off; what stands above the frames is another message
        frame = next((index for index, line in enumerate(record.lines) if _FRAME.match(line)), None)
        if frame is not None:
            yield frame, len(record.lines), ""


def _read(record: Record, start: int, stop: int, header: str) -> Raised | None:
    frame = own_frame = None
    margin = header[: len(header) - len(header.lstrip())]
    for index in range(start, stop):
        line = _BOX.sub("", record.lines[index].removeprefix(margin))
        if located := _FRAME.match(line):
            frame = f"{located['file']}:{located['line']}" + (
                f" in {located['function']}" if located["function"] else ""
            )
            own_frame = own_frame if _INSTALLED.search(located["file"]) else frame
        elif frame and line[:1].strip() and (matched := _RAISED.match(line)):
            message = (matched["message"] or "").strip()
            if matched["inner"] and message.startswith("ray::"):
                return None  # the remote traceback follows, and ends with the exception itself
            return Raised(
                matched["type"],
                message,
                record.numbers[index],
                record.numbers[start],
                record.numbers[stop - 1],
                frame,
                own_frame,
                _origin(header),
            )
    return None


def _origin(header: str) -> Stream | None:
    """The remote process that a header of Ray's names."""
    found = _REMOTE.match(header.partition(": ")[2])
    if not found or not found["pid"]:
        return None
    return Stream(found["host"], None, int(found["pid"]), found["process"], "ray")
