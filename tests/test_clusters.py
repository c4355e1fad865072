"""Simulated runs of many ranks in which one thing goes wrong: the cause and who is guilty are named, whatever the
layout of the logs, the order of the files and the blocks in which they are read. ``benchmarks/simulate.py`` measures
the same on many more."""

from __future__ import annotations

import random
import re

import pytest
from cluster import FAULTS, LAYOUTS, simulate
from helpers import diagnose
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from simulate import judge

KINDS = sorted(FAULTS)


@pytest.mark.parametrize("fault", KINDS)
def test_the_guilty_are_named(fault: str) -> None:
    layout = LAYOUTS[KINDS.index(fault) % len(LAYOUTS)]
    files, truth = simulate(fault, ranks=24, per_host=4, lines=30, layout=layout, seed=7)
    diagnosis = diagnose(files)
    assert judge(diagnosis, truth) == ""
    assert diagnosis.findings[0].why


@settings(  # shrinking a whole cluster takes longer than reading its seed
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=(Phase.reuse, Phase.generate)
)
@given(
    fault=st.sampled_from(KINDS),
    layout=st.sampled_from(LAYOUTS),
    seed=st.integers(0, 1000),
    block=st.sampled_from((97, 1000, 8192)),
    shuffle=st.randoms(use_true_random=False),
)
def test_neither_order_of_files_nor_blocks_matter(
    fault: str, layout: str, seed: int, block: int, shuffle: random.Random
) -> None:
    files, _ = simulate(fault, ranks=8, per_host=4, lines=10, layout=layout, seed=seed)
    names = list(files)
    shuffle.shuffle(names)
    assert diagnose({name: files[name] for name in names}, block=block).findings == diagnose(files).findings


@pytest.mark.parametrize("fault", KINDS)
def test_lines_that_repeat_change_no_verdict(fault: str) -> None:
    files, truth = simulate(fault, ranks=16, per_host=4, lines=10, layout="rank-files", seed=3)
    again = {name: "".join(line * 2 for line in text.splitlines(keepends=True)) for name, text in files.items()}
    once, twice = diagnose(files), diagnose(again)
    assert judge(once, truth) == judge(twice, truth) == ""
    assert once.findings[0].id == twice.findings[0].id


@pytest.mark.parametrize("fault", KINDS)
def test_prefixes_alone_tell_who_is_who(fault: str) -> None:
    """All ranks in one file, and no line of it in order but within its rank."""
    files, truth = simulate(fault, ranks=16, per_host=4, lines=10, layout="one-file", seed=5)
    assert judge(diagnose(files), truth) == ""


def test_a_healthy_cluster_is_healthy() -> None:
    files, _ = simulate("silent", ranks=16, per_host=4, lines=50, layout="rank-files", seed=1)
    healthy = {
        name: "".join(line for line in text.splitlines(keepends=True) if not re.search("ProcessGroupNCCL", line))
        for name, text in files.items()
    }
    diagnosis = diagnose(healthy)
    assert (diagnosis.verdict, diagnosis.findings) == ("healthy", ())
    assert diagnosis.cluster.world_size == 16
