"""Causes that come with a version, or with the value of a variable.

Of the jobs that state a name at all, Fisher's exact test asks whether a cause is more frequent among those with one
value than among the others; for versions also among those from one version on. There are thousands of such questions,
and an answer is a hint to look at, not an accusation: Benjamini and Hochberg's correction bounds the share of false
hints. It says what goes together, not why: what always changes together cannot be told apart, and is named together.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from logdoctor.batch.fleet.exact import benjamini_hochberg, fisher

LEVEL = 0.05
"""The share of false hints that is accepted."""
LEAST = 3
"""Jobs of a cause that have the value, at least."""
SHARE, TIMES = 0.6, 3.0
"""Share of the cause's jobs that have it, and how many times more frequent the cause is with it, at least."""
Job = Any
"""What a job is known by: a name or a number."""
Jobs = frozenset[Job]


class Setting(NamedTuple):
    """A version or variable and its value, or that version and all later ones."""

    kind: str
    name: str
    value: str
    since: bool = False

    def __str__(self) -> str:
        if self.kind != "version":
            return f"{self.name}={self.value}"
        return f"{self.name} {self.value}" + (" and later" if self.since else "")


@dataclass(frozen=True, slots=True)
class Found:
    """A cause and a setting that go together."""

    cause: str
    setting: Setting
    both: int
    having: int
    cause_jobs: int
    """Jobs of the cause that state the name."""
    stating: int
    p: float
    jobs: Jobs
    also: tuple[Setting, ...] = ()


def linked(causes: Mapping[str, Jobs], settings: Iterable[tuple[Job, str, str, str]]) -> tuple[list[Found], int]:
    """What goes together, the surest first, and how many questions were asked.

    ``causes`` are the jobs of each; ``settings`` are job, kind, name and value, where healthy jobs count as well.
    """
    stated: dict[tuple[str, str], dict[str, set[Job]]] = defaultdict(lambda: defaultdict(set))
    for job, kind, name, value in settings:
        stated[kind, name][value].add(job)
    tests: list[Found] = []
    for (kind, name), values in stated.items():
        everybody: Jobs = frozenset().union(*values.values())
        for setting, having in _groups(kind, name, values):
            if not LEAST <= len(having) < len(everybody):
                continue
            for cause, jobs in causes.items():
                hit = jobs & everybody
                if len(hit) >= LEAST:
                    both = len(jobs & having)
                    p = fisher(both, len(hit), len(having), len(everybody)) if both >= LEAST else 1.0
                    tests.append(Found(cause, setting, both, len(having), len(hit), len(everybody), p, having))
    corrected = benjamini_hochberg([test.p for test in tests], len(tests))
    sure = [
        (p, test)
        for p, test in zip(corrected, tests, strict=True)
        if p <= LEVEL and test.both >= LEAST and _is_strong(test)
    ]
    return _grouped(sure), len(tests)


def _groups(kind: str, name: str, values: Mapping[str, set[Job]]) -> Iterable[tuple[Setting, Jobs]]:
    """The values, and for versions also each with all later ones."""
    yield from ((Setting(kind, name, value), frozenset(jobs)) for value, jobs in values.items())
    if kind != "version":
        return
    ordered = sorted(values, key=version_key)
    later: Jobs = frozenset()
    for value in reversed(ordered[1:]):
        later |= values[value]
        earlier = frozenset().union(*(values[other] for other in ordered if version_key(other) < version_key(value)))
        yield Setting(kind, name, value, since=True), later - earlier


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Orders versions: numbers by size, a release after its candidates and before what mends it."""
    public = version.partition("+")[0]
    parts = re.findall(r"\d+|[a-z]+", public.lower())
    named = {"post": (0, 1, "")}
    return (*((1, int(part), "") if part.isdigit() else named.get(part, (-1, 0, part)) for part in parts), (0, 0, ""))


def _is_strong(test: Found) -> bool:
    without, others = test.cause_jobs - test.both, test.stating - test.having
    return test.both >= SHARE * test.cause_jobs and test.both * others >= TIMES * without * test.having


def _grouped(sure: list[tuple[float, Found]]) -> list[Found]:
    """For each cause the surest setting of each kind of job set, with those that the same jobs have."""
    best: dict[tuple[str, Jobs], list[tuple[float, Found]]] = defaultdict(list)
    names: set[tuple[str, str, str]] = set()
    for p, test in sorted(sure, key=lambda pair: (pair[1].p, not pair[1].setting.since, pair[1].setting)):
        key = (test.cause, test.setting.kind, test.setting.name)
        if key not in names:  # one answer a name: the surest
            names.add(key)
            best[test.cause, test.jobs].append((p, test))
    return [
        replace(members[0][1], p=members[0][0], also=tuple(test.setting for _, test in members[1:]))
        for members in best.values()
    ]
