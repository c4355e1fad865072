"""Diagnose many simulated jobs with one process and with several, and see what a batch costs over the diagnosis alone.

python benchmarks/batch.py                       # 2,000 jobs, 1 GB
python benchmarks/batch.py --jobs 400 --megabytes 200 --ray   # also on a Ray cluster of two nodes on this machine
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import corpus
from cluster import FAULTS, LAYOUTS, simulate

from logdoctor.batch.jobs import find
from logdoctor.batch.store import ask, connect
from logdoctor.batch.work import Work

DISTINCT = 60
"""Simulated jobs; the others are copies of them."""
LINE = 66
"""Bytes of a simulated line."""
COMPARED = "SELECT * EXCLUDE (seconds, diagnosed_at) FROM jobs ORDER BY job"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--megabytes", type=int, default=1000, help="of all jobs together (%(default)s)")
    parser.add_argument(
        "--small", type=int, default=2000, help="jobs of 400 lines, for the cost of a job (%(default)s)"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--kills", type=int, default=20, help="moments at which a batch is killed (%(default)s)")
    parser.add_argument("--ray", action="store_true", help="also on a Ray cluster of this machine")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        size = jobs(folder / "jobs", given.jobs, given.megabytes * 1e6 / given.jobs)
        small(folder / "small", given.small)
        print(f"{given.jobs} jobs, {size / 1e6:.0f} MB; {os.cpu_count()} processors; Python {sys.version.split()[0]}")
        processors(folder, given)
        kills(folder, given)
        overhead(folder, given)
        if given.ray:
            ray(folder, given)


def processors(folder: Path, given: argparse.Namespace) -> None:
    """One worker, and several."""
    runs: dict[int, list[tuple[float, float, float]]] = {1: [], given.workers: []}
    for _ in range(given.repeat):
        for workers, measured in runs.items():
            measured.append(batch(folder, "jobs", "-j", str(workers)))
    alone = statistics.median(wall for wall, _, _ in runs[1])
    print("\nlocal engine                 wall      jobs/s    CPU     peak memory (PSS, all processes)   against one")
    for workers, measured in runs.items():
        wall, cpu, peak = (statistics.median(column) for column in zip(*measured, strict=True))
        print(
            f"{workers} worker(s)             {wall:8.1f} s {given.jobs / wall:8.0f} {cpu:8.1f} s {peak / 1e6:8.0f} MB"
            f"{alone / wall:38.2f} x"
        )


def overhead(folder: Path, given: argparse.Namespace) -> None:
    """What a small job costs in a batch over its diagnosis in this process; both in seconds of CPU time."""
    costs = []
    for _ in range(given.repeat):
        work, found = Work(), find([str(folder / "small")])
        _ = work.do(next(iter(found.values()))())  # rules and scanner are made
        started = time.process_time()
        for listed in found.values():
            work.do(listed())
        alone = (time.process_time() - started) / given.small
        empty = batch(folder, "nothing", "-j", "1")[1]
        together = (batch(folder, "small", "-j", "1")[1] - empty) / given.small
        costs.append((1e3 * alone, 1e3 * together, 1e3 * (together - alone)))
    alone, together, more = (statistics.median(column) for column in zip(*costs, strict=True))
    print(f"\na job of 400 lines: {alone:.2f} ms of CPU time by itself, {together:.2f} ms in a batch: {more:+.2f} ms")


def kills(folder: Path, given: argparse.Namespace) -> None:
    """Kill a batch again and again, go on each time, and compare with the one before that nobody disturbed."""
    with connect(folder / "results.duckdb") as undisturbed:
        expected = ask(undisturbed, COMPARED)
    results, random_ = folder / "killed.duckdb", random.Random(7)
    results.unlink(missing_ok=True)
    command = [sys.executable, "-m", "logdoctor", "batch", str(folder / "jobs"), "-o", str(results)]
    command += ["-j", str(given.workers), "--resume", "--quiet"]
    done = []
    for _ in range(given.kills):
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not results.exists():
            time.sleep(0.01)
        time.sleep(random_.uniform(0.5, 4))
        running.kill()
        running.wait()
        with connect(results) as disturbed:
            done.append(ask(disturbed, "SELECT count(*) FROM jobs")[1][0][0])
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    with connect(results) as disturbed:
        same = ask(disturbed, COMPARED) == expected
    verdict = "the same table as undisturbed" if same else "ANOTHER TABLE than undisturbed"
    print(f"\nkilled {given.kills} times, at {', '.join(map(str, done))} of {given.jobs} jobs: {verdict}")


def ray(folder: Path, given: argparse.Namespace) -> None:
    """As many Ray workers, all on one node, beside as many local ones: further nodes on the same machine would each
    take some of its processors for themselves."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": given.workers})
    cluster.wait_for_nodes()
    on_ray, here = ("--engine", "ray", "--ray-address", cluster.address), ("-j", str(given.workers))
    batch(folder, "small", *on_ray)  # its workers are started
    start = [batch(folder, "nothing", *engine)[0] for engine in (here, on_ray)]
    print(f"\nstart             {start[0]:.1f} s local, {start[1]:.1f} s on Ray")
    print("                    local        Ray       Ray takes   without the start, a job and processor")
    for name, count in (("jobs", given.jobs), ("small", given.small)):
        local, remote = (batch(folder, name, *engine)[0] for engine in (here, on_ray))
        each = 1e3 * (remote - local - start[1] + start[0]) * given.workers / count
        print(f"{name:12} {local:10.1f} s {remote:8.1f} s {remote / local:10.2f} x {each:+15.2f} ms")
    cluster.shutdown()


def batch(folder: Path, jobs: str, *options: str) -> tuple[float, float, float]:
    """Run a batch: seconds it took, seconds of CPU time, bytes of memory at the peak."""
    results = folder / "results.duckdb"
    results.unlink(missing_ok=True)
    (folder / jobs).mkdir(exist_ok=True)
    (folder / jobs / "one.log").write_text("INFO started\n")
    command = [sys.executable, "-m", "logdoctor", "batch", str(folder / jobs), "-o", str(results), *options]
    started = time.perf_counter()
    running = subprocess.Popen([*command, "--format", "json", "--quiet"], stdout=subprocess.PIPE, text=True)
    watch = Watch(running.pid)
    out, _ = running.communicate()
    wall = time.perf_counter() - started
    watch.stop()
    assert running.returncode == 0, out
    return wall, sum(watch.cpu.values()), watch.memory


class Watch(threading.Thread):
    """Watches a process and all that it started, on Linux."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.memory = 0.0
        """Bytes of all at the peak, a page that several share counted once (PSS)."""
        self.cpu: dict[int, float] = {}
        """Seconds of each."""
        self._process, self._going = process, True
        self.start()

    def run(self) -> None:
        tick = os.sysconf("SC_CLK_TCK")
        while self._going:
            family = _family(self._process)
            self.cpu.update({member: ticks / tick for member, ticks in family.items()})
            self.memory = max(self.memory, sum(map(_pss, family)))
            time.sleep(0.1)

    def stop(self) -> None:
        self._going = False
        self.join()


def _family(process: int) -> dict[int, int]:
    """The process and those below it, each with the clock ticks that it ran."""
    parents, ticks = {}, {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # gone since
            continue
        number = int(status.parent.name)
        parents[number], ticks[number] = int(fields[1]), int(fields[11]) + int(fields[12])
    family = [process]
    for member in family:
        family += [child for child, parent in parents.items() if parent == member]
    return {member: ticks.get(member, 0) for member in family}


def _pss(process: int) -> float:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return 1024.0 * int(text.partition("\nPss:")[2].split()[0])


def jobs(folder: Path, count: int, size: float) -> float:
    """Write simulated jobs of about that many bytes each; the bytes of all."""
    random_, total = random.Random(1), 0
    made = []
    for number in range(min(DISTINCT, count)):
        fault = sorted(FAULTS)[number % len(FAULTS)]
        ranks = random_.choice((8, 16, 32))
        lines = int(size / ranks / LINE)
        layout = random_.choice(LAYOUTS)
        files, _ = simulate(fault, ranks=ranks, per_host=8, lines=lines, layout=layout, seed=number)
        made.append(files)
    for number in range(count):
        for name, text in made[number % len(made)].items():
            path = folder / f"job-{number:05}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            total += path.write_text(text)
    return total


def small(folder: Path, count: int) -> None:
    """Write jobs of 400 lines each, of which a few failed."""
    folder.mkdir()
    corpus.write(folder / "all", max(1, count * 60_000 // 1_000_000), 0.002)
    lines = (folder / "all").read_text().splitlines(keepends=True)
    (folder / "all").unlink()
    for number in range(count - 1):
        at = number * 400 % (len(lines) - 400)
        (folder / f"job-{number:05}.log").write_text("".join(lines[at : at + 400]))


if __name__ == "__main__":
    main()
