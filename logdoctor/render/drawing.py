"""Texts drawn for a terminal, or for where there is none."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable

from rich.console import Console, RenderableType
from rich.text import Text


def drawn(
    parts: Iterable[RenderableType],
    *,
    color: bool,
    width: int,
    as_it_is: Callable[[Text], bool] = lambda line: False,
) -> str:
    """The parts below each other, at most ``width`` columns wide but for the lines that are to stay ``as_it_is``.

    Nothing in them is read as markup. ``color`` also brings box-drawing characters.
    """
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        safe_box=not color,
        _environ={},
    )
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text) and as_it_is(part))
    return file.getvalue()
