"""The picture of the run: hosts, ranks, versions, variables, and where they differ."""

from __future__ import annotations

from logdoctor.diagnosis.differences import sentences
from logdoctor.diagnosis.ledger import Ledger
from logdoctor.facts import Facts
from logdoctor.model import Cluster

SHOWN = 64
"""Values of one name that are shown."""
_RANK_FACTS, _WORLD_FACTS, _HOST_FACTS = (".rank",), (".world_size", ".nranks"), (".host", ".node_ip")

_NETWORK_FACTS = (".interface", ".transport", ".net", ".provider", ".hca", ".nic")
LAUNCHERS = ("k8s", "compose", "docker", "slurm", "systemd", "ray")
"""What starts processes, the outermost first: where Ray runs in Kubernetes, Kubernetes sets the environment."""


def picture(facts: Facts, ledger: Ledger) -> Cluster:
    """What the facts say of the cluster."""
    env = {name[4:]: facts.values(name)[:SHOWN] for name in facts.names("env.")}
    versions = {name[8:]: facts.values(name)[:SHOWN] for name in facts.names("version.")}
    sizes = [int(value) for value in _all(facts, _WORLD_FACTS) if value.isdigit()]
    ranks = sorted({int(value) for value in _all(facts, _RANK_FACTS) if value.isdigit()})
    hosts = dict.fromkeys(
        [
            *(fact.stream.host for name in facts.names() for fact in facts.all(name) if fact.stream.host),
            *_all(facts, _HOST_FACTS),
        ]
    )
    return Cluster(
        world_size=max(sizes, default=None),
        hosts=tuple(sorted(hosts))[:4096],
        ranks=tuple(ranks),
        env=env,
        versions=versions,
        differences=tuple(sentences(facts, ledger))[:SHOWN],
        networks={
            name: facts.values(name)[:SHOWN]
            for name in facts.names()
            if name.endswith(_NETWORK_FACTS) and not name.startswith("env.")
        },
        launcher=next((name for name in LAUNCHERS if f"launcher.{name}" in facts), None),
    )


def _all(facts: Facts, endings: tuple[str, ...]) -> list[str]:
    return [value for name in facts.names() if name.endswith(endings) for value in facts.values(name)]
