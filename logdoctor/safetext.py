"""Text from outside (log lines, file names), made harmless to show.

A log may hold anything: escape sequences that repaint the terminal or rename its window, right-to-left overrides that
turn a command around, invisible characters that survive copy and paste. What is shown to a reader goes through
:func:`harmless` first.
"""

from __future__ import annotations

import re

_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL and C1 controls
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # invisible, bidirectional, line and paragraph separators
    "\ud800-\udfff\U000e0000-\U000e007f]"  # undecodable bytes, tag characters
)


def _visible(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"^{chr(code ^ 0x40)}" if code < 0x80 else f"<U+{code:04X}>"


def harmless(text: str, keep: str = "") -> str:
    """The text with every control, bidirectional and invisible character spelled out: ``^[``, ``<U+202E>``.

    Characters in ``keep`` (such as a newline) stay as they are.
    """
    return _HARMFUL.sub(lambda found: found[0] if found[0] in keep else _visible(found), text)
