"""Measure logdoctor beside tools that everybody knows, in one run, and print ratios.

    python benchmarks/run.py [--megabytes 1000] [--large 10000] [--repeat 3] [--only throughput,start-up,...]

Commands run in turn, A B C A B C, so that a machine that is busy with other things is busy for all of them; figures are
medians of whole processes. CPU seconds say what a command costs on one core, wall-clock seconds how long one waits.
Corpora are written to a temporary folder, the same bytes on every machine, and removed. Needs Linux.
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import random
import re
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from corpus import FAILING, HEALTHY, write

from logdoctor import rulebook

LOGDOCTOR = [sys.executable, "-m", "logdoctor"]
JSON = ["--format", "json"]
RATES = (1e-6, 1e-4, 1e-2, 0.5)
_NAME = re.compile(r"\(\?P<\w+>")
"""How a group is named: in a union of patterns no name may stand twice."""
RG_LIMITS = ["--regex-size-limit", "2G", "--dfa-size-limit", "2G"]


@dataclass(frozen=True)
class Measured:
    """Medians of a command."""

    cpu: float
    wall: float
    peak: float
    """Megabytes."""


Command = list[str] | str
"""A command; as text, one for the shell."""


def measure(commands: dict[str, Command], repeat: int, cores: int | None = None) -> dict[str, Measured]:
    """Run the commands in turn, ``repeat`` times each after a first time that does not count; on so many cores, if
    given."""
    runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for round_ in range(repeat + 1):
        for name, command in commands.items():
            result = _once(["sh", "-c", command] if isinstance(command, str) else command, cores)
            if round_ or repeat == 1:
                runs[name].append(result)
    return {name: Measured(*map(statistics.median, zip(*results, strict=True))) for name, results in runs.items()}


def _once(command: list[str], cores: int | None) -> tuple[float, float, float]:
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        if cores is not None:
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.execvp(command[0], command)
    _, status, usage = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):  # 1: a problem found, or nothing
        sys.exit(f"failed: {' '.join(command)[:200]}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1000


def table(title: str, *columns: str) -> Callable[..., None]:
    """Begin a Markdown table; gives what prints a row."""
    print(f"\n| {title} | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    return lambda name, *cells: print(f"| {name} | {' | '.join(str(cell) for cell in cells)} |", flush=True)


def throughput(folder: Path, given: argparse.Namespace) -> None:
    """Megabytes for each second of CPU time, beside counting lines and searching for the same literals; peak memory."""
    book = rulebook.load()
    literals = folder / "literals"
    literals.write_text("\n".join(book.literals) + "\n")
    for rate in RATES:
        log = folder / "big.log"
        size = _corpus(log, given.megabytes, rate)
        commands: dict[str, Command] = {"wc -l": ["wc", "-l", str(log)]}
        if shutil.which("rg"):
            commands["rg -j1 -c -F -f literals"] = ["rg", "-j1", "-c", "-F", "-f", str(literals), str(log)]
        commands["logdoctor explain"] = [*LOGDOCTOR, "explain", *JSON, str(log)]
        one, all_ = measure(commands, given.repeat, cores=1), measure(commands, given.repeat)
        row = table(
            f"{size:.0f} MB, failure rate {rate:g}", "MB per CPU s", "MB/s, one core", "MB/s, all cores", "peak MB",
            "logdoctor's speed relative to it: one core", "all cores",
        )  # fmt: skip
        mine = "logdoctor explain"
        for name in commands:
            row(
                f"`{name}`",
                f"{size / one[name].cpu:.0f}",
                f"{size / one[name].wall:.0f}",
                f"{size / all_[name].wall:.0f}",
                f"{all_[name].peak:.0f}",
                f"{one[name].cpu / one[mine].cpu:.2f}",
                f"{all_[name].wall / all_[mine].wall:.2f}",
            )


def peers(folder: Path, given: argparse.Namespace) -> None:
    """Tools that do more than search: on a small log, for they take long."""
    log = folder / "small.log"
    size = _corpus(log, 10, 1e-4)
    book = rulebook.load()
    commands: dict[str, Command] = {"logdoctor explain": [*LOGDOCTOR, "explain", *JSON, str(log)]}
    if shutil.which("rg"):
        telling = [at for at, pattern in enumerate(book.patterns) if not book.regex(at).search("all is well")]
        patterns = _readable([_NAME.sub("(", book.patterns[at].text) for at in telling])
        (folder / "patterns").write_text("\n".join(patterns) + "\n")
        commands[f"rg -j1 -c -f patterns ({len(patterns)} of {len(book.patterns)}: others are no Rust)"] = [
            "rg", "-j1", "-c", *RG_LIMITS, "-f", str(folder / "patterns"), str(log),
        ]  # fmt: skip
    if shutil.which("lnav"):
        commands["lnav -n"] = ["lnav", "-n", "-c", ":write-json-to /dev/null", str(log)]
    if subprocess.run([sys.executable, "-c", "import drain3"], capture_output=True, check=False).returncode == 0:
        program = "import sys,drain3\nm=drain3.TemplateMiner()\nfor line in open(sys.argv[1]): m.add_log_message(line)"
        commands["drain3"] = [sys.executable, "-c", program, str(log)]
    row = table(f"{size:.0f} MB", "MB per CPU s", "peak MB")
    for name, found in measure(commands, 1).items():
        row(f"`{name}`", f"{size / found.cpu:.1f}", f"{found.peak:.0f}")


def _readable(patterns: list[str]) -> list[str]:
    """The patterns that ripgrep can read: it knows no looking around and nothing that spans lines."""
    asked = [argument for pattern in patterns for argument in ("-e", pattern)]
    if subprocess.run(["rg", "-q", *RG_LIMITS, *asked, os.devnull], capture_output=True, check=False).returncode < 2:
        return patterns
    half = len(patterns) // 2
    return _readable(patterns[:half]) + _readable(patterns[half:]) if half else []


def growth(folder: Path, given: argparse.Namespace) -> None:
    """How cost grows with the size of the input, the number of files and the number of rules."""
    row = table("size of a healthy log", "MB per CPU s", "MB/s, all cores", "peak MB")
    for megabytes in (10, 100, given.megabytes, *([given.large] if given.large else [])):
        log = folder / "big.log"
        size = _corpus(log, megabytes, 1e-6)
        found = measure({"": [*LOGDOCTOR, "explain", *JSON, str(log)]}, given.repeat)[""]
        row(f"{size:.0f} MB", f"{size / found.cpu:.0f}", f"{size / found.wall:.0f}", f"{found.peak:.0f}")
    log.unlink()
    row = table("100 MB in so many files", "MB per CPU s", "peak MB")
    for count in (1, 10, 100):
        many = folder / f"files-{count}"
        many.mkdir()
        for number in range(count):
            write(many / f"rank_{number}.log", 100 // count, 1e-4, seed=number)
        size = sum(path.stat().st_size for path in many.iterdir()) / 1e6
        found = measure({"": [*LOGDOCTOR, "explain", *JSON, str(many)]}, given.repeat)[""]
        row(count, f"{size / found.cpu:.0f}", f"{found.peak:.0f}")
        shutil.rmtree(many)
    log = folder / "rules.log"
    size = _corpus(log, min(given.megabytes, 300), 1e-6)
    row = table("so many rules' literals", "literals", "MB per CPU s", "relative")
    child = str(Path(__file__).with_name("rules.py"))
    counts = (100, 300, 1000, 3000)
    found_by = measure({str(count): [sys.executable, child, str(count), str(log)] for count in counts}, given.repeat)
    base = found_by["100"].cpu
    for count in counts:
        told = subprocess.run([sys.executable, child, str(count)], capture_output=True, text=True, check=True).stdout
        found = found_by[str(count)]
        row(count, told.strip(), f"{size / found.cpu:.0f}", f"{base / found.cpu:.2f}")


def cores(folder: Path, given: argparse.Namespace) -> None:
    """What more processors do: threads search one large file, processes read several in which much goes wrong."""
    one = folder / "one.log"
    many = folder / "many"
    many.mkdir()
    size = _corpus(one, given.megabytes, 1e-6)
    sizes = sum(_corpus(many / f"rank_{number}.log", given.megabytes // 16, 1e-2, number) for number in range(8))
    row = table("cores", f"{size:.0f} MB, rate 1e-6: MB/s", "x one core", f"8 files, {sizes:.0f} MB, rate 1e-2: MB/s",
                "x one core")  # fmt: skip
    commands: dict[str, Command] = {"one": [*LOGDOCTOR, "explain", *JSON, str(one)],
                                    "many": [*LOGDOCTOR, "explain", *JSON, str(many)]}  # fmt: skip
    alone = measure(commands, given.repeat, cores=1)
    for count in (n for n in (1, 2, 4, 8) if n <= len(os.sched_getaffinity(0))):
        found = alone if count == 1 else measure(commands, given.repeat, cores=count)
        row(
            count,
            f"{size / found['one'].wall:.0f}",
            f"{alone['one'].wall / found['one'].wall:.2f}",
            f"{sizes / found['many'].wall:.0f}",
            f"{alone['many'].wall / found['many'].wall:.2f}",
        )


def repeats(folder: Path, given: argparse.Namespace) -> None:
    """A job that says the same thing a million times."""
    log = folder / "repeats.log"
    random_ = random.Random(7)
    row = table("a million lines, all of them", "CPU s", "us a line", "peak MB")
    for name, line in (("one error", FAILING[0]), ("four errors", None)):
        with log.open("w") as file:
            for number in range(1_000_000):
                file.write((line or FAILING[number % 4])(random_, number) + "\n")
        found = measure({"": [*LOGDOCTOR, "explain", *JSON, str(log)]}, given.repeat)[""]
        row(name, f"{found.cpu:.2f}", f"{found.cpu:.2f}", f"{found.peak:.0f}")


def start_up(folder: Path, given: argparse.Namespace) -> None:
    """What a short log costs beside starting Python at all."""
    short = folder / "short.log"
    random_ = random.Random(7)
    lines = [line(random_, number) for number, (_, line) in enumerate(HEALTHY * 50)][:399]
    short.write_text("\n".join([*lines, FAILING[0](random_, 1)]) + "\n")
    commands: dict[str, Command] = {
        "python -I -c pass": [sys.executable, "-I", "-c", "pass"],
        "logdoctor --version": [*LOGDOCTOR, "--version"],
        "logdoctor --show-completion bash": [*LOGDOCTOR, "--show-completion", "bash"],
        "logdoctor explain, 400 lines, json": [*LOGDOCTOR, "explain", str(short), *JSON],
        "logdoctor explain, 400 lines, text": [*LOGDOCTOR, "explain", str(short)],
    }
    found = measure(commands, 3 * given.repeat)
    row = table("start-up", "CPU ms", "x python")
    for name, result in found.items():
        row(f"`{name}`", f"{1000 * result.cpu:.0f}", f"{result.cpu / found['python -I -c pass'].cpu:.1f}")


def pipes(folder: Path, given: argparse.Namespace) -> None:
    """Standard input: throughput beside tee, and how long the first finding takes."""
    log = folder / "big.log"
    size = _corpus(log, given.megabytes, 1e-6)
    me = " ".join(LOGDOCTOR)
    found = measure(
        {
            "cat": f"cat {log} | cat | cat >/dev/null",
            "tee /dev/null": f"cat {log} | tee /dev/null | cat >/dev/null",
            "logdoctor explain --tee": f"cat {log} | {me} explain --tee | cat >/dev/null",
            "logdoctor explain": f"cat {log} | {me} explain",
        },
        given.repeat,
    )
    row = table("in a pipe", "MB/s")
    for name, result in found.items():
        row(f"`{name}`", f"{size / result.wall:.0f}")
    waits = [_first_finding() for _ in range(3 * given.repeat)]
    middle = statistics.median(waits)
    print(f"\nfirst finding after its line was written: median {middle:.0f} ms, most {max(waits):.0f} ms")


def _first_finding() -> float:
    """Milliseconds from a line that shows a failure to what is told of it, the pipe staying open."""
    random_ = random.Random(7)
    lines = "".join(line(random_, number) + "\n" for number, (_, line) in enumerate(HEALTHY * 10))
    failure = "RuntimeError: [enforce fail at device.cc:84] ifa != nullptr. Unable to find address for: bond1\n"
    command = [*LOGDOCTOR, "explain"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stderr
        process.stdin.write(lines.encode())
        process.stdin.flush()
        time.sleep(1.5)
        started = time.perf_counter()
        process.stdin.write(failure.encode())
        process.stdin.flush()
        select.select([process.stderr], [], [], 10)
        waited = 1000 * (time.perf_counter() - started)
        process.communicate()
    return waited


def compressed(folder: Path, given: argparse.Namespace) -> None:
    """Compressed logs, beside unpacking them into a pipe."""
    log = folder / "packed.log"
    size = _corpus(log, min(given.megabytes, 500), 1e-6)
    with log.open("rb") as plain, gzip.open(f"{log}.gz", "wb", 6) as packed:
        shutil.copyfileobj(plain, packed)
    me = " ".join(LOGDOCTOR)
    row = table("compressed", "MB/s, unpacked", "relative to the first")
    for tool, ending, peer in (("gzip", "gz", ""), ("zstd", "zst", f" | {me} explain")):
        if not shutil.which(tool):
            continue
        if tool == "zstd":
            subprocess.run(["zstd", "-q", str(log)], check=True)
        commands: dict[str, Command] = {
            f"{tool} -dc x.{ending}{' | logdoctor explain' if peer else ''}": f"{tool} -dc {log}.{ending}{peer}",
            f"logdoctor explain x.{ending}": [*LOGDOCTOR, "explain", f"{log}.{ending}"],
        }
        found = measure(commands, given.repeat)
        first = next(iter(found.values())).wall
        for name, result in found.items():
            row(f"`{name}`", f"{size / result.wall:.0f}", f"{first / result.wall:.2f}")


def _corpus(path: Path, megabytes: int, rate: float, seed: int = 7) -> float:
    """Write a log; gives its size in MB."""
    write(path, megabytes, rate, seed)
    return path.stat().st_size / 1e6


PARTS = {
    part.__name__.replace("_", "-"): part
    for part in (start_up, throughput, peers, growth, cores, repeats, pipes, compressed)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--large", type=int, default=0, help="megabytes of one more, larger log, such as 10000")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    given = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # start-up is measured as users have it
    book = rulebook.load()
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{len(book.rule_ids)} rules, {len(book.literals)} literals; medians of {given.repeat} runs")
    with tempfile.TemporaryDirectory() as folder:
        for name in given.only.split(","):
            PARTS[name](Path(folder), given)


if __name__ == "__main__":
    main()
