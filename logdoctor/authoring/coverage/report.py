"""A survey for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from logdoctor.authoring.coverage.messages import Message
from logdoctor.authoring.coverage.survey import Survey
from logdoctor.safetext import harmless

WIDTH = 160
"""Characters of a message that are shown."""


def as_text(survey: Survey) -> str:
    """The messages that no rule recognises, file by file, then how many of each folder one does."""
    return "".join(f"{line}\n" for line in (*_missing(survey), *_shares(survey)))


def _missing(survey: Survey) -> Iterator[str]:
    for path, found in groupby(survey.unrecognised, key=lambda item: item[0].path):
        yield harmless(str(path.relative_to(survey.root)))
        for message, near in found:
            text = " ".join(message.text.split())
            shown = harmless(text if len(text) <= WIDTH else f"{text[:WIDTH]}...")
            perhaps = f"   (near {', '.join(near[:3])})" if near else ""
            yield f"  {message.line:5}  {message.call}: {shown}{perhaps}"
        yield ""


def _shares(survey: Survey) -> Iterator[str]:
    known = Counter(_folder(message, survey) for message, _ in survey.recognised)
    every = known + Counter(_folder(message, survey) for message, _ in survey.unrecognised)
    for folder, count in sorted(every.items()):
        yield f"{known[folder]:5} of {count:5}  {folder}"
    total = sum(every.values())
    share = 100 * len(survey.recognised) / max(total, 1)
    yield f"{len(survey.recognised)} of {total} messages recognised ({share:.0f} %)"


def _folder(message: Message, survey: Survey) -> str:
    return message.path.relative_to(survey.root).parent.as_posix()


def as_json(survey: Survey) -> str:
    """One object; ``unrecognised`` and ``recognised`` list ``path``, ``line``, ``call``, ``level`` and ``text``."""
    plain = {
        "schema": "logdoctor.coverage/1",
        "source": str(survey.root),
        "messages": len(survey.recognised) + len(survey.unrecognised),
        "unrecognised": [{**_plain(message, survey), "near": list(near)} for message, near in survey.unrecognised],
        "recognised": [{**_plain(message, survey), "rule": rule} for message, rule in survey.recognised],
    }
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


def _plain(message: Message, survey: Survey) -> dict[str, str | int]:
    path = message.path.relative_to(survey.root).as_posix()
    return {"path": path, "line": message.line, "call": message.call, "level": message.level, "text": message.text}
