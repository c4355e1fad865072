"""Many jobs on a real Ray cluster of several nodes, all on this machine: make test-ray."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest
from helpers import FIXTURES
from test_batch import PORT_TAKEN, folder, results

from logdoctor import batch
from logdoctor.batch import store
from logdoctor.batch.engines import EngineError
from logdoctor.batch.jobs import Job, find
from logdoctor.batch.work import Work

ray = pytest.importorskip("ray")
cluster_utils = pytest.importorskip("ray.cluster_utils")
ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers do not have the tests


@pytest.fixture
def cluster():
    """A head that does no work, and two nodes of one processor each."""
    made = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    made.workers = [made.add_node(num_cpus=1) for _ in range(2)]
    made.wait_for_nodes()
    yield made
    ray.shutdown()
    made.shutdown()


def engine(cluster, work: Work, timeout: float | None = None):
    from logdoctor.batch.engines.ray import Ray

    return Ray(work, None, timeout, cluster.address)


def diagnose(jobs, path: Path, engine, work: Work, told=lambda job, outcome: None) -> None:
    with store.Store(path) as kept:
        batch.run(jobs, kept, engine, work.version, told)


COMPARED = "SELECT * EXCLUDE (seconds, diagnosed_at) FROM jobs ORDER BY job"


def test_the_cluster_finds_what_this_machine_finds(cluster, tmp_path):
    from test_batch import InProcess

    jobs = {
        run: find([str(FIXTURES / run)])["logs"] for run in ("ray-disk-full", "nccl-link-lost", "vllm-too-few-files")
    }
    work = Work()
    for run, listed in jobs.items():
        (tmp_path / "jobs").mkdir(exist_ok=True)
        (tmp_path / "jobs" / run).symlink_to(listed().paths[0])
    jobs = find([str(tmp_path / "jobs")])
    diagnose(jobs, tmp_path / "here.duckdb", InProcess(work), work)
    diagnose(jobs, tmp_path / "there.duckdb", engine(cluster, work), work)
    assert results(tmp_path / "there.duckdb", COMPARED) == results(tmp_path / "here.duckdb", COMPARED)


def test_a_large_job_is_read_in_parts(cluster, tmp_path, monkeypatch):
    from logdoctor.batch.engines import ray as engines

    for n in range(4):
        folder(tmp_path, "jobs/a", PORT_TAKEN.format(port=29500), f"rank{n}.log")
    asked: list[int] = []

    def every_file(job: Job):
        from logdoctor.batch.work import parts

        found = list(parts(job, 1))
        asked.append(len(found))
        return found

    monkeypatch.setattr(engines, "parts", every_file)
    work = Work()
    diagnose(find([str(tmp_path / "jobs")]), tmp_path / "r.duckdb", engine(cluster, work), work)
    assert asked == [4]
    assert results(tmp_path / "r.duckdb", "SELECT state, verdict, files FROM jobs") == [("diagnosed", "root-cause", 4)]


def test_a_node_that_dies_midway_costs_no_job(cluster, tmp_path):
    for n in range(60):
        folder(tmp_path, f"jobs/{n}", PORT_TAKEN.format(port=n))
    work, seen = Slow(), []

    def told(job, outcome):
        seen.append(job)
        if len(seen) == 10:
            cluster.remove_node(cluster.workers[0], allow_graceful=False)

    diagnose(find([str(tmp_path / "jobs")]), tmp_path / "r.duckdb", engine(cluster, work), work, told)
    assert results(tmp_path / "r.duckdb", "SELECT state, count(*) FROM jobs GROUP BY 1") == [("diagnosed", 60)]


class Slow(Work):
    """Slow enough for something to happen meanwhile; fatal where the job asks for it."""

    def do(self, job: Job):
        import os

        time.sleep(60 if job.name == "hangs" else 0.1)
        if job.name == "kills":
            os._exit(1)
        return super().do(job)


def test_jobs_that_hang_or_kill_their_worker_stop_no_other(cluster, tmp_path):
    for name in ("a", "hangs", "kills", "z"):
        folder(tmp_path, f"jobs/{name}", PORT_TAKEN.format(port=1))
    work = Slow()
    diagnose(find([str(tmp_path / "jobs")]), tmp_path / "r.duckdb", engine(cluster, work, timeout=5), work)
    assert results(tmp_path / "r.duckdb", "SELECT job, state FROM jobs ORDER BY job") == [
        ("a", "diagnosed"),
        ("hangs", "timed-out"),
        ("kills", "crashed"),
        ("z", "diagnosed"),
    ]


def test_logs_on_the_disks_of_the_nodes_are_read_there(cluster, tmp_path):
    folder(tmp_path, "jobs/a", PORT_TAKEN.format(port=1))
    work = Work()
    there = engine(cluster, work)
    jobs = there.find([str(tmp_path / "jobs")], re.compile("(?P<job>[^/]+)/"))
    diagnose(jobs, tmp_path / "r.duckdb", there, work)
    ((paths, sources),) = results(
        tmp_path / "r.duckdb", "SELECT paths, list(source) FROM jobs JOIN evidence USING (job) GROUP BY 1"
    )
    assert paths == [f"{node}:{tmp_path}/jobs/a/run.log" for node in there._nodes]  # both see the one disk
    assert set(sources) == {f"{node}/a/run.log" for node in there._nodes}


def test_without_a_cluster_one_sentence_says_so():
    from logdoctor.batch.engines.ray import Ray

    with pytest.raises(EngineError, match=r"no Ray at 127.0.0.1:1: .*; ray status"):
        Ray(Work(), None, None, "127.0.0.1:1")
