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

import pytest
from helpers import FIXTURES
from test_formats_out import POISON, STAGED, staged
from test_render import DIAGNOSES, poisoned

from logdoctor import core, rulebook, sources
from logdoctor.model import Diagnosis
from logdoctor.render import html
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

    def open_(diagnosis: Diagnosis, **options: Any) -> Any:
        path = tmp_path / "report.html"
        path.write_text(html.render(diagnosis), encoding="utf-8")
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
