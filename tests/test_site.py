"""The handbook as a site: nothing from YAML can mean anything to Markdown, HTML, or the page around it."""

from __future__ import annotations

import re
from pathlib import Path

from helpers import LIBRARY
from hypothesis import given
from hypothesis import strategies as st

from logdoctor.handbook import site
from logdoctor.handbook.page import Handbook

BOOK = Handbook(LIBRARY)
HOSTILE = "<script>alert(1)</script> [x](javascript:y) `z` **b** | {: #id } &amp; \x1b[31m \u202e ``` \n# h"


def test_every_rule_and_variable_is_a_page(tmp_path: Path) -> None:
    parts = site.write(BOOK, tmp_path)
    for pages in parts.values():
        assert all((tmp_path / page).is_file() for page in pages.values())
    assert {path.stem for path in (tmp_path / "rules").rglob("*.md")} == {*BOOK.rules, "index"}
    assert {path.stem for path in (tmp_path / "variables").glob("*.md")} == {
        *BOOK.variables,
        *(Path(page).stem for page in parts["Variables"].values()),
    }
    for command in BOOK.commands.values():
        page = (tmp_path / parts["Flags"][command.name]).read_text()
        assert re.findall(r"^## .* \{ #([\w-]+) \}$", page, re.MULTILINE)[: len(command.settings)] == [
            name.lstrip("-") for name in command.settings
        ]
    for path in tmp_path.rglob("*.md"):
        for link in re.findall(r"\]\(([^)#]+\.md)", path.read_text()):
            assert (path.parent / link).resolve().is_file(), f"{path}: {link}"


@given(st.text() | st.just(HOSTILE))
def test_text_means_nothing(plain: str) -> None:
    shown = site.text(plain)
    assert shown.count("<code>") == shown.count("</code>")
    assert not set(re.sub(r"&#\d+;|</?code>", "", shown)) & set('<>&[]()`*_{}|#!\\"\n\r')
    assert all(c.isprintable() for c in shown)


@given(st.text() | st.just(HOSTILE))
def test_code_cannot_leave_its_block(content: str) -> None:
    first, *inside, last = site.code(content, "text").split("\n")
    fence = first.removesuffix("text")
    assert set(fence) == {"`"}
    assert last == fence
    assert all(fence not in line for line in inside)


def test_only_web_addresses_are_links() -> None:
    assert site._reference("https://example.org/a_b?c=d") == (
        "[https&#58;&#47;&#47;example&#46;org&#47;a&#95;b&#63;c&#61;d](https://example.org/a_b?c=d)"
    )
    for bad in ("javascript:alert(1)", "https://a.b/)[x](javascript:y", "see the wiki"):
        assert "](" not in site._reference(bad)
