"""What the rulebook costs at start, beside what it would cost without its cache.

python benchmarks/start.py
"""

from __future__ import annotations

import importlib.metadata
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from logdoctor import rulebook
from logdoctor.rulebook import Rulebook, packs
from logdoctor.rulebook.cache import through_cache
from logdoctor.rulebook.compile import files
from logdoctor.rulebook.store import pack, unpack

RUNS = 15


def median(work: Callable[[], object], runs: int = RUNS) -> float:
    """Milliseconds."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - started))
    return statistics.median(times)


def parse(paths: list[Path]) -> None:
    for path in paths:
        yaml.load(path.read_bytes(), yaml.CSafeLoader)


def entry_points() -> None:
    importlib.metadata.entry_points(group=packs.GROUP)


def main() -> None:
    directory = rulebook.rules_directory()
    paths = files(directory)
    packed = pack(through_cache((directory,)))
    rows = {
        "rulebook, as installed": (median(lambda: Rulebook(unpack(packed))), "yaml"),
        "rulebook, in a checkout": (median(lambda: Rulebook(through_cache((directory,)))), "yaml"),
        "rule packs": (median(packs.installed), "entry points"),
    }
    peers = {"yaml": median(lambda: parse(paths), 3), "entry points": median(entry_points, 3)}
    rules = len(rulebook.load().rule_ids)
    size = f"{len(packed) / 1e6:.1f} MB compiled"
    print(f"{rules} rules in {len(paths)} files, {size}; medians of {RUNS} runs; Python {sys.version.split()[0]}")
    for name, (milliseconds, peer) in rows.items():
        print(f"{name:24} {milliseconds:7.2f} ms   {peers[peer] / milliseconds:6.0f}x as fast as {PEERS[peer]}")


PEERS = {"yaml": "PyYAML (C) on the same files", "entry points": "importlib.metadata.entry_points"}

if __name__ == "__main__":
    main()
