"""Many jobs: each diagnosed, all kept, in one file that answers questions.

``jobs`` finds them, an engine works on them, the store keeps what became of them; ``fleet`` and ``changes`` look at
what is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

from logdoctor.batch.engines import Engine
from logdoctor.batch.jobs import Job, Jobs
from logdoctor.batch.outcome import Outcome
from logdoctor.batch.store import Store


def run(
    jobs: Jobs,
    store: Store,
    engine: Engine,
    version: str,
    told: Callable[[str, Outcome | None], None],
    stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Diagnose the jobs whose files or rules (``version``) changed since the store knows them.

    ``told`` hears of each job by its name: with its outcome, or with None where the one that is known still holds.
    ``stopped`` is asked between jobs whether to end; those in flight are then given up.
    """
    known = store.known()

    def changed() -> Iterator[Job]:
        for name, listed in jobs.items():
            if stopped():
                return
            job = listed()
            if known.get(name) == (job.digest, version):
                told(name, None)
            else:
                yield job

    with closing(engine.outcomes(changed())) as outcomes:
        for outcome in outcomes:
            if outcome is None:
                store.settle()
            else:
                store.add(outcome)
                told(outcome.job, outcome)
            if stopped():
                return
