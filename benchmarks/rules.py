"""Scan a log with the literals of so many rules: some of those there are, or as many more made up of their pieces.

python benchmarks/rules.py COUNT [LOG]    without a log: the number of literals
"""

from __future__ import annotations

import random
import sys
from types import SimpleNamespace

from logdoctor import rulebook
from logdoctor.scan import Scan, Scanner
from logdoctor.sources import Source, discover


def book(count: int) -> SimpleNamespace:
    """Just enough of a rulebook, with the literals of ``count`` rules."""
    real = rulebook.load()
    ids = list(real.rule_ids)
    random.Random(7).shuffle(ids)
    kept = frozenset(ids[:count])
    literals = {
        literal: indexes
        for literal, indexes in real.literals.items()
        if any(real.patterns[index].fact or real.patterns[index].rule in kept for index in indexes)
    }
    rules = [literal for literal, indexes in real.literals.items() if any(real.patterns[i].rule for i in indexes)]
    for number in range(max(0, count - len(ids)) * len(rules) // len(ids)):
        one, other = rules[number % len(rules)], rules[(number * 7 + 1) % len(rules)]
        literals[one[len(one) // 2 :] + other[: len(other) // 2] + str(number % 10)] = [0]
    return SimpleNamespace(
        literals=literals,
        anchors=real.anchors,
        heartbeats=real.heartbeats,
        is_fact=real.is_fact,
        regex=real.regex,
    )


def main() -> None:
    made = book(int(sys.argv[1]))
    if len(sys.argv) < 3:
        print(len(made.literals))
        return
    scanner = Scanner(made, threads=1)  # type: ignore[arg-type]
    for source in discover(sys.argv[2:]):
        assert isinstance(source, Source)
        scan = Scan(scanner)
        for chunk, hits in scanner.chunks(source.open()):
            scan.feed(chunk, hits)


if __name__ == "__main__":
    main()
