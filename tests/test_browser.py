"""The page in a real browser: it draws, filters and copies; it says nothing to the console and asks the network nothing.

Needs a Chromium (or Chrome) and ``pip install '.[browser]'``; ``make test-browser`` runs it and fails where they are
missing. Elsewhere these tests are skipped.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fleets
import pytest
from fleetjobs import job, planned, results
from helpers import FIXTURES
from test_formats_out import POISON, STAGED, staged
from test_render import DIAGNOSES, poisoned

from logdoctor import core, rulebook, sources
from logdoctor.batch.fleet import details, view
from logdoctor.batch.store import connect
from logdoctor.model import Diagnosis
from logdoctor.render import html
from logdoctor.render.fleet import html as fleet_html
from logdoctor.scan.excerpts import Excerpts

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright = None  # type: ignore[assignment]

pytestmark = pytest.mark.skipif(
    not os.environ.get("LOGDOCTOR_BROWSER") and not (browser_path and sync_playwright),
    reason="needs Chromium and playwright: pip install '.[browser]'",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    assert browser_path, f"none of {', '.join(BROWSERS)} is installed"
    assert sync_playwright, "pip install '.[browser]'"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_path, args=list(QUIET))
        yield browser
        browser.close()


class Opened:
    """A page in the browser, and what it said and asked for."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda dialog: (self.said.append("a dialog"), dialog.dismiss()))
        self.page.goto(path.as_uri())
        self.own = path.as_uri()

    def close(self) -> None:
        """Close it, and see that it kept quiet."""
        self.context.close()
        assert self.said == []
        assert self.asked == [self.own]


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Any]:
    pages: list[Opened] = []

    def open_(shown: Diagnosis | str, **options: Any) -> Any:
        path = tmp_path / "report.html"
        path.write_text(shown if isinstance(shown, str) else html.render(shown), encoding="utf-8")
        pages.append(Opened(chromium, path, **options))
        return pages[-1].page

    yield open_
    for page in pages:
        page.close()


def recorded(name: str) -> Diagnosis:
    return core.explain(sources.discover([str(FIXTURES / name / "logs")]), rulebook.load(), excerpts=Excerpts())


def painted(page: Any) -> str:
    """The picture, as data; an empty one is short."""
    return str(page.evaluate("document.querySelector('canvas').toDataURL()"))


def test_a_small_run(opened: Any) -> None:
    page = opened(recorded("vllm-two-hosts-gloo-loopback"))
    assert "GLOO_SOCKET_IFNAME is not set" in page.inner_text("h1")
    assert page.is_visible("canvas")
    assert len(painted(page)) > 5_000
    fix = page.locator(".card.fix pre:visible").first
    assert fix.inner_text() == "export GLOO_SOCKET_IFNAME=eth0"
    assert fix.bounding_box()["y"] < 860  # seen without scrolling


def test_the_copy_button_copies(opened: Any) -> None:
    page = opened(recorded("vllm-two-hosts-gloo-loopback"), permissions=["clipboard-read", "clipboard-write"])
    page.locator(".card.fix .copy:visible").first.click()
    assert page.locator(".copy.done").first.inner_text() == "Copied"
    assert page.evaluate("navigator.clipboard.readText()") == "export GLOO_SOCKET_IFNAME=eth0"


def test_the_fix_in_another_syntax(opened: Any) -> None:
    page = opened(recorded("vllm-two-hosts-gloo-loopback"))
    page.select_option("#syntax", "k8s")
    assert "kubectl set env" in page.locator(".card.fix pre:visible").first.inner_text()
    page.select_option("#syntax", "python")
    assert page.locator(".card.fix [data-syntax]:visible").count() == 1


def test_the_filter(opened: Any) -> None:
    page = opened(STAGED["root-cause"])
    items = page.locator(".findings > li:visible")
    whole = items.count()
    page.fill("#query", "ray actor")
    assert 0 < items.count() < whole
    page.fill("#query", "nothing like this")
    assert items.count() == 0
    assert page.locator(".filters output").inner_text() == f"0 of {whole}"
    page.fill("#query", "")
    page.click(".filters button[value=consequence]")
    assert items.count() == 2
    page.click(".filters button[value=consequence]")
    assert items.count() == whole


def test_the_picture_by_mouse(opened: Any) -> None:
    page = opened(STAGED["root-cause"])
    page.locator("canvas").scroll_into_view_if_needed()
    box = page.locator("canvas").bounding_box()
    blank = painted(page)
    for across in range(220, int(box["width"]), 6):  # somewhere a mark is near
        page.mouse.move(box["x"] + across, box["y"] + 46)
        if page.evaluate("getComputedStyle(document.querySelector('.tip')).visibility") == "visible":
            break
    assert "rank 0" in page.inner_text(".tip")
    page.mouse.move(box["x"] + 300, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 52, steps=4)
    page.mouse.up()
    page.wait_for_timeout(50)
    assert painted(page) != blank
    page.click("[data-zoom=whole]")
    page.click("[data-zoom=in]")
    page.click("[data-zoom=out]")


def test_the_picture_by_keyboard_and_ear(opened: Any) -> None:
    page = opened(STAGED["root-cause"])
    page.focus("canvas")
    page.keyboard.press("ArrowDown")
    heard = page.inner_text(".picture [aria-live]")
    assert "rank 0" in heard
    assert "gloo on rank 9 published the loopback address" in heard
    for key in ("ArrowDown", "+", "ArrowRight", "0", "-", "End", "Home", "Escape"):
        page.keyboard.press(key)


def test_a_thousand_ranks(opened: Any) -> None:
    diagnosis = staged(DIAGNOSES["root-cause"], ranks=1024)  # benchmarks/page.py opens a simulated run
    assert len(html.render(diagnosis).encode()) <= 2_000_000
    page = opened(diagnosis)
    assert len(painted(page)) > 5_000
    assert page.evaluate("Number(document.documentElement.dataset.drawn)") > 0


def test_a_hostile_log_is_text(opened: Any) -> None:
    page = opened(poisoned(STAGED["root-cause"], POISON))
    assert page.evaluate("document.querySelectorAll('main img, main script, iframe, object').length") == 0
    assert "alert(1)" in page.inner_text("body")
    assert len(painted(page)) > 5_000


@pytest.mark.parametrize("options", [{"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}])
def test_nothing_is_wider_than_the_screen(opened: Any, options: dict[str, Any]) -> None:
    page = opened(recorded("vllm-two-hosts-gloo-loopback"), **options)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_print_shows_what_is_folded(opened: Any) -> None:
    page = opened(STAGED["root-cause"])
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() > 0


def test_without_scripts_the_page_still_says_it(opened: Any) -> None:
    page = opened(recorded("vllm-two-hosts-gloo-loopback"), java_script_enabled=False)
    assert page.locator(".card.fix pre:visible").first.inner_text() == "export GLOO_SOCKET_IFNAME=eth0"
    assert not page.is_visible("canvas")
    assert page.locator(".copy:visible").count() == 0
    assert page.locator(".waves tr:visible").count() > 1


# -- the fleet


@pytest.fixture(scope="module")
def fleet_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return shown_fleet(tmp_path_factory.mktemp("fleet") / "r.duckdb", planned(fleets.plan(0)))


def shown_fleet(path: Path, outcomes: list[Any]) -> str:
    with connect(results(path, outcomes)) as connection:
        found = view(connection, rulebook.load().suspects, "results.duckdb")
        return fleet_html.render(found, details(connection))


def jobs_shown(page: Any) -> int:
    return int(page.locator(".list tr.job").count())


def test_a_number_leads_to_its_jobs_and_a_job_to_its_fix(opened: Any, fleet_page: str) -> None:
    page = opened(fleet_page)
    assert jobs_shown(page) == 50
    page.click("#more")
    assert jobs_shown(page) == 250
    number = page.locator("#nodes .sortable [data-show]").first
    failures = int(number.inner_text())
    host = page.locator("#nodes .sortable b").first.inner_text()
    number.click()
    assert jobs_shown(page) == failures
    assert page.inner_text("#chosen") == f"first to fail: {host}"
    page.locator(".list tr.job button").first.click()
    said = page.inner_text(".list tr.said")
    assert "because it had to" in said
    assert "Do this." in said
    assert "logdoctor fleet results.duckdb --job train-" in said
    page.click("#chosen")
    assert page.inner_text(".list output") == "300 of 300 jobs"


def test_every_number_of_the_fleet_leads_to_as_many_jobs(opened: Any, fleet_page: str) -> None:
    page = opened(fleet_page)
    links = page.locator("td:first-child [data-show], td.number [data-show], .tiles [data-show]:not(:last-child)")
    assert links.count() > 12
    for index in range(links.count()):
        link = links.nth(index)
        wanted = link.inner_text().split()[0]
        if "GPU-hours" in link.inner_text():
            continue
        link.click()
        assert page.inner_text(".list output") == f"{wanted} of 300 jobs", link.inner_text()


def test_the_tables_of_the_fleet_sort_and_filter(opened: Any, fleet_page: str) -> None:
    page = opened(fleet_page)

    def counts() -> list[int]:
        return [int(text) for text in page.locator("#causes tbody tr:visible td:first-child").all_inner_texts()]

    whole = counts()
    assert whole == sorted(whole, reverse=True)
    page.click("#causes th button:text('Jobs')")
    assert counts() == sorted(whole)
    page.fill("#causes input", "fallen off the bus")
    assert len(counts()) == 1
    page.fill("#query", "port 8000")
    assert 0 < jobs_shown(page) < 50
    page.click(".list th button:text('Job')")
    names = page.locator(".list tr.job button").all_inner_texts()
    assert names == sorted(names)
    page.locator("#causes summary:visible").first.click()
    assert "because it had to" in page.inner_text("#causes .body:visible")


@pytest.mark.parametrize("options", [{"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}])
def test_the_fleet_fits_the_screen(opened: Any, fleet_page: str, options: dict[str, Any]) -> None:
    page = opened(fleet_page, **options)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.locator("svg.stacked rect").count() > 10
    assert page.locator("svg.nodes circle.bad").count() == 2


def test_hostile_names_of_jobs_are_text(opened: Any, tmp_path: Path) -> None:
    said = {"title": f"title {POISON}", "text": f"text {POISON}", "cause": f"cause {POISON}"}
    outcomes = [job(f"{kind} {POISON}", kind, hosts=[POISON], said=said) for kind in ("cuda-oom", "exception")]
    page = opened(shown_fleet(tmp_path / "r.duckdb", outcomes))
    for button in page.locator(".list tr.job button").all():
        button.click()
    for link in page.locator("[data-show]:visible").all():
        link.click()
    page.fill("#query", "<img")
    assert page.evaluate("document.querySelectorAll('main img, main script, iframe, object').length") == 0
    assert "alert(1)" in page.inner_text(".list")
