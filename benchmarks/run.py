"""Measure logdoctor beside tools that everybody knows, in one run, and print ratios.

    python benchmarks/run.py [--megabytes 1000] [--repeat 3]

Times are medians of whole processes: their user and system time, and wall-clock time. Peak memory is the process's.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from corpus import FAILING, HEALTHY, write

from logdoctor import rulebook

LOGDOCTOR = [sys.executable, "-m", "logdoctor"]


@dataclass(frozen=True)
class Measured:
    """Medians of a command."""

    cpu: float
    wall: float
    peak_mb: float


def measure(command: list[str], repeat: int) -> Measured:
    """Run a command as a process of its own, several times."""
    runs = [_once(command) for _ in range(repeat)]
    return Measured(*(statistics.median(values) for values in zip(*runs, strict=True)))


def _once(command: list[str]) -> tuple[float, float, float]:
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.execvp(command[0], command)
    _, _, usage = os.wait4(child, 0)
    peak = usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - started, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    book = rulebook.load()
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{len(book.rule_ids)} rules, {len(book.literals)} literals; medians of {given.repeat} runs\n")
    with tempfile.TemporaryDirectory() as folder:
        start_up(Path(folder), given.repeat)
        throughput(Path(folder), given.megabytes, given.repeat, list(book.literals))


def start_up(folder: Path, repeat: int) -> None:
    """What a short log costs beside starting Python at all."""
    short = folder / "short.log"
    import random

    random_ = random.Random(7)
    lines = [line(random_, number) for number, (_, line) in enumerate(HEALTHY * 50)][:399]
    short.write_text("\n".join([*lines, FAILING[0](random_, 1)]) + "\n")
    base = measure([sys.executable, "-I", "-c", "pass"], 5 * repeat)
    print(f"{'start-up':34} {'CPU s':>8} {'x python':>9}")
    for name, command in (
        ("python -I -c pass", [sys.executable, "-I", "-c", "pass"]),
        ("logdoctor --version", [*LOGDOCTOR, "--version"]),
        ("logdoctor explain, 400 lines, json", [*LOGDOCTOR, "explain", str(short), "--format", "json"]),
        ("logdoctor explain, 400 lines, text", [*LOGDOCTOR, "explain", str(short)]),
    ):
        found = measure(command, 5 * repeat)
        print(f"{name:34} {found.cpu:8.3f} {found.cpu / base.cpu:9.1f}")


def throughput(folder: Path, megabytes: int, repeat: int, literals: list[str]) -> None:
    """Megabytes a second, beside counting lines and beside searching for the same literals."""
    (folder / "literals").write_text("\n".join(literals) + "\n")
    for failures in (0.0, 1e-6, 1e-4, 1e-2):
        log = folder / "big.log"
        write(log, megabytes, failures)
        size = log.stat().st_size / 1e6
        commands = {"wc -l": ["wc", "-l", str(log)]}
        if shutil.which("rg"):
            commands["rg -c -F -f literals"] = ["rg", "-j1", "-c", "-F", "-f", str(folder / "literals"), str(log)]
        commands["logdoctor explain"] = [*LOGDOCTOR, "explain", str(log), "--format", "json"]
        found = {name: measure(command, repeat) for name, command in commands.items()}
        base = found["logdoctor explain"].wall
        print(f"\n{f'{size:.0f} MB, failure rate {failures:g}':34} {'MB/s':>8} {'logdoctor is':>15} {'peak MB':>9}")
        for name, result in found.items():
            print(f"{name:34} {size / result.wall:8.0f} {result.wall / base:13.2f} x {result.peak_mb:9.0f}")


if __name__ == "__main__":
    main()
