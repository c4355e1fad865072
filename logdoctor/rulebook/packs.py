"""Rules that installed Python packages bring.

A package says so by an entry point of the group ``logdoctor.rules``, whose value names a package (or a folder in one)
with YAML files. It is data: none of its code is run.

``importlib.metadata`` would take longer than all the rest of the start: it is slow to import, and opens a file of every
installed package. So those files are looked through here, and what was found is kept for as long as no directory of
``sys.path`` changes; installing or removing a package changes one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from logdoctor.rulebook.cache import kept, stamp

GROUP = "logdoctor.rules"


class Packs(NamedTuple):
    """What is installed."""

    directories: tuple[Path, ...]
    """Where the rules are, in the order of the packs' names."""
    problems: tuple[str, ...]
    """One sentence for each pack that cannot be used."""


def installed() -> Packs:
    """The rule packs of this Python environment."""
    places = [place or os.getcwd() for place in sys.path]
    found = kept(f"packs-{_stamp(places)}", lambda: {"packs": sorted(_search(places))}).get("packs", ())
    directories, problems = [], []
    for name, value, distribution in found:
        try:
            directories.append(_directory(value))
        except LookupError as error:
            problems.append(f"the rule pack '{name}' of {distribution} cannot be used: {error}")
    return Packs(tuple(dict.fromkeys(directories)), tuple(problems))


def _stamp(places: list[str]) -> str:
    """A name for this state of the directories."""
    seen = []
    for place in places:
        try:
            seen.append(f"{place} {os.stat(place).st_mtime_ns}")
        except OSError:
            continue
    return stamp(seen)


def _search(places: list[str]) -> Iterator[list[str]]:
    """Name, value and distribution of each entry point of the group."""
    seen: set[str] = set()
    for place in places:
        try:
            names = sorted(name for name in os.listdir(place) if name.endswith((".dist-info", ".egg-info")))
        except OSError:
            continue
        for distribution in names:
            try:
                with open(os.path.join(place, distribution, "entry_points.txt"), encoding="utf-8") as file:
                    text = file.read()
            except (OSError, UnicodeDecodeError):
                continue
            if GROUP in text and distribution not in seen:
                seen.add(distribution)
                label = distribution.rpartition(".")[0].replace("-", " ")
                yield from ([name, value, label] for name, value in _entries(text))


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """The entries of the group in an ``entry_points.txt``."""
    section = ""
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == GROUP and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name.strip(), value.partition("[")[0].strip()


def _directory(value: str) -> Path:
    """Where the package that an entry point names keeps its files. Raises :class:`LookupError` with what is wrong."""
    from importlib.util import find_spec

    package, *folders = value.replace(":", ".").split(".")
    try:
        spec: Any = find_spec(package)
    except (ImportError, ValueError) as error:
        raise LookupError(f"its package '{package}' cannot be found ({error})") from None
    if spec is None:
        raise LookupError(f"its package '{package}' is not installed")
    for home in spec.submodule_search_locations or ():
        directory = Path(home, *folders)
        if next(directory.rglob("*.y*ml"), None) is not None:
            return directory
    raise LookupError(f"there is no directory with *.yaml files at '{value}'")
