"""Many jobs: how they are found, what survives, what is kept."""

from __future__ import annotations

import json
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import FIXTURES

from logdoctor import batch
from logdoctor.batch import store
from logdoctor.batch.changes import changes
from logdoctor.batch.engines.local import Local
from logdoctor.batch.fingerprint import template
from logdoctor.batch.jobs import Job, find
from logdoctor.batch.outcome import Outcome, _Clock
from logdoctor.batch.store import versions
from logdoctor.batch.work import Work, parts

PORT_TAKEN = (
    "torch.distributed.DistNetworkError: The server socket has failed to listen on any local network address. "
    "port: {port}, useIpv6: false, code: -98, name: EADDRINUSE, message: address already in use\n"
)
UNKNOWN = 'Traceback (most recent call last):\n  File "/home/me/train.py", line 7, in <module>\nValueError: shape {n} of job-{n}\n'


def folder(root: Path, name: str, text: str, file: str = "run.log") -> Path:
    path = root / name / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def results(path: Path, sql: str) -> list[tuple]:
    with store.connect(path) as connection:
        return store.ask(connection, sql)[1]


class InProcess:
    """An engine without processes: what the others do, in order."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def outcomes(self, jobs):
        yield from map(self.work.do, jobs)


def diagnose(roots: list[Path | str], path: Path, work: Work | None = None, **how) -> list[str]:
    """Diagnose the jobs; the names of those that were read."""
    work, read = work or Work(), []
    with store.Store(path) as kept:
        jobs = find([str(root) for root in roots], **how)
        batch.run(jobs, kept, InProcess(work), work.version, lambda job, outcome: read.extend([job] * bool(outcome)))
    return read


def command(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "logdoctor", *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, timeout=120, **options)


# -- which jobs there are


def test_each_folder_archive_and_file_below_a_root_is_a_job(tmp_path):
    folder(tmp_path, "job-1", "x\n", "rank0.log")
    folder(tmp_path, "job-1", "x\n", "node-a/rank1.log")
    (tmp_path / "job-2.log").write_text("x\n")
    (tmp_path / "weights.safetensors").write_text("x\n")
    (tmp_path / ".hidden").mkdir()
    jobs = find([str(tmp_path)])
    assert list(jobs) == ["job-1", "job-2.log"]
    assert [Path(file.path).name for file in jobs["job-1"]().files] == ["rank1.log", "rank0.log"]
    assert [source.name for source in jobs["job-1"]().sources()] == ["node-a/rank1.log", "rank0.log"]
    assert list(find([str(tmp_path / "job-2.log")])) == ["job-2.log"]


def test_jobs_of_one_name_are_told_apart_by_the_folders_above(tmp_path):
    for day in ("monday", "tuesday"):
        folder(tmp_path, f"{day}/job-1", "x\n")
    folder(tmp_path, "monday/job-2", "x\n")
    assert list(find([str(tmp_path / "monday"), str(tmp_path / "tuesday")])) == [
        "monday/job-1",
        "job-2",
        "tuesday/job-1",
    ]


def test_a_pattern_says_what_a_job_is_and_who_wrote_a_file(tmp_path):
    for host in ("node-a", "node-b"):
        folder(tmp_path, f"{host}/4711", PORT_TAKEN.format(port=29500), "rank0.log")
    folder(tmp_path, "node-a", "x\n", "syslog")
    jobs = find([str(tmp_path)], re.compile(r"(?P<host>[^/]+)/(?P<job>\d+)/rank(?P<rank>\d+)"))
    assert list(jobs) == ["4711"]
    assert {(source.name, *source.said.values()) for source in jobs["4711"]().sources()} == {
        ("node-a/4711/rank0.log", "node-a", "0"),
        ("node-b/4711/rank0.log", "node-b", "0"),
    }
    diagnose([tmp_path], tmp_path / "r.duckdb", pattern=re.compile(r"(?P<host>node-b)/(?P<job>\d+)/"))
    assert results(tmp_path / "r.duckdb", "SELECT job, host FROM jobs") == [("4711", "node-b")]


def test_a_folder_without_logs_is_a_job_that_cannot_be_read(tmp_path):
    (tmp_path / "logs" / "empty").mkdir(parents=True)
    folder(tmp_path, "logs/void", "")
    folder(tmp_path, "logs/image", "\0\1\2" * 500)
    diagnose([tmp_path / "logs"], tmp_path / "r.duckdb")
    assert results(tmp_path / "r.duckdb", "SELECT job, state FROM jobs ORDER BY job") == [
        ("empty", "unreadable"),
        ("image", "unreadable"),
        ("void", "unreadable"),
    ]


# -- what is kept


def test_what_is_kept_of_a_job(tmp_path):
    diagnose([FIXTURES / "vllm-two-hosts-gloo-loopback"], tmp_path / "r.duckdb", pattern=re.compile("(?P<job>logs)/"))
    (row,) = results(tmp_path / "r.duckdb", "SELECT state, verdict, fingerprint, files, ranks FROM jobs")
    assert row == ("diagnosed", "root-cause", "gloo-socket-ifname-missing", 2, 2)
    kept = results(tmp_path / "r.duckdb", "SELECT diagnosis->>'$.findings[0].fix.env[0].value' FROM diagnoses")
    assert kept == [("eth0",)]
    lines = results(tmp_path / "r.duckdb", "SELECT source, line FROM evidence WHERE place = 0")
    assert ("worker.log", 48) in [(Path(source).name, line) for source, line in lines]


def test_addresses_that_mean_anybody_are_no_hosts(tmp_path):
    diagnose([FIXTURES / "nccl-master-unreachable"], tmp_path / "r.duckdb", pattern=re.compile("(?P<job>logs)/"))
    hosts = {host for (host,) in results(tmp_path / "r.duckdb", "SELECT host FROM hosts")}
    assert hosts
    assert not hosts & {"0.0.0.0", "::", "127.0.0.1", "127.0.1.1", "::1"}


def test_one_kind_of_failure_has_one_fingerprint(tmp_path):
    for n in (3, 4711):
        folder(tmp_path, f"jobs/known-{n}", PORT_TAKEN.format(port=n))
        folder(tmp_path, f"jobs/unknown-{n}", UNKNOWN.format(n=n))
    folder(tmp_path, "jobs/other", UNKNOWN.replace("shape", "no shape"))
    diagnose([tmp_path / "jobs"], tmp_path / "r.duckdb")
    prints = dict(results(tmp_path / "r.duckdb", "SELECT job, fingerprint FROM jobs"))
    assert prints["known-3"] == prints["known-4711"] == "c10d-port-in-use"
    assert prints["unknown-3"] == prints["unknown-4711"] != prints["other"]


def test_a_fingerprint_is_free_of_what_differs_from_job_to_job():
    assert template("rank 3 on node-17.cluster.local lost 10.0.0.3:29500 at 0x7f3a after 1800 s, see /tmp/x.log") == (
        template("rank 14 on gpu-2.cluster.local lost 10.0.0.9:29511 at 0x7f3b after 60 s, see /var/y.log")
    )


def test_secrets_can_be_kept_out(tmp_path):
    folder(tmp_path, "jobs/a", "ValueError: cannot log in with HF_TOKEN=hf_abcdefghijklmnopqrstuvwxyz0123456789\n")
    diagnose([tmp_path / "jobs"], tmp_path / "r.duckdb", Work(masked=True))
    assert "hf_abc" not in str(results(tmp_path / "r.duckdb", "SELECT * FROM diagnoses, jobs, evidence"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-05-01T09:14:33Z", "2026-05-01 09:14:33"),
        ("2026-05-01T09:14:33+02:00", "2026-05-01 07:14:33"),
        ("2026-05-01T09:14:33", "2026-05-01 09:14:33"),
        ("--05-01T09:14:33", "2026-05-01 09:14:33"),
        ("--12-31T23:59:59", "2025-12-31 23:59:59"),  # the file was written in May 2026
        ("--02-29T00:00:00", "None"),
        ("12.5", "None"),
        (None, "None"),
    ],
)
def test_times_without_a_year_are_those_before_the_file_was_written(written, read):
    assert str(_Clock(1_777_800_000.0).read(written)) == read


# -- going on


def test_resume_reads_only_what_changed(tmp_path):
    for n in range(3):
        folder(tmp_path, f"jobs/{n}", PORT_TAKEN.format(port=n))
    path = tmp_path / "r.duckdb"
    assert diagnose([tmp_path / "jobs"], path) == ["0", "1", "2"]
    assert diagnose([tmp_path / "jobs"], path) == []
    folder(tmp_path, "jobs/1", "all is well\n")
    folder(tmp_path, "jobs/2", "all is well\n", "other.log")
    folder(tmp_path, "jobs/3", "all is well\n")
    assert diagnose([tmp_path / "jobs"], path) == ["1", "2", "3"]
    assert results(path, "SELECT job, verdict FROM jobs ORDER BY job") == [
        ("0", "root-cause"),
        ("1", "healthy"),
        ("2", "root-cause"),
        ("3", "healthy"),
    ]
    assert results(path, "SELECT DISTINCT job FROM findings ORDER BY job") == [("0",), ("2",)]


def test_resume_reads_everything_when_the_rules_changed(tmp_path):
    folder(tmp_path, "jobs/a", "the flux capacitor failed: 88 mph\n")
    path = tmp_path / "r.duckdb"
    diagnose([tmp_path / "jobs"], path)
    folder(
        tmp_path,
        "rules",
        "id: flux\ntitle: The flux capacitor failed\ncomponent: host\nseverity: error\nlayer: host\n"
        "signatures: [{pattern: 'flux capacitor failed'}]\ncause: Too fast.\nfix: {steps: [Slow down.]}\n"
        "references: ['https://example.com']\n"
        "tests:\n- {log: flux capacitor failed, finds: flux}\n- {log: flux capacitor is fine, finds: nothing}\n",
        "flux.yaml",
    )
    work = Work((tmp_path / "rules",))
    assert diagnose([tmp_path / "jobs"], path, work) == ["a"]
    assert diagnose([tmp_path / "jobs"], path, work) == []
    assert results(path, "SELECT fingerprint FROM jobs") == [("flux",)]


# -- surviving


class Deadly(Work):
    """Some jobs are fatal."""

    def do(self, job: Job):
        if job.name == "kills":
            os.kill(os.getpid(), signal.SIGKILL)
        if job.name == "hangs":
            time.sleep(60)
        if job.name == "breaks":
            raise ZeroDivisionError
        return super().do(job)


def test_a_job_that_kills_its_worker_stops_no_other(tmp_path):
    for name in ("a", "breaks", "hangs", "kills", "z"):
        folder(tmp_path, f"jobs/{name}", PORT_TAKEN.format(port=1))
    work, path = Deadly(), tmp_path / "r.duckdb"
    with store.Store(path) as kept:
        jobs = find([str(tmp_path / "jobs")])
        batch.run(jobs, kept, Local(work, 2, timeout=10), work.version, lambda job, outcome: None)
        assert sorted(kept.known()) == ["a", "z"]
    found = {job: (state, reason) for job, state, reason in results(path, "SELECT job, state, reason FROM jobs")}
    assert {job: state for job, (state, _) in found.items()} == {
        "a": "diagnosed",
        "breaks": "crashed",
        "hangs": "timed-out",
        "kills": "crashed",
        "z": "diagnosed",
    }
    assert "SIGKILL" in found["kills"][1]
    assert "--timeout" in found["hangs"][1]
    assert "ZeroDivisionError" in found["breaks"][1]


def test_a_file_that_cannot_be_read_makes_a_diagnosis_partial(tmp_path):
    folder(tmp_path, "jobs/a", PORT_TAKEN.format(port=1))
    (tmp_path / "jobs/a/broken.log.gz").write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\3broken")
    path = tmp_path / "r.duckdb"
    diagnose([tmp_path / "jobs"], path)
    ((state, reason, verdict),) = results(path, "SELECT state, reason, verdict FROM jobs")
    assert (state, verdict) == ("partial", "root-cause")
    assert "broken.log.gz" in reason


# -- results that cannot be used


def test_results_are_written_by_one_at_a_time(tmp_path):
    with store.Store(tmp_path / "r.duckdb"):
        done = command("query", "SELECT 1", tmp_path / "r.duckdb")
    assert done.returncode == 2
    assert "is being written by another logdoctor" in done.stderr


def test_what_is_no_result_is_refused_and_left_as_it_is(tmp_path):
    text, other = tmp_path / "text", tmp_path / "other.duckdb"
    text.write_text("a log\n")
    import duckdb

    duckdb.connect(str(other)).execute("CREATE TABLE mine (x INTEGER)").close()
    for path, why in ((text, "holds no results"), (other, "is a database, but holds no results")):
        before = path.read_bytes()
        with pytest.raises(store.ResultsError, match=why):
            store.Store(path)
        assert path.read_bytes() == before
    with pytest.raises(store.ResultsError, match="does not exist"):
        store.connect(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_results_whose_writer_was_killed_at_once_are_made_anew(tmp_path):
    import duckdb

    path = tmp_path / "r.duckdb"
    duckdb.connect(str(path)).close()
    store.Store(path).close()
    assert results(path, "SELECT * FROM jobs") == []


def test_results_among_the_jobs_are_no_job(tmp_path):
    folder(tmp_path, "a", "all is well\n")
    diagnose([tmp_path], tmp_path / "results.duckdb")
    assert diagnose([tmp_path], tmp_path / "results.duckdb") == []
    assert results(tmp_path / "results.duckdb", "SELECT job FROM jobs") == [("a",)]


def test_without_its_extra_one_sentence_says_what_to_install(tmp_path):
    folder(tmp_path, "jobs/a", "all is well\n")
    for missing, call in (("pebble", ("batch", "jobs")), ("duckdb", ("query", "SELECT 1")), ("duckdb", ("fleet",))):
        code = f"import sys; sys.modules[{missing!r}] = None; from logdoctor.cli import main; main()"
        done = subprocess.run([sys.executable, "-c", code, *call], cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (2, "")
        assert re.fullmatch(r"logdoctor: .* not installed; pip install 'logdoctor\[batch\]'\n", done.stderr)


def test_older_results_are_brought_up_and_later_ones_refused(tmp_path, monkeypatch):
    path = tmp_path / "r.duckdb"
    store.Store(path).close()
    monkeypatch.setattr(versions, "STEPS", ("ALTER TABLE jobs ADD COLUMN colour VARCHAR",))
    with pytest.raises(store.ResultsError, match="by an earlier logdoctor"):
        store.connect(path)
    store.Store(path).close()
    assert results(path, "SELECT colour FROM jobs") == []
    monkeypatch.setattr(versions, "STEPS", ())
    with pytest.raises(store.ResultsError, match="by a later logdoctor"):
        store.connect(path)


def test_results_that_need_more_memory_to_be_written_get_it(tmp_path, monkeypatch):
    refused = []

    def little(self, jobs, rows, whole=store.Store._replace):
        import duckdb

        if len(refused) < 2:
            refused.append(self._connection.execute("SELECT current_setting('memory_limit')").fetchall())
            raise duckdb.OutOfMemoryException("failed to pin block: out of memory")
        whole(self, jobs, rows)

    monkeypatch.setattr(store.Store, "_replace", little)
    folder(tmp_path, "jobs/a", PORT_TAKEN.format(port=1))
    diagnose([tmp_path / "jobs"], tmp_path / "r.duckdb")
    assert len(refused) == 2
    assert refused[0] != refused[1]
    assert results(tmp_path / "r.duckdb", "SELECT job FROM jobs") == [("a",)]


def test_results_that_cannot_be_written_are_told_in_a_sentence(tmp_path, monkeypatch):
    def full(self, jobs, rows):
        import duckdb

        raise duckdb.IOException("Could not write file: No space left on device")

    monkeypatch.setattr(store.Store, "_replace", full)
    folder(tmp_path, "jobs/a", PORT_TAKEN.format(port=1))
    with pytest.raises(store.ResultsError, match=r"r\.duckdb cannot be written: .*No space left"):
        diagnose([tmp_path / "jobs"], tmp_path / "r.duckdb")


# -- what changed


def test_what_changed_between_two_results(tmp_path):
    for n in range(4):
        folder(tmp_path, f"jobs/{n}", PORT_TAKEN.format(port=n))
    old, new = tmp_path / "old.duckdb", tmp_path / "new.duckdb"
    diagnose([tmp_path / "jobs"], old)
    assert not (diagnose([tmp_path / "jobs"], new), changes(old, new))[1]
    folder(tmp_path, "jobs/1", "all is well\n")
    folder(tmp_path, "jobs/4", "all is well\n")
    (tmp_path / "jobs/0/run.log").unlink()
    (tmp_path / "jobs/0").rmdir()
    new.unlink()
    diagnose([tmp_path / "jobs"], new)
    found = changes(old, new)
    assert [(change.job, change.old.verdict, change.new.verdict) for change in found.changed] == [
        ("1", "root-cause", "healthy")
    ]
    assert (found.same, found.gone, found.added) == (2, ("0",), ("4",))


# -- the command


def test_a_batch_from_end_to_end(tmp_path):
    for n in range(3):
        folder(tmp_path, f"jobs/{n}", PORT_TAKEN.format(port=n))
    folder(tmp_path, "jobs/\x1b[31mred", UNKNOWN.format(n=1))
    folder(tmp_path, "jobs/empty", "")
    first = command("batch", "jobs", "--parquet", "tables", cwd=tmp_path)
    assert first.returncode == 1  # one is empty
    assert "5 of 5 jobs read" in first.stdout
    assert "\x1b" not in first.stdout
    assert (tmp_path / "tables/jobs.parquet").read_bytes()[:4] == b"PAR1"
    again = command("batch", "jobs", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    assert "--resume" in again.stderr
    summary = json.loads(command("batch", "jobs", "--resume", "--format", "json", cwd=tmp_path).stdout)
    assert (summary["jobs"], summary["read"], summary["unchanged"]) == (5, 0, 5)
    assert summary["causes"][0] == {
        "fingerprint": "c10d-port-in-use",
        "title": "Port * on the master node is already in use",
        "jobs": 3,
    }
    asked = command("query", "SELECT job, verdict FROM jobs ORDER BY job", "--format", "csv", cwd=tmp_path)
    assert asked.stdout.splitlines()[:2] == ["job,verdict", "\x1b[31mred,unknown-failure"]
    shown = command("query", "SELECT job FROM jobs", cwd=tmp_path)
    assert "\x1b" not in shown.stdout
    assert command("batch", "--compare", "results.duckdb", "results.duckdb", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "no jobs given"),
        (("nowhere",), "nowhere cannot be read"),
        ((".", "--job-pattern", r"(?P<host>\d+)"), "no group named job"),
        ((".", "--job-pattern", "("), "is no regular expression"),
        ((".", "--job-pattern", r"(?P<job>nothing)"), "--job-pattern fits no file"),
        ((".", "--ray-address", "auto"), "--ray-address needs --engine ray"),
        ((".", "--each-node"), "--each-node needs --engine ray"),
        (("--compare", "a.duckdb", "b.duckdb"), "a.duckdb does not exist"),
        ((".", "--timeout", "soon"), "is no time"),
    ],
)
def test_bad_usage_is_told_in_a_sentence(tmp_path, arguments, sentence):
    (tmp_path / "run.log").write_text("x\n")
    done = command("batch", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in re.sub(r"[\s│]+", " ", done.stderr)
    assert not (tmp_path / "results.duckdb").exists()


def test_ctrl_c_keeps_what_was_done(tmp_path):
    for n in range(400):
        folder(tmp_path, f"jobs/{n:03}", PORT_TAKEN.format(port=n) + UNKNOWN.format(n=n) * 50)
    call = [sys.executable, "-m", "logdoctor", "batch", "jobs", "-j", "1", "--format", "json"]
    running = subprocess.Popen(call, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "results.duckdb").exists():
        time.sleep(0.05)
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (130, "")
    summary = json.loads(out)
    assert summary["stopped"]
    kept = results(tmp_path / "results.duckdb", "SELECT count(*) FROM jobs")
    assert kept == [(summary["read"],)]
    rest = json.loads(command("batch", "jobs", "--resume", "--format", "json", cwd=tmp_path).stdout)
    assert (rest["unchanged"], rest["read"]) == (summary["read"], 400 - summary["read"])


def test_a_batch_that_is_killed_goes_on_where_it_was(tmp_path):
    for n in range(60):
        folder(tmp_path, f"jobs/{n:03}", PORT_TAKEN.format(port=n) + UNKNOWN.format(n=n) * 20)
    random_ = random.Random(1)
    for _ in range(4):
        call = [sys.executable, "-m", "logdoctor", "batch", "jobs", "-j", "1", "--resume", "--quiet"]
        running = subprocess.Popen(call, cwd=tmp_path, stdout=subprocess.DEVNULL)
        time.sleep(random_.uniform(0.5, 2))
        running.kill()
        running.wait()
    command("batch", "jobs", "--resume", cwd=tmp_path)
    diagnose([tmp_path / "jobs"], tmp_path / "undisturbed.duckdb")
    for table in store.TABLES:
        columns = {"jobs": "* EXCLUDE (seconds, diagnosed_at)", "diagnoses": "job"}.get(table, "*")
        asked = f"SELECT {columns} FROM {table} ORDER BY ALL"
        assert results(tmp_path / "results.duckdb", asked) == results(tmp_path / "undisturbed.duckdb", asked)


# -- logs elsewhere


def test_jobs_of_an_object_store(tmp_path):
    import fsspec

    bucket = fsspec.filesystem("memory")
    for name, text in (("a/rank0.log", PORT_TAKEN.format(port=1)), ("a/rank1.log", "all is well\n"), ("b.log", "x\n")):
        bucket.pipe(f"/bucket/jobs/{name}", text.encode())
    bucket.pipe("/bucket/jobs/weights.safetensors", b"x")
    assert list(find(["memory://bucket/jobs/"])) == ["a", "b.log"]
    path = tmp_path / "r.duckdb"
    diagnose(["memory://bucket/jobs"], path)
    assert results(path, "SELECT job, verdict, files FROM jobs ORDER BY job") == [
        ("a", "root-cause", 2),
        ("b.log", "healthy", 1),
    ]
    assert diagnose(["memory://bucket/jobs"], path) == []
    bucket.pipe("/bucket/jobs/b.log", b"another\n")
    assert diagnose(["memory://bucket/jobs"], path) == ["b.log"]


def test_addresses_that_cannot_be_read_are_told_in_a_sentence(tmp_path):
    for root, why in (
        ("memory://nothing", "holds nothing that could be read"),
        ("gopher://x/y", "gopher://x/y cannot be read: protocol not known"),
    ):
        done = command("batch", root, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert why in done.stderr


def test_explain_reads_addresses_too(tmp_path):
    folder(tmp_path, "job", PORT_TAKEN.format(port=29500))
    done = command("explain", f"file://{tmp_path}/job", "--format", "json")
    diagnosis = json.loads(done.stdout)
    assert diagnosis["findings"][0]["evidence"][0]["source"] == "run.log"
    assert diagnosis["verdict"] == "root-cause"


# -- a job in parts


@pytest.mark.parametrize("run", [path.parent.name for path in sorted(FIXTURES.glob("*/logs"))])
def test_a_job_that_is_read_in_parts_gets_the_same_diagnosis(run):
    work, job = Work(), find([str(FIXTURES / run)])["logs"]()
    shares = list(parts(job, size=1))
    assert len(shares) == len(job.files)
    sent = pickle.loads(pickle.dumps([work.read(part) for part in reversed(shares)]))
    assert said(work.conclude(job, sent)) == said(work.do(job))


def said(outcome: Outcome) -> dict:
    """What an outcome says, but for the time that it took."""
    rows = {table: [dict(row) for row in rows] for table, rows in outcome.rows.items()}
    diagnosis = json.loads(rows["diagnoses"][0].pop("diagnosis"))
    del diagnosis["stats"]["seconds"], rows["jobs"][0]["seconds"], rows["jobs"][0]["diagnosed_at"]
    return {**rows, "diagnosis": diagnosis}


def test_parts_are_of_whole_files_and_about_one_size(tmp_path):
    for n in range(10):
        folder(tmp_path, "job", "x" * 1000, f"{n}.log")
    job = find([str(tmp_path)])["job"]()
    assert [len(part.files) for part in parts(job, 3500)] == [3, 3, 3, 1]
    assert [part.files for part in parts(job, 10_000)] == [job.files]
