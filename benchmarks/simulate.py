"""Break simulated runs in many ways, and see how often the cause and the guilty rank or host are named.

python benchmarks/simulate.py --runs 200          # random sizes, layouts and faults
python benchmarks/simulate.py --ranks 1024 --lines 2000 --runs 1
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path
from time import perf_counter

from cluster import FAULTS, LAYOUTS, Truth, simulate

from logdoctor import core, rulebook, sources
from logdoctor.model import Diagnosis

SURE = 0.9
"""From this confidence on, at least nine in ten must be right."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=140)
    parser.add_argument("--ranks", type=int, help="ranks of every run; random otherwise")
    parser.add_argument("--lines", type=int, default=60, help="healthy lines of each rank (%(default)s)")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="only this one")
    parser.add_argument("--layout", choices=LAYOUTS, help="only this one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="leave the logs of runs that were judged wrong here")
    options = parser.parse_args()
    random_ = random.Random(options.seed)
    right = sure = sure_and_wrong = 0
    for number in range(options.runs):
        fault = options.fault or sorted(FAULTS)[number % len(FAULTS)]
        layout = options.layout or random_.choice(LAYOUTS)
        per_host = random_.choice((2, 4, 8))
        ranks = options.ranks or per_host * random_.choice((2, 3, 4, 8, 16))
        seed = options.seed + number
        files, truth = simulate(fault, ranks=ranks, per_host=per_host, lines=options.lines, layout=layout, seed=seed)
        with tempfile.TemporaryDirectory() as place:
            write(files, Path(place))
            started = perf_counter()
            diagnosis = core.explain(sources.discover([place]), rulebook.load())
            seconds = perf_counter() - started
        wrong = judge(diagnosis, truth)
        right += not wrong
        is_sure = bool(diagnosis.findings) and diagnosis.findings[0].confidence >= SURE
        sure, sure_and_wrong = sure + is_sure, sure_and_wrong + (is_sure and bool(wrong))
        megabytes = sum(map(len, files.values())) / 1e6
        if wrong or options.runs <= 20:
            said = wrong or "right"
            what = f"{fault} {ranks} ranks, {per_host} a host, {layout}, seed {seed}"
            print(f"{what}: {said} ({seconds:.1f} s, {megabytes:.0f} MB)")
        if wrong and options.keep:
            write(files, options.keep / f"{fault}-{layout}-{seed}")
    print(f"{right}/{options.runs} right ({right / options.runs:.1%})")
    print(f"{sure} with a confidence of {SURE} or more, {sure_and_wrong} of them wrong")
    return 0 if right >= 0.95 * options.runs else 1


def judge(diagnosis: Diagnosis, truth: Truth) -> str:
    """What is wrong with the first finding; nothing where it names the cause and who is guilty."""
    if not diagnosis.findings:
        return "nothing found"
    first = diagnosis.findings[0]
    if not any(fnmatch(first.id, cause) for cause in truth.causes):
        return f"{first.id} instead of {' or '.join(sorted(truth.causes))}"
    ranks = {actor.rank for actor in first.guilty}
    hosts = {actor.host for actor in first.guilty}
    if truth.ranks and ranks == truth.ranks:
        return ""
    if (not truth.ranks or len(truth.ranks) > 1) and truth.hosts and hosts == truth.hosts:
        return ""
    blamed = sorted(map(str, first.guilty))
    return f"{first.id}, guilty {blamed} instead of {sorted(truth.ranks) or sorted(truth.hosts)}"


def write(files: dict[str, str], place: Path) -> None:
    for name, text in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
