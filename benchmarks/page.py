"""How large the page for a run of many ranks is, and how fast a browser opens and draws it.

usage: page.py [RANKS]    (1024 ranks by default; needs Chromium and pip install '.[browser]')

Simulates the run, explains it, writes the page, and opens it five times in headless Chromium beside an empty page.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from cluster import simulate

from logdoctor import core, rulebook
from logdoctor.render import html
from logdoctor.scan.excerpts import Excerpts
from logdoctor.sources import Source


def main(ranks: int) -> None:
    from playwright.sync_api import sync_playwright

    files, _ = simulate("oom-killed", ranks=ranks, per_host=8, lines=40, layout="host-files", seed=3)
    sources = [Source(name, lambda text=text: iter([text.encode()])) for name, text in files.items()]  # type: ignore[misc]
    diagnosis = core.explain(sources, rulebook.load(), excerpts=Excerpts())
    started = perf_counter()
    page = html.render(diagnosis)
    made = perf_counter() - started
    print(
        f"{ranks} ranks, {len(diagnosis.timeline.lanes)} lanes: {len(page.encode()) / 1e6:.2f} MB, made in {made:.2f} s"
    )
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        seconds = {}
        for name, content in {"an empty page": "<!DOCTYPE html><title>empty</title>", "the report": page}.items():
            path = Path(folder) / "page.html"
            path.write_text(content)
            times = []
            for _ in range(5):
                tab = browser.new_page()
                started = perf_counter()
                tab.goto(path.as_uri())
                tab.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
                times.append(perf_counter() - started)
                if name == "the report":
                    drawn = tab.evaluate("Number(document.documentElement.dataset.drawn)")
                tab.close()
            seconds[name] = statistics.median(times)
            print(f"{name}: opened and drawn in {seconds[name]:.2f} s (median of 5)")
        print(f"the script had drawn the picture {drawn} ms after the page was asked for")
        print(f"{seconds['the report'] / seconds['an empty page']:.1f} times an empty page")
        browser.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1024)
