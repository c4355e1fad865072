"""What a rule needs besides what the schema asks for: examples of both kinds, sources, and no words left to fill in."""

from __future__ import annotations

from collections.abc import Iterator

from logdoctor.authoring.library import Library, Problem, texts

TODO = "TODO"
"""Stands in a skeleton wherever its author has something to say."""


def missing_example(library: Library) -> Iterator[Problem]:
    """A rule without a log that it recognises or without a near miss, or a grammar without lines of both kinds."""
    for sheet in library.of("rule"):
        found = {example["finds"] for example in sheet.content["tests"]}
        if "nothing" not in found:
            message = "no example 'finds: nothing': the healthy or harmless sister of the message"
            yield sheet.problem("missing-example", ("tests",), message)
        if not found - {"nothing"}:
            yield sheet.problem("missing-example", ("tests",), "no example of a log in which the rule finds something")
        own = {cause["id"] for _, cause in sheet.causes()}
        for number, example in enumerate(sheet.content["tests"]):
            if example["finds"] not in own | {"nothing"}:
                message = f"'{example['finds']}' is no cause of this rule; it has {', '.join(sorted(own))}"
                yield sheet.problem("missing-example", ("tests", number, "finds"), message)


def missing_reference(library: Library) -> Iterator[Problem]:
    """A rule that names no source: the code that prints the message, documentation, or where the fix was confirmed."""
    for sheet in library.of("rule"):
        for keys, cause in sheet.causes():
            if not (sheet.content.get("references") or cause.get("references")):
                yield sheet.problem("missing-reference", keys, f"'{cause['id']}' names no source under 'references:'")


def unfinished(library: Library) -> Iterator[Problem]:
    """A place of a skeleton that waits for its author."""
    for sheet in library.checked:
        for keys, text in texts(sheet.content):
            if f"{TODO}:" in text and (keys[0] != "tests" or text.startswith(TODO)):
                yield sheet.problem("unfinished", keys, text.strip().splitlines()[0])
