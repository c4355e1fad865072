"""Gather on a node what a ticket needs: whatever of ``items.yaml`` exists, in one archive that ``explain`` reads."""

from __future__ import annotations

import glob
import io
import os
import re
import shutil
import socket
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

TIMEOUT = 20.0
"""Seconds that a command may take."""
HEAD, TAIL = 1 << 20, 15 << 20
"""Bytes from the start and the end of a large file or output that are taken."""
FILES = 2000
"""Files that one entry may stand for; the newest are taken."""

Filter = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Gathered:
    """A member of the archive, or what could not be had."""

    name: str
    content: bytes = b""
    missing: str = ""
    """Why it could not be had."""


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the list."""

    name: str
    why: str
    gather: Callable[[], Iterator[Gathered]]


def steps(extra: Sequence[str] = ()) -> list[Step]:
    """What is looked for, and ``extra`` files or folders."""
    plain = yaml.safe_load((Path(__file__).parent / "items.yaml").read_bytes())
    found = [Step(item["name"], item["why"], partial(_gathered, item)) for item in plain["items"]]
    variables, processes = (re.compile(plain[name]) for name in ("variables", "processes"))
    found.append(Step("variables.txt", "variables of the stack", partial(_variables, variables, processes)))
    for path in extra:
        item = {"name": "added", "files": [path, f"{path}/**/*"]}
        found.append(Step(path, "asked for", partial(_gathered, item)))
    return found


def pack(
    path: Path,
    steps: Sequence[Step],
    limit: int,
    mask: Filter,
    name: Callable[[str], str],
    done: Callable[[Step], None],
) -> list[str]:
    """Write the archive; returns one sentence for each thing that could not be had.

    ``limit`` is how many bytes it may hold before compression, ``mask`` and ``name`` take out of contents and names
    what must not leave, ``done`` is told of each step.
    """
    missing: list[str] = []
    room = limit
    host = name(socket.gethostname()) or "node"
    with tarfile.open(path, "w:gz", compresslevel=6) as archive:

        def add(member: str, content: bytes) -> None:
            info = tarfile.TarInfo(f"{host}/{member}")
            info.size, info.mode = len(content), 0o644
            archive.addfile(info, io.BytesIO(content))

        for step in steps:
            for got in step.gather():
                if got.missing:
                    missing.append(f"{got.name}: {got.missing} ({step.why})")
                    continue
                content = mask(got.content)
                if len(content) > room:
                    missing.append(f"{got.name}: over the limit of {limit >> 20} MiB ({step.why})")
                    continue
                room -= len(content)
                add(name(got.name), content)
            done(step)
        add("MISSING.txt", mask("".join(f"{sentence}\n" for sentence in missing).encode()))
    return missing


def _gathered(item: dict[str, Any]) -> Iterator[Gathered]:
    if "files" in item:
        return _files(item)
    return iter([_output(item["name"], [command for command in (item["command"], item.get("or")) if command])])


def _output(name: str, commands: Sequence[list[str]]) -> Gathered:
    """What the first of the commands that works prints."""
    why = ""
    for command in commands:
        if not shutil.which(command[0]):
            why = why or f"there is no {command[0]} here"
            continue
        try:
            ran = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT,
                env={**os.environ, "LC_ALL": "C"},
                check=False,
            )
        except subprocess.TimeoutExpired:
            why = f"{' '.join(command)} took longer than {TIMEOUT:.0f} s"
            continue
        except OSError as error:
            why = f"{command[0]} cannot be run: {error.strerror}"
            continue
        if ran.returncode == 0 and ran.stdout.strip():
            return Gathered(name, f"$ {' '.join(command)}\n".encode() + _ends(ran.stdout))
        said = ran.stdout.decode("utf-8", "replace").strip().splitlines()
        why = f"{' '.join(command)} ended with {ran.returncode}" + (
            f": {said[-1][:200]}" if said else " and said nothing"
        )
    return Gathered(name, missing=why)


def _files(item: dict[str, Any]) -> Iterator[Gathered]:
    paths: dict[str, float] = {}
    for pattern in item["files"]:
        for path in glob.glob(os.path.expanduser(os.path.expandvars(pattern)), recursive=True):
            try:
                if os.path.isfile(path):
                    paths.setdefault(path, os.stat(path).st_mtime)
            except OSError:  # gone since
                continue
    newest = sorted(paths, key=lambda path: -paths[path])
    if not newest:
        yield Gathered(item["name"], missing=f"no {' or '.join(item['files'])}")
    if len(newest) > FILES:
        yield Gathered(item["name"], missing=f"{len(newest) - FILES} older files were left out")
    single = len(item["files"]) == 1 and "*" not in item["files"][0]
    for path in newest[:FILES]:
        name = item["name"] if single else f"{item['name']}/{path.lstrip('/')}"
        try:
            yield Gathered(name, _read(path))
        except OSError as error:
            yield Gathered(name, missing=f"{path} cannot be read: {error.strerror}")


def _read(path: str) -> bytes:
    """A file; of a large one the start and the end."""
    with open(path, "rb") as file:
        head = file.read(HEAD + TAIL)
        if not file.read(1):
            return head
        size = file.seek(0, os.SEEK_END)
        file.seek(size - TAIL)
        return head[:HEAD] + f"\n[... {size - HEAD - TAIL} bytes left out ...]\n".encode() + file.read()


def _ends(content: bytes) -> bytes:
    if len(content) <= HEAD + TAIL:
        return content
    return content[:HEAD] + f"\n[... {len(content) - HEAD - TAIL} bytes left out ...]\n".encode() + content[-TAIL:]


def _variables(names: re.Pattern[str], processes: re.Pattern[str]) -> Iterator[Gathered]:
    """The stack's variables of this shell, and of each process whose environment may be read."""
    others: list[str] = []
    lines = [f"export {name}={value}" for name, value in sorted(os.environ.items()) if names.fullmatch(name)]
    for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            command = folder.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
            if int(folder.name) == os.getpid() or not processes.search(command):
                continue
            environment = folder.joinpath("environ").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:  # not ours, or gone
            continue
        chosen = sorted(entry for entry in environment if names.fullmatch(entry.partition("=")[0]))
        if chosen:
            others += [
                f"pid {folder.name}: {command[:300]}",
                *("    has {} = {}".format(*entry.partition("=")[::2]) for entry in chosen),
            ]
    if others:  # of whatever runs now, which need not be the run that failed: for people, not for the diagnosis
        yield Gathered("variables-of-processes.txt", ("\n".join(others) + "\n").encode("utf-8", "replace"))
    if lines:
        yield Gathered("variables.txt", ("\n".join(lines) + "\n").encode("utf-8", "replace"))
    else:
        yield Gathered("variables.txt", missing="no variable of the stack is set")
