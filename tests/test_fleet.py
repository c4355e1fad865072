"""The fleet: the tests behind it, what it says of planted causes, and every form in which it is shown."""

from __future__ import annotations

import csv as stdlib_csv
import io
import json as stdlib_json
import re
import subprocess
import sys
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import combinations, product
from math import comb
from pathlib import Path

import bad_nodes
import fleets
import jsonschema
import pytest
from fleetjobs import KINDS, START, job, planned, results
from helpers import diagnose
from hypothesis import given, settings
from hypothesis import strategies as st
from test_formats_out import POISON, STAGED, Page, harmless_page
from test_render import poisoned, strict

from logdoctor import rulebook
from logdoctor.batch.fleet import details, exact, links, templates, trend, view
from logdoctor.batch.fleet.model import Fleet
from logdoctor.batch.fleet.nodes import Blamed, Run, accuse
from logdoctor.batch.store import connect
from logdoctor.render import json as diagnosis_json
from logdoctor.render import stored
from logdoctor.render.fleet import csv, html, json, markdown, text

SCHEMA = stdlib_json.loads((Path(json.__file__).parent / "fleet.schema.json").read_text())
SUSPECTS = rulebook.load().suspects


def seen(path: Path, outcomes, **how) -> Fleet:
    with connect(results(path / "r.duckdb", outcomes)) as connection:
        return view(connection, SUSPECTS, "r.duckdb", **how)


# -- exact tests


@settings(deadline=None)
@given(st.integers(0, 12), st.data())
def test_hypergeometric_counts_the_ways(population, data):
    marked, drawn = data.draw(st.integers(0, population)), data.draw(st.integers(0, population))
    hits = [len(set(chosen) & set(range(marked))) for chosen in combinations(range(population), drawn)]
    given_ = exact.hypergeometric(population, marked, drawn)
    assert given_ == pytest.approx([hits.count(k) / len(hits) for k in range(len(given_))])
    assert sum(given_) == pytest.approx(1)


@settings(deadline=None)
@given(st.lists(st.fractions(0, 1, max_denominator=12), max_size=7), st.integers(0, 8))
def test_at_least_is_the_tail_of_a_poisson_binomial(chances, observed):
    tail = Fraction(0)
    for outcome in product((0, 1), repeat=len(chances)):
        if sum(outcome) >= observed:
            part = Fraction(1)
            for chance, hit in zip(chances, outcome, strict=True):
                part *= chance if hit else 1 - chance
            tail += part
    assert exact.at_least([[float(1 - p), float(p)] for p in chances], observed) == pytest.approx(float(tail))


def test_small_chances_are_exact():
    assert exact.at_least([[0.9, 0.1]] * 40, 40) == pytest.approx(1e-40, rel=1e-9)
    assert exact.fisher(20, 20, 20, 200) == pytest.approx(1 / comb(200, 20), rel=1e-9)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.integers(0, 5))
def test_corrections_keep_the_order_and_never_flatter(chances, more):
    tests = len(chances) + more
    for corrected in (exact.holm(chances, tests), exact.benjamini_hochberg(chances, tests)):
        by_size = [given_ for _, given_ in sorted(zip(chances, corrected, strict=True))]
        assert by_size == sorted(by_size)
    holm, hochberg = exact.holm(chances, tests), exact.benjamini_hochberg(chances, tests)
    rounding = 1 + 1e-12
    assert all(
        p <= b * rounding and b <= h * rounding and h <= 1 for p, b, h in zip(chances, hochberg, holm, strict=True)
    )
    assert min(holm) == pytest.approx(min(1, min(chances) * tests))


# -- bad nodes

HOSTS = [f"n{number}" for number in range(12)]


def jobs_on(sets: list[tuple[str, ...]], guilty: str | None = None, prefix: str = "j") -> list[Blamed | Run]:
    return [
        Blamed(f"{prefix}{number}", frozenset(hosts), frozenset({guilty})) if guilty else Run(f"{prefix}{number}", frozenset(hosts), False)
        for number, hosts in enumerate(sets)
    ]  # fmt: skip


def of(kind, found):
    return [one for one in found if isinstance(one, kind)]


def test_the_chance_of_a_host_is_that_of_drawing_it():
    """Five of the places of twelve hosts in eight jobs of four are named, three of them on one host."""
    sets = [tuple(HOSTS[(3 * number + place) % 12] for place in range(4)) for number in range(8)]
    blamed = [
        Blamed("a", frozenset(sets[0]), frozenset({"n0"})), Blamed("b", frozenset(sets[3]), frozenset({"n0"})),
        Blamed("c", frozenset(sets[4]), frozenset({"n0"})), Blamed("d", frozenset(sets[1]), frozenset({"n4"})),
        Blamed("e", frozenset(sets[2]), frozenset({"n7"})),
    ]  # fmt: skip
    runs = of(Run, jobs_on(sets[5:], prefix="healthy"))
    count = next(one for one in accuse(blamed, runs).counts if one.host == "n0")
    mine = sum("n0" in hosts for hosts in sets)
    chance = sum(comb(mine, k) * comb(32 - mine, 5 - k) for k in range(3, min(mine, 5) + 1)) / comb(32, 5)
    tested = sum(sum(host in hosts for hosts in sets) >= 3 for host in HOSTS)
    assert (count.failures, count.jobs, count.expected) == (3, mine, pytest.approx(5 * mine / 32))
    assert count.p == pytest.approx(min(1, tested * chance / 0.8))
    assert count.among_p == pytest.approx(exact.at_least([[0.75, 0.25]] * 3, 3))


def test_a_host_is_not_accused_for_two_failures():
    sets = [(HOSTS[0], HOSTS[1 + number % 11]) for number in range(2)]
    healthy = [tuple(HOSTS[number % 12 :][:1] + HOSTS[(number + 5) % 12 :][:1]) for number in range(400)]
    assert not accuse(of(Blamed, jobs_on(sets, "n0")), of(Run, jobs_on(healthy, prefix="h"))).suspects


def test_where_all_hosts_of_a_job_are_named_none_stands_out():
    every = [Blamed(f"j{number}", frozenset(HOSTS[:3]), frozenset(HOSTS[:3])) for number in range(9)]
    healthy = of(Run, jobs_on([tuple(HOSTS[3:6])] * 50, prefix="h"))
    assert not accuse(every, healthy).suspects


def test_a_pool_that_fails_more_is_not_a_bad_node():
    """Long jobs run on some hosts, and fail more often there, each host alike."""
    pool = [tuple(HOSTS[(number + place) % 4] for place in range(3)) for number in range(24)]
    blamed = [Blamed(f"j{number}", frozenset(hosts), frozenset({hosts[0]})) for number, hosts in enumerate(pool)]
    others = [tuple(HOSTS[4 + (number + place) % 8] for place in range(3)) for number in range(400)]
    nodes = accuse(blamed, of(Run, jobs_on(others, prefix="h")))
    assert all(count.p <= nodes.level for count in nodes.counts)  # alone, the rates would accuse all four
    assert not nodes.suspects


def test_the_neighbours_of_a_bad_node_are_not_accused():
    """Its logs are missing: its jobs fail with nobody named, and so do those of the two that always run beside it."""
    bad = [Run(f"b{number}", frozenset({"bad", "left", HOSTS[number % 12]}), True) for number in range(12)]
    beside = [Run(f"l{number}", frozenset({"left", HOSTS[number % 12], HOSTS[(number + 3) % 12]}), False) for number in range(12)]  # fmt: skip
    rest = [Run(f"h{number}", frozenset(HOSTS[number % 9 :][:3]), False) for number in range(120)]
    nodes = accuse([], [*bad, *beside, *rest])
    assert [(one.host, one.way) for one in nodes.suspects] == [("bad", "unnamed")]


def test_one_device_of_a_bad_node():
    hosts = frozenset(HOSTS[:4])
    blamed = [
        Blamed(f"j{number}", hosts, frozenset({"n0"}), frozenset({("n0", "0000:5d:00")}), 8) for number in range(6)
    ]
    healthy = of(Run, jobs_on([tuple(HOSTS[:4]), tuple(HOSTS[4:8])] * 60, prefix="h"))
    (suspect,) = accuse(blamed, healthy).suspects
    assert suspect.device is not None
    assert (suspect.device.device, suspect.device.failures, suspect.device.of) == ("0000:5d:00", 6, 6)
    mixed = [one._replace(devices=frozenset({("n0", f"0000:{number}d:00")})) for number, one in enumerate(blamed)]
    (suspect,) = accuse(mixed, healthy).suspects
    assert suspect.device is None


@pytest.mark.parametrize("bad", [0, 2])
def test_planted_nodes_are_found_and_no_others(bad):
    """benchmarks/bad_nodes.py measures it on thousands of fleets."""
    planned = [fleets.plan(seed, bad=bad) for seed in range(40)]
    judged = [
        bad_nodes.judged(fleet, (one.host for one in accuse(*bad_nodes.diagnosed(fleet)).suspects)) for fleet in planned
    ]
    planted, found, false = map(sum, zip(*judged, strict=True))
    assert planted == 40 * bad
    assert found >= 0.95 * planted
    assert false <= 0.05 * len(planned)


# -- what comes with what


def stated(name: str, values: dict[str, range], kind: str = "version"):
    return [(f"j{number}", kind, name, value) for value, numbers in values.items() for number in numbers]


def test_a_cause_that_comes_with_a_version():
    causes = {"bug": frozenset(f"j{number}" for number in range(30, 60, 3)), "else": frozenset(f"j{number}" for number in range(0, 60, 7))}  # fmt: skip
    facts = stated(
        "vllm", {"0.9.2": range(15), "0.10.2": range(15, 30), "0.11.0": range(30, 45), "0.12.0": range(45, 60)}
    )
    found, tested = links.linked(causes, facts)
    assert [(one.cause, str(one.setting)) for one in found] == [("bug", "vllm 0.11.0 and later")]
    assert (found[0].both, found[0].having, found[0].cause_jobs, found[0].stating) == (10, 30, 10, 60)
    assert tested > 1
    assert found[0].p == pytest.approx(exact.fisher(10, 10, 30, 60) * tested, rel=0.3)


def test_what_always_changes_together_is_named_together():
    causes = {"bug": frozenset(f"j{number}" for number in range(30, 50))}
    facts = [*stated("vllm", {"0.10.2": range(30), "0.11.0": range(30, 60)}), *stated("torch", {"2.7.1": range(30), "2.8.0": range(30, 60)})]  # fmt: skip
    (found,), _ = links.linked(causes, facts)
    assert {str(found.setting), *map(str, found.also)} == {"torch 2.8.0 and later", "vllm 0.11.0 and later"}


def test_a_variable_counts_only_among_jobs_that_state_it():
    causes = {"bug": frozenset(f"j{number}" for number in range(20))}
    silent = stated("NCCL_IB_DISABLE", {"1": range(20)}, "variable")
    assert links.linked(causes, silent)[0] == []  # nobody states another value: there is nothing to compare with
    (found,), _ = links.linked(causes, [*silent, *stated("NCCL_IB_DISABLE", {"0": range(20, 60)}, "variable")])
    assert str(found.setting) == "NCCL_IB_DISABLE=1"


def test_what_has_no_effect_is_not_told():
    causes = {"bug": frozenset(f"j{number}" for number in range(0, 400, 2))}
    facts = stated("vllm", {"0.10.2": range(200), "0.11.0": range(200, 400)})
    assert links.linked(causes, facts)[0] == []


@settings(deadline=None)
@given(st.permutations(["0.9.2", "0.10.0rc1", "0.10.0", "0.10.0.post1", "0.10.2+cu128", "0.11.0", "1.0"]))
def test_versions_are_ordered_as_releases_are(mixed):
    assert sorted(mixed, key=links.version_key) == [
        "0.9.2", "0.10.0rc1", "0.10.0", "0.10.0.post1", "0.10.2+cu128", "0.11.0", "1.0",
    ]  # fmt: skip


# -- messages and times


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ValueError: sample 81234 has 0 tokens", "ValueError: sample 7 has 12.5 tokens"),
        ("KeyError: 'layer.3'", "KeyError: 'head'"),
        ("cannot open /a/b/c.pt on node07", "cannot open /x.pt on node12"),
        ("peer 10.0.0.1:29500 at 0x7f00aa", "peer 10.41.3.7:1234 at 0x12"),
    ],
)
def test_messages_of_one_kind_have_one_template(one, other):
    assert templates.template(one) == templates.template(other)
    assert templates.template(one) != templates.template("ValueError: no tokens")


def test_titles_keep_what_they_have_in_common():
    assert templates.common(["GPU 0000:5d:00 fell (Xid 79)", "GPU 0000:1a:00 fell (Xid 79)"]) == "GPU * fell (Xid 79)"
    assert templates.common(["sizes (1, 2 elements)", "sizes (3, 4 elements)"]) == "sizes (*, * elements)"
    assert templates.common(["one thing", "quite another thing"]) == "one thing"


@settings(deadline=None)
@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.timedeltas(timedelta(0), timedelta(days=2000)))
def test_all_times_fall_into_the_span(first, length):
    span = trend.span(first, first + length)
    assert span is not None
    assert 1 <= span.steps <= trend.MOST
    assert trend.counted({first: 2}, span)[0] == 2
    assert trend.counted({first + length: 3, None: 4}, span)[-1] == 3


# -- the view


@pytest.fixture(scope="module")
def fleet(tmp_path_factory) -> tuple[Fleet, list, Path]:
    path = results(tmp_path_factory.mktemp("fleet") / "results.duckdb", planned(fleets.plan(0)))
    with connect(path) as connection:
        return view(connection, SUSPECTS, "results.duckdb"), list(details(connection)), path


def test_what_was_planted_is_found(fleet):
    planted, found = fleets.plan(0), fleet[0]
    assert {one.host for one in found.nodes.suspects} == set(planted.bad)
    gpu = next(one for one in found.nodes.suspects if planted.bad[one.host] == "gpu-lost")
    assert gpu.device is not None
    assert gpu.device.device == "0000:5d:00"
    link = next(one for one in found.links if one.fingerprint == fleets.REGRESSION)
    assert (link.name, link.value, link.since, link.without_cause) == ("vllm", fleets.NEW, True, 0)
    assert found.jobs == 300
    assert found.failed == sum(one.fault is not None for one in planted.jobs)
    assert sum(map(sum, (cause.trend for cause in found.causes))) == sum(cause.jobs for cause in found.causes)


@pytest.mark.parametrize("fault", [*fleets.WEAR, "silent", "disk-full", "kv-cache", "port-taken", None])
def test_the_logs_of_the_generated_fleet_say_what_befell_it(fault):
    planted = fleets.plan(0)
    one = next(one for one in planted.jobs if one.fault == fault)
    found = diagnose(fleets.logs(planted, one))
    verdict, finding, _ = KINDS[fault]
    assert found.verdict == verdict
    assert [first.id for first in found.findings[:1] if fault] == [finding] * bool(fault)
    if fault in fleets.WEAR:
        assert {actor.host for actor in found.findings[0].guilty} == {one.hosts[one.guilty // planted.per_host]}
    assert found.cluster.versions.get("vllm", (None,)) == (one.version,)


def test_only_what_a_node_can_be_at_fault_for_counts_against_it(tmp_path):
    """The head reports all mistakes of users; and a cause that is a setting is nobody's."""
    hosts = ["head", "b", "c", "d"]
    outcomes = [job(f"u{number}", "disk-full", hosts=hosts, guilty="head") for number in range(20)]
    outcomes += [job(f"k{number}", "cuda-oom", hosts=hosts, guilty="head") for number in range(20)]
    outcomes += [job(f"h{number}", hosts=hosts[:3]) for number in range(20)]
    found = seen(tmp_path, outcomes)
    assert found.nodes.suspects == ()
    assert found.nodes.blamed == 0
    assert {"xid-fallen-off-bus", "rdma-link-down", "slurm-node-failure"} <= SUSPECTS
    assert (
        not {"host-no-space", "xid-application-fault", "host-oom-killer", "nccl-connect-failed", "k8s-preempted"}
        & SUSPECTS
    )


def test_what_befalls_a_host_in_one_hour_is_one_failure(tmp_path):
    """A GPU that is lost takes all eight jobs of its host along; that is no reason to take the node out."""
    healthy = [job(f"{host}{number}h", hosts=[host]) for host in "abcdef" for number in range(12)]
    at_once = [job(f"a{number}", "gpu-lost", hosts=["a"], guilty="a", day=1 + number / 1000) for number in range(8)]
    assert not seen(tmp_path, [*healthy, *at_once]).nodes.suspects
    (tmp_path / "r.duckdb").unlink()
    spread = [job(f"a{number}", "gpu-lost", hosts=["a"], guilty="a", day=1 + number) for number in range(8)]
    assert [one.failures for one in seen(tmp_path, [*healthy, *spread]).nodes.suspects] == [8]


def test_hosts_of_jobs_with_one_host_are_compared_with_each_other(tmp_path):
    outcomes = [job(f"a{number}", "gpu-lost", hosts=["a"], guilty="a", day=number) for number in range(5)]
    outcomes += [job(f"{host}{number}h", hosts=[host]) for host in "abcdef" for number in range(12)]
    assert [one.host for one in seen(tmp_path, outcomes).nodes.suspects] == ["a"]


def test_addresses_of_hosts_that_have_names_are_no_more_hosts(tmp_path):
    hosts = ["a", "b", "10.0.0.1", "10.0.0.2", "fd00::1"]
    outcomes = [job(f"a{number}", "gpu-lost", hosts=hosts, guilty="a", day=number) for number in range(4)]
    outcomes += [job(f"h{number}", hosts=["10.0.0.3", "10.0.0.4"]) for number in range(4)]
    (count,) = seen(tmp_path, outcomes).nodes.counts
    assert (count.failures, count.expected, count.among_expected) == (4, pytest.approx(4 * 4 / 16), 2)


def test_new_causes(tmp_path):
    outcomes = [job(f"o{number}", "disk-full", day=number) for number in range(20)]
    outcomes += [job(f"n{number}", "port-taken", day=18.5 + number / 2) for number in range(3)]
    found = seen(tmp_path, outcomes)
    assert [cause.finding for cause in found.new] == ["vllm-http-port-in-use"]
    with connect(tmp_path / "r.duckdb") as connection:
        assert not view(connection, SUSPECTS, since=timedelta(hours=20)).new
        assert not view(
            connection, SUSPECTS, since=START - timedelta(days=9)
        ).new  # before any: nothing to be new against


def test_unexplained_failures_fall_together(tmp_path):
    said = [{"title": f"ValueError: sample {number} of '{number}' has 0 tokens"} for number in range(4)]
    outcomes = [job(f"x{number}", "exception", said=one) for number, one in enumerate(said)]
    outcomes += [
        job("y", "exception", said={"title": "KeyError: 'a'"}),
        job("z", "silent"),
        job("u", state="unreadable"),
    ]
    found = seen(tmp_path, outcomes)
    assert [(one.jobs, one.verdict) for one in found.unexplained] == [
        (4, "unknown-failure"), (1, "consequence-only"), (1, "unknown-failure"),
    ]  # fmt: skip
    assert found.unreadable == (("u", "unreadable", "its logs are empty"),)
    assert found.causes == ()


def test_what_is_not_known_is_left_out(tmp_path):
    """No times, no settings, no evidence, no diagnosis: of each job no more than that it failed, and of what."""
    outcomes = [
        job(f"{kind}{number}", kind, hosts=["a"], guilty="a") for kind in ("gpu-lost", "exception") for number in "12"
    ]
    results(tmp_path / "r.duckdb", outcomes)
    with connect(tmp_path / "r.duckdb", write=True) as connection:
        connection.execute("UPDATE jobs SET failed_at = NULL, ended_at = NULL, modified_at = NULL, gpu_hours = NULL")
        for table in ("settings", "evidence", "diagnoses", "hosts"):
            connection.execute(f"DELETE FROM {table}")
        found, jobs = view(connection, SUSPECTS), details(connection)
    assert (found.first, found.span, found.since, found.new, found.links) == (None, None, None, (), ())
    assert [(cause.jobs, cause.trend) for cause in found.causes] == [(2, ())]
    for shown in (
        text.render(found, color=False, width=80), markdown.render(found), html.render(found, jobs), csv.render(found),
    ):  # fmt: skip
        assert "GPU 0000:5d:00 has fallen off the bus" in shown
    jsonschema.validate(json.document(found), SCHEMA)


def test_no_jobs_at_all(tmp_path):
    empty = seen(tmp_path, [])
    for shown in (text.render(empty, color=False, width=80), markdown.render(empty), html.render(empty, [])):
        assert "No jobs are in these results." in shown
    jsonschema.validate(json.document(empty), SCHEMA)


# -- forms


def test_json_is_what_its_schema_says(fleet):
    document = stdlib_json.loads(json.render(fleet[0]))
    jsonschema.Draft202012Validator(strict(SCHEMA)).validate(document)
    assert document["jobs"] == 300
    assert document["new"] == [cause["fingerprint"] for cause in document["causes"] if cause["new"]]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_text_fits_and_names_jobs(fleet, width):
    shown = text.render(fleet[0], color=False, width=width)
    lines = shown.splitlines()
    assert all(len(line) <= width for line in lines if not line.startswith("logdoctor "))
    assert shown.isascii()
    for one in (*fleet[0].nodes.suspects, *fleet[0].links):
        assert one.names[0] in shown
    assert "vllm 0.11.0 and later" in shown
    assert f"--job {fleet[0].causes[0].examples[0]}" in shown


def test_rows_that_are_not_shown_are_counted(fleet):
    shown = text.render(fleet[0], color=False, width=100, top=2)
    assert f"and {len(fleet[0].causes) - 2} more (--top)" in shown


def test_csv_holds_one_table(fleet):
    for table in csv.TABLES:
        rows = list(stdlib_csv.DictReader(io.StringIO(csv.render(fleet[0], table))))
        plain = json.document(fleet[0])
        assert len(rows) == len(plain["nodes"]["counts"] if table == "nodes" else plain[table])
    bad = {
        row["host"] for row in stdlib_csv.DictReader(io.StringIO(csv.render(fleet[0], "nodes"))) if row["bad"] == "True"
    }
    assert bad == set(fleets.plan(0).bad)


def test_a_spreadsheet_gets_no_formula(tmp_path):
    said = {"title": '=HYPERLINK("http://evil.example")'}
    shown = csv.render(seen(tmp_path, [job("j", "cuda-oom", said=said)]))
    assert "'=HYPERLINK" in shown


def test_no_text_of_a_log_means_anything(tmp_path):
    said = {"title": f"title {POISON}", "text": f"text {POISON}", "cause": f"cause {POISON}"}
    outcomes = [
        job(
            f"{kind}{number} {POISON}",
            kind,
            hosts=[f"{host} {POISON}" for host in hosts],
            guilty=f"a {POISON}" if kind else None,
            said=said,
            versions={f"vllm {POISON}": f"{kind} {POISON}"},
            day=number,
        )
        for kind, hosts in (
            ("cuda-oom", "bc"),
            ("gpu-lost", "ab"),
            ("exception", "bd"),
            (None, "cd"),
            ("disk-full", "ef"),
        )
        for number in range(20)
    ]
    found = seen(tmp_path, outcomes)
    assert found.nodes.suspects
    assert found.links
    assert found.unexplained
    with connect(tmp_path / "r.duckdb") as connection:
        page = html.render(found, details(connection))
    with connect(results(tmp_path / "plain.duckdb", planned(fleets.plan(0)))) as connection:
        plain = Page(html.render(view(connection, SUSPECTS), details(connection)))
    harmless_page(page, {tag for tag, _ in plain.elements})
    data = page.partition('id="data">')[2].partition("</script>")[0]
    assert stdlib_json.loads(data)["jobs"]
    for shown in (page, text.render(found, color=True, width=90), markdown.render(found), csv.render(found)):
        assert "\x1b]0;" not in shown
        assert "\u202e" not in shown
    outside = re.sub(r"\\[^\w\s]", "", markdown.render(found))  # signs that mean themselves
    assert "<img" not in re.sub(r"(?s)(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)  # in code it is text


def test_the_page_holds_every_job_and_leads_to_it(fleet):
    page = html.render(fleet[0], fleet[1])
    data = stdlib_json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert len(data["jobs"]) == 300
    for one in fleet[0].nodes.suspects:
        names = {data["texts"][data["jobs"][place][0]] for place in data["groups"][f"host:named:{one.host}"]}
        assert names == set(one.names)
    assert page.count("<table") >= 5
    assert len(page) < 400_000


# -- a job's diagnosis


@pytest.mark.parametrize("name", STAGED)
def test_a_diagnosis_can_be_read_back(name):
    written = stdlib_json.loads(diagnosis_json.render(STAGED[name]))
    assert stdlib_json.loads(diagnosis_json.render(stored.diagnosis(written))) == written
    hostile = stdlib_json.loads(diagnosis_json.render(poisoned(STAGED[name], POISON)))
    assert stdlib_json.loads(diagnosis_json.render(stored.diagnosis(hostile))) == hostile


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "logdoctor", "fleet", *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, timeout=60)


def test_the_command(fleet, tmp_path):
    path = fleet[2]
    said = command(path)
    assert (said.returncode, said.stderr) == (0, "")
    assert "Bad nodes" in said.stdout
    assert stdlib_json.loads(command(path, "--format", "json").stdout)["schema"] == "logdoctor.fleet/1"
    assert command(path, "--format", "html", "-o", tmp_path / "fleet.html").stdout == ""
    assert (tmp_path / "fleet.html").read_text().startswith("<!DOCTYPE html>")
    name = fleet[0].causes[0].examples[0]
    assert fleet[0].causes[0].title[:20] in command(path, "--job", name).stdout
    assert stdlib_json.loads(command(path, "--job", name, "--format", "json").stdout)["verdict"] == "root-cause"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--job", "serve-029"], "did you mean"),
        (["--job", fleets.plan(0).jobs[0].name, "--format", "csv"], "a diagnosis is no table"),
        (["--since", "yesterday"], "write 2026-05-01"),
    ],
)
def test_bad_usage_is_told_in_a_sentence(fleet, arguments, sentence):
    said = command(fleet[2], *arguments)
    assert said.returncode == 2
    assert sentence in " ".join(said.stderr.split())


def test_what_is_no_result_is_told_in_a_sentence(tmp_path):
    said = command(tmp_path / "missing.duckdb")
    assert said.returncode == 2
    assert "does not exist" in said.stderr
