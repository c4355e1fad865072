"""Build the site: the handbook from the rules, the guides from docs/, and Zensical around them.

python docs/site/build.py [DIRECTORY]     # site/ by default; open site/html/index.html
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from logdoctor.authoring.library import Library
from logdoctor.handbook import site
from logdoctor.handbook.page import Handbook

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
GUIDES = {
    "Write a rule": "docs/rules.md",
    "Line grammars": "docs/formats.md",
    "JSON": "docs/json.md",
    "Architecture": "docs/architecture.md",
    "The lab": "docs/lab.md",
    "Contributing": "CONTRIBUTING.md",
    "Changes": "CHANGELOG.md",
}
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])+)\]\((?!https?:|#)([^)\s#]+)(#[^)\s]*)?\)")


def main(directory: Path) -> None:
    """Write the sources of the site into the directory, and build it."""
    shutil.rmtree(directory, ignore_errors=True)
    source = directory / "src"
    (source / "guide").mkdir(parents=True)
    for name in ("index.md", "style.css", "logo.svg", "offline.js"):
        shutil.copy(HERE / name, source / name)
    parts = site.write(Handbook(Library((), None)), source)
    for path in GUIDES.values():
        text = (ROOT / path).read_text(encoding="utf-8")
        (source / "guide" / Path(path).name).write_text(_relinked(text, ROOT / path), encoding="utf-8")
    config = (HERE / "zensical.toml").read_text(encoding="utf-8")
    (directory / "zensical.toml").write_text(
        config.replace("[project]\n", f"[project]\nnav = {_toml(_navigation(parts))}\n", 1)
    )
    subprocess.run(["zensical", "build", "--strict", "--clean"], cwd=directory, check=True)
    for page in (directory / "html").rglob("*.html"):
        page.write_text(_offline(page.read_text(encoding="utf-8"), len(page.relative_to(directory).parts) - 2), "utf-8")


def _offline(page: str, depth: int) -> str:
    """A page that fetches nothing: the shim for workers that the theme would take from the network is our own."""
    page = page.replace("https://unpkg.com/iframe-worker/shim", f"{'../' * depth}offline.js")
    if fetched := re.search(r'<(?:script|link|img)\b[^>]*\b(?:src|href)="(https?://[^"]*)"', page):
        raise SystemExit(f"the page would fetch {fetched[1]}")
    return page


def _navigation(parts: dict[str, dict[str, str]]) -> list[object]:
    return [
        {"Home": "index.md"},
        *({part: [{name: page} if name else page for name, page in pages.items()]} for part, pages in parts.items()),
        {"Guide": [{title: f"guide/{Path(path).name}"} for title, path in GUIDES.items()]},
    ]


def _toml(value: object) -> str:
    """Lists, tables and strings in the syntax of TOML."""
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(key)} = {_toml(part)}' for key, part in value.items())} }}"
    return json.dumps(value)


def _relinked(text: str, path: Path) -> str:
    """A guide whose links lead to pages of the site; what is not in the site is named without a link."""
    pages = {(ROOT / guide).resolve(): Path(guide).name for guide in GUIDES.values()}
    pages[(ROOT / "README.md").resolve()] = "../index.md"

    def link(found: re.Match[str]) -> str:
        page = pages.get((path.parent / found[2]).resolve())
        return f"[{found[1]}]({page}{found[3] or ''})" if page else found[1]

    return _LINK.sub(link, text)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "site").resolve())
