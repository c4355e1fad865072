"""How often planted bad nodes are found, and healthy ones accused, beside what counting failures would say; and how
often the version that brings a cause is.

python benchmarks/bad_nodes.py                     # 300 fleets of each kind, as diagnoses would come out
python benchmarks/bad_nodes.py --logs 3            # and three fleets through their logs: batch, then the fleet view

Diagnoses are simulated with what goes wrong in practice: in a fifth of the failures the log that names the node is
missing, and in one of twenty the wrong host is named. The peer counts failed jobs for each host and accuses those that
are three standard deviations above the mean, with at least three failures.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import mean, pstdev

import fleets

from logdoctor.batch.fleet import links
from logdoctor.batch.fleet.nodes import LEAST, Blamed, Run, accuse

UNNAMED, WRONG = 0.2, 0.05
"""How often the log that names a node is missing, and how often the wrong host is named."""
KINDS: dict[str, dict[str, float]] = {
    "as make demo-fleet": {},
    "no bad node": {"bad": 0},
    "four bad nodes": {"bad": 4},
    "bad now and then": {"share": 0.25, "jobs": 600},
    "small fleet": {"hosts": 24, "jobs": 150},
    "large fleet": {"hosts": 600, "jobs": 4000, "bad": 3},
    "a pool of long jobs": {"pool": 6, "jobs": 900},
    "serving mostly": {"serving": 0.8, "jobs": 900},
}


def diagnosed(fleet: fleets.Fleet) -> tuple[list[Blamed], list[Run]]:
    """What the diagnoses of a fleet say of nodes."""
    chance = random.Random(f"diagnosed {fleet.seed}")
    blamed, runs = [], []
    for job in fleet.jobs:
        hosts = frozenset(job.hosts)
        named = job.fault in fleets.WEAR and chance.random() >= UNNAMED
        if named:
            host = job.hosts[job.guilty // fleet.per_host]
            host = chance.choice(job.hosts) if chance.random() < WRONG else host
            blamed.append(Blamed(job.name, hosts, frozenset({host}), time=job.begin))
        else:
            runs.append(Run(job.name, hosts, job.fault in fleets.WEAR or job.fault in fleets.FALLOUT, job.begin))
    return blamed, runs


def counted(fleet: fleets.Fleet) -> set[str]:
    """Whom the peer accuses."""
    counts = Counter({host: 0 for job in fleet.jobs for host in job.hosts})
    counts.update(host for job in fleet.jobs if job.fault for host in job.hosts)
    bound = mean(counts.values()) + 3 * pstdev(counts.values())
    return {host for host, count in counts.items() if count >= max(LEAST, bound)}


def judged(fleet: fleets.Fleet, accused: Iterable[str]) -> tuple[int, int, int]:
    """Bad nodes that were planted, those of them that are found, and whether any other is accused."""
    bad, named = set(fleet.bad), set(accused)
    return len(bad), len(bad & named), int(bool(named - bad))


def linked(fleet: fleets.Fleet) -> tuple[bool, bool]:
    """Whether the version that brings a cause is found, and whether anything else is said to come with anything.

    Each job has forty more variables, whose values mean nothing.
    """
    chance = random.Random(f"linked {fleet.seed}")
    causes: dict[str, set[str]] = {}
    for job in fleet.jobs:
        if job.fault and job.fault not in fleets.FALLOUT:
            causes.setdefault(job.fault, set()).add(job.name)
    stated = [(job.name, "version", "vllm", job.version) for job in fleet.jobs if job.version]
    for number in range(40):
        values = chance.choice((2, 3, 5))
        stated += [
            (job.name, "variable", f"V{number}", str(chance.randrange(values)))
            for job in fleet.jobs
            if chance.random() < 0.8
        ]
    found, _ = links.linked({cause: frozenset(names) for cause, names in causes.items()}, stated)
    right = [one.cause == "kv-cache" and one.setting == ("version", "vllm", fleets.NEW, True) for one in found]
    return any(right), not all(right)


def through_logs(seed: int) -> tuple[int, int, int]:
    """The same, by way of logs."""
    from logdoctor import rulebook
    from logdoctor.batch.fleet import view
    from logdoctor.batch.store import connect

    fleet = fleets.plan(seed)
    with tempfile.TemporaryDirectory() as place:
        root, results = Path(place) / "logs", Path(place) / "results.duckdb"
        fleets.write(fleet, root)
        command = [sys.executable, "-m", "logdoctor", "batch", str(root), "-o", str(results), "--quiet"]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        with connect(results) as connection:
            seen = view(connection, rulebook.load().suspects)
    regression = [one for one in seen.links if one.fingerprint == fleets.REGRESSION and one.name == "vllm"]
    right = [one.since and one.value == fleets.NEW for one in regression]
    planted, found, wrong = judged(fleet, (suspect.host for suspect in seen.nodes.suspects))
    when = "found" if any(right) else "NOT found"
    print(f"  seed {seed}: {found} of {planted} bad nodes, {wrong} false; the version regression {when}")
    return planted, found, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fleets", type=int, default=300, help="of each kind (%(default)s)")
    parser.add_argument("--logs", type=int, default=0, help="fleets that go through their logs")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    good = True
    print(f"{options.fleets} fleets of each kind; false: fleets in which a healthy node is accused")
    print(f"{'kind':24} {'found':>12} {'false':>8}   {'counting: found':>16} {'false':>8}")
    for kind, settings in KINDS.items():
        ours, peers = [], []
        for seed in range(options.seed, options.seed + options.fleets):
            fleet = fleets.plan(seed, **settings)  # type: ignore[arg-type]
            ours.append(judged(fleet, (suspect.host for suspect in accuse(*diagnosed(fleet)).suspects)))
            peers.append(judged(fleet, counted(fleet)))
        row = []
        for results in (ours, peers):
            planted, found, wrong = map(sum, zip(*results, strict=True))
            row += [found / planted if planted else None, wrong / len(results)]
        print(f"{kind:24} {_percent(row[0]):>12} {_percent(row[1]):>8}   {_percent(row[2]):>16} {_percent(row[3]):>8}")
        good = good and (row[0] is None or row[0] >= 0.95) and row[1] <= 0.05
    hints = [linked(fleets.plan(seed)) for seed in range(options.seed, options.seed + options.fleets)]
    found, wrong = (sum(column) / len(hints) for column in zip(*hints, strict=True))
    print(f"the version that brings a cause: found in {found:.1%}, false hints in {wrong:.1%} of fleets")
    if options.logs:
        print("through logs:")
        total = [sum(column) for column in zip(*map(through_logs, range(options.logs)), strict=True)]
        good = good and total[1] >= 0.95 * total[0] and not total[2]
    return 0 if good else 1


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


if __name__ == "__main__":
    sys.exit(main())
