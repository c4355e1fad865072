"""HTML pages that need nothing else: no network, no other file, no script but their own.

Every text goes through :func:`tag` or :func:`text`, which escape it; a page's policy forbids whatever is not the one
style sheet and the one script in it, by their hashes. The assets are files beside this module.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from logdoctor import __version__
from logdoctor.formats.assembly import strip_ansi
from logdoctor.safetext import harmless

_VOID = frozenset(("input",))


class Html(str):
    """Text that is markup already."""


def page(
    title: str, body: Html, data: Any, *, styles: Iterable[str], scripts: Iterable[str], skip: tuple[str, str]
) -> str:
    """A whole page: its title, its body, and the plain ``data`` that its scripts draw from. ``styles`` and ``scripts``
    name assets, put together in that order; ``skip`` is the id and the name of what keyboards can jump to."""
    style = "".join(map(_asset, styles))
    script = f'"use strict";\n(() => {{\n{"".join(map(_asset, scripts))}}})();\n'
    return Template(_asset("page.html")).substitute(
        policy=(
            f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
        version=__version__,
        title=text(title),
        style=style,
        script=script,
        skip=tag("a", f"Skip to {skip[1]}", class_="skip", href=f"#{skip[0]}"),
        body=body,
        data=_data(data),
    )


@cache
def _asset(name: str) -> str:
    return (Path(__file__).parent / "assets" / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _data(plain: Any) -> Html:
    """JSON that no markup can begin in."""
    written = json.dumps(plain, separators=(",", ":"))
    return Html(written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def text(plain: str, keep: str = "") -> Html:
    """Text as it is, spelled out where it could mislead, escaped."""
    return plain if isinstance(plain, Html) else Html(escape(harmless(strip_ansi(plain), keep=keep)))


def tag(name: str, *content: str, **attributes: object) -> Html:
    """An element. Attributes whose value is None or False are left out; ``class_`` is ``class``, ``aria_label`` is
    ``aria-label``."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{text(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{''.join(map(text, content))}</{name}>")


def join(parts: Iterable[str]) -> Html:
    """The parts one after the other."""
    return Html("".join(text(part) for part in parts))


def box(content: str) -> Html:
    """A text to copy. What is shown is what is copied: nothing in it is spelled out behind the reader's back."""
    button = tag("button", "Copy", type="button", class_="copy", hidden=True)
    return tag("div", tag("pre", text(content, keep="\n\t")), button, class_="box")


def paste(title: str, content: str) -> Html:
    """A text to copy, and where it goes."""
    return join([tag("p", title[:1].upper() + title[1:], class_="for"), box(content)])
