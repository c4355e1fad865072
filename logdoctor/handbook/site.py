"""The handbook as the source of a static site: a Markdown page for each rule, each variable and each flag.

Everything that comes from YAML is escaped: outside code blocks, characters that could mean something to Markdown or
HTML become numeric entities; a code block's fence is longer than any run of backticks within.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from logdoctor.handbook.lines import copied
from logdoctor.handbook.page import LAYERS, SUSPECT, Cause, Handbook, Link, Look, RulePage, SettingPage
from logdoctor.rulebook.catalogue import Command

LINES, LOOKS = 14, 3
"""Lines of an example, and examples of a single cause, that are shown."""
_URL = re.compile(r"https?://[^\s<>\"'()\[\]]+")


def write(book: Handbook, directory: Path) -> dict[str, dict[str, str]]:
    """Write ``rules/``, ``variables/`` and ``flags/`` into a directory; gives the contents of each: title -> page."""
    rules: dict[str, list[RulePage]] = defaultdict(list)
    for id in sorted(book.rules):
        page = book.rule(id)
        rules[page.component].append(page)
        _put(directory / "rules" / page.component / f"{id}.md", page.title, rule(page, _homes(book)))
    variables: dict[str, list[SettingPage]] = defaultdict(list)
    for name in sorted(book.variables):
        variable = book.variable(name)
        variables[variable.setting.component].append(variable)
        _put(directory / "variables" / f"{name}.md", name, _joined(_variable(variable, _homes(book))))
    for component, pages in rules.items():
        _put(directory / "rules" / component / "index.md", component, _rules_of(component, pages))
    for component, found in variables.items():
        _put(directory / "variables" / f"{component}.md", component, _variables_of(component, found))
    for command in book.commands.values():
        flags = [book.flag(command, name) for name in command.settings]
        _put(directory / "flags" / f"{_slug(command.name)}.md", command.name, _flags_of(command, flags, _homes(book)))
    _put(directory / "rules" / "index.md", "Rules", _contents(rules))
    _put(directory / "variables" / "index.md", "Variables", _catalogue(variables, book))
    _put(directory / "flags" / "index.md", "Flags", _commands(book))
    return {
        "Rules": {"": "rules/index.md", **{name: f"rules/{name}/index.md" for name in sorted(rules)}},
        "Variables": {"": "variables/index.md", **{name: f"variables/{name}.md" for name in sorted(variables)}},
        "Flags": {"": "flags/index.md", **{name: f"flags/{_slug(name)}.md" for name in sorted(book.commands)}},
    }


def _slug(command: str) -> str:
    return command.replace(" ", "-").replace(".", "-")


def _homes(book: Handbook) -> Mapping[str, str]:
    """Rule -> its page, relative to ``rules/`` and ``variables/``."""
    return {id: f"{sheet.content['component']}/{id}.md" for id, sheet in book.rules.items()}


def _put(path: Path, title: str, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = (
        f"title: {json.dumps(title)}\nhide: [navigation]\n"
        if path.name != "index.md"
        else f"title: {json.dumps(title)}\n"
    )
    path.write_text(f"---\n{head}---\n\n{content}", encoding="utf-8")


def _joined(blocks: Iterator[str]) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"


# Pages


def rule(page: RulePage, homes: Mapping[str, str]) -> str:
    """The page of a rule, as Markdown."""
    return _joined(_rule(page, homes))


def _rule(page: RulePage, homes: Mapping[str, str]) -> Iterator[str]:
    yield f"[Rules](../index.md) / [{text(page.component)}](index.md)"
    yield f"# {text(page.title)}"
    layer = f"**{page.layer}**{{ .ld-chip }} {text(LAYERS[page.layer])}"
    yield f"`{page.id}`{{ .ld-id }} &nbsp; {_severity(page.severity)} {layer}"
    if page.looks:
        yield "## What it looks like"
        yield from (_look(look) for look in page.looks[: 1 if len(page.causes) > 1 else LOOKS])
    if len(page.causes) > 1:
        yield "## Causes"
        yield (
            f"{len(page.causes)} causes can stand behind this message. They are tried in this order; "
            "the first whose signs all hold is named."
        )
        yield "\n".join(f"{number}. [{text(cause.title)}](#{cause.id})" for number, cause in enumerate(page.causes, 1))
    for number, cause in enumerate(page.causes, 1):
        look = next((look for look in page.looks if look.cause == cause.id), None)
        yield from _cause(cause, look, number if len(page.causes) > 1 else 0)
    yield from _links("Explains", page.explains, homes, "../")
    yield from _links("Explained by", page.explained_by, homes, "../")
    yield "## Recognised by { data-search-exclude }"
    yield "\n\n".join(code(pattern, "text") for pattern in page.patterns)
    yield from _references(page.references)
    yield f"From `rules/{page.path}`."


def _look(look: Look) -> str:
    at = next((number for number, line in enumerate(look.lines) if look.evidence in line), 0)
    start = max(0, min(at - LINES // 2, len(look.lines) - LINES))
    marked = f' hl_lines="{at - start + 1}"' if look.evidence else ""
    return code("\n".join(look.lines[start : start + LINES]), "text", marked)


def _cause(cause: Cause, look: Look | None, number: int) -> Iterator[str]:
    if number:
        yield f"### {number}. {text(cause.title)} {{ #{cause.id} }}"
        sure = f"{round(100 * cause.confidence)} % sure"
        layer = f"**{cause.layer}**{{ .ld-chip }}"
        yield f"`{cause.id}`{{ .ld-id }} &nbsp; {_severity(cause.severity)} {layer} **{sure}**{{ .ld-chip }}"
        if look:
            yield _box("example", "In a log", _look(look).splitlines(), folded=True)
        if cause.told_by:
            yield "**Told by**"
            yield "\n".join(f"- {text(sign)}" for sign in cause.told_by)
    yield "## Why" if not number else "**Why**"
    yield text(cause.why)
    if cause.suspect:
        yield text(SUSPECT)
    yield _box("tip", "Fix", _fix(cause))
    if cause.missing:
        yield _box("question", "What would decide it", _missing(cause))
    if number:
        yield from _references(cause.references)


def _severity(severity: str) -> str:
    return f"**{severity}**{{ .ld-chip .ld-{severity} }}"


def _box(kind: str, title: str, lines: Iterable[str], folded: bool = False) -> str:
    mark = "???" if folded else "!!!"
    return "\n".join([f'{mark} {kind} "{title}"', "", *(f"    {line}".rstrip() for line in lines)])


def _fix(cause: Cause) -> Iterator[str]:
    fix = cause.fix
    if fix.summary:
        yield from (f"**{text(fix.summary)}**", "")
    if lines := list(copied(fix)):
        yield from (*code("\n".join(lines), "sh").splitlines(), "")
    yield from (
        f"{f'{number}.' if len(fix.steps) > 1 else '-'} {text(step)}" for number, step in enumerate(fix.steps, 1)
    )
    if fix.verify:
        yield from ("", "**Check**", "", *code("\n".join(fix.verify), "sh").splitlines())


def _missing(cause: Cause) -> Iterator[str]:
    for item in cause.missing:
        yield from (f"**{text(item.what)}**: {text(item.why)}", "", *code(item.how, "sh").splitlines(), "")


def _variable(page: SettingPage, homes: Mapping[str, str]) -> Iterator[str]:
    component = page.setting.component
    yield f"[Variables](index.md) / [{text(component)}]({component}.md)"
    yield f"# {text(page.title)}"
    yield from _setting(page)
    yield from _links("Set by the fixes of", page.set_by, homes, "../rules/")
    yield from _links("Looked at by", page.asked_by, homes, "../rules/")
    yield from _references(page.setting.references)


def _setting(page: SettingPage) -> Iterator[str]:
    yield text(page.setting.meaning)
    rows = "\n".join(f"| {name.capitalize()} | {text(value)} |" for name, value in page.rows.items())
    yield f"| | |\n|---|---|\n{rows}"
    if page.setting.note:
        yield '!!! note "Note"\n\n    ' + text(page.setting.note)


# Lists


def _contents(rules: Mapping[str, Sequence[RulePage]]) -> str:
    def blocks() -> Iterator[str]:
        yield "# Rules"
        count = sum(map(len, rules.values()))
        causes = sum(len(page.causes) for pages in rules.values() for page in pages)
        yield f"{count} rules tell {causes} causes apart. Look for a message with the search field, or by component:"
        yield "| component | rules | |\n|---|--:|---|\n" + "\n".join(
            f"| [{text(component)}]({component}/index.md) | {len(pages)} | {text(_some(pages))} |"
            for component, pages in sorted(rules.items())
        )

    return _joined(blocks())


def _some(pages: Sequence[RulePage]) -> str:
    plain = [page.title for page in pages if "<" not in page.title][:2]
    return "; ".join(plain) + (" ..." if len(pages) > len(plain) else "")


def _rules_of(component: str, pages: Sequence[RulePage]) -> str:
    def blocks() -> Iterator[str]:
        yield f"# {text(component)}"
        for layer, meaning in LAYERS.items():
            if found := [page for page in pages if page.layer == layer]:
                yield f"## {layer.capitalize()}: {text(meaning)}"
                yield "| | | causes |\n|---|---|--:|\n" + "\n".join(
                    f"| [{text(page.title)}]({page.id}.md) | `{page.id}`{{ .ld-id }} | {len(page.causes)} |"
                    for page in found
                )

    return _joined(blocks())


def _variables_of(component: str, pages: Sequence[SettingPage]) -> str:
    def blocks() -> Iterator[str]:
        yield f"# Variables of {text(component)}"
        yield "| | |\n|---|---|\n" + "\n".join(
            f"| [{text(page.setting.name)}]({page.setting.name}.md) | {text(page.setting.meaning)} |" for page in pages
        )

    return _joined(blocks())


def _catalogue(variables: Mapping[str, Sequence[SettingPage]], book: Handbook) -> str:
    def blocks() -> Iterator[str]:
        yield "# Variables"
        yield f"{sum(map(len, variables.values()))} environment variables of the stack, and names that nothing reads."
        yield "| component | variables | |\n|---|--:|---|\n" + "\n".join(
            f"| [{text(component)}]({component}.md) | {len(pages)} | {text(_named(pages))} |"
            for component, pages in sorted(variables.items())
        )
        yield "## Names that nothing reads"
        yield "Guides recommend them, and programs ignore them."
        yield "| | instead |\n|---|---|\n" + "\n".join(
            f"| {text(name)} | {text(unread.replaced_by or unread.instead or '')} |"
            for name, unread in sorted(book.unread.items())
        )

    return _joined(blocks())


def _flags_of(command: Command, pages: Sequence[SettingPage], homes: Mapping[str, str]) -> str:
    def blocks() -> Iterator[str]:
        yield f"[Flags](index.md)\n\n# Flags of {text(command.name)}"
        yield "Those that fixes and rules name, and what is known of them."
        for page in pages:
            yield f"## {text(page.setting.name)} {{ #{page.setting.name.lstrip('-')} }}"
            yield from _setting(page)
            if page.set_by:
                yield f"In the fixes of {', '.join(_link(link, homes, '../rules/') for link in page.set_by)}."
        if command.unread:
            yield "## What other commands call it { #not-taken }"
            yield "| | instead |\n|---|---|\n" + "\n".join(
                f"| {text(name)} | {text(unread.replaced_by or unread.instead or '')} |"
                for name, unread in sorted(command.unread.items())
            )
        yield from _references(pages[0].setting.references if pages else ())

    return _joined(blocks())


def _commands(book: Handbook) -> str:
    def blocks() -> Iterator[str]:
        yield "# Flags"
        yield "Flags of the commands that start a run, as far as fixes and rules name them."
        yield "| command | flags | known up to |\n|---|--:|---|\n" + "\n".join(
            f"| [{text(name)}]({_slug(name)}.md) | {len(command.settings)} | "
            f"{text(f'{command.software} {command.covers}' if command.covers else '')} |"
            for name, command in sorted(book.commands.items())
        )

    return _joined(blocks())


def _named(pages: Sequence[SettingPage]) -> str:
    return ", ".join(page.setting.name for page in pages[:3]) + (" ..." if len(pages) > 3 else "")


def _links(title: str, links: Sequence[Link], homes: Mapping[str, str], up: str) -> Iterator[str]:
    if links:
        yield f"## {title}"
        yield "\n".join(f"- {_link(link, homes, up)}" for link in links)


def _link(link: Link, homes: Mapping[str, str], up: str) -> str:
    return f"[{text(link.title)}]({up}{homes[link.id]})" if link.id in homes else text(f"{link.id}: {link.title}")


def _references(references: Sequence[str]) -> Iterator[str]:
    if references:
        yield "**Sources**"
        yield "\n".join(f"- {_reference(reference)}" for reference in references)


def _reference(reference: str) -> str:
    return f"[{text(reference)}]({reference})" if _URL.fullmatch(reference) else text(reference)


# Escaping


def text(plain: str) -> str:
    """A text that Markdown and HTML show as it is, on one line; what stands between backticks is shown as code."""
    parts = re.split(r"`([^`]+)`", " ".join(plain.split()))
    return "".join(
        f"<code>{_escaped(part)}</code>" if number % 2 else _escaped(part) for number, part in enumerate(parts)
    )


def _escaped(plain: str) -> str:
    return "".join(c if c.isalnum() or c in " ,'" else f"&#{ord(c)};" for c in plain if c.isprintable())


def code(content: str, language: str, options: str = "") -> str:
    """A code block that shows its content as it is."""
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", content)), default=0))
    shown = "".join(c if c.isprintable() or c in "\n\t" else "�" for c in content)
    return f"{fence}{language}{options}\n{shown}\n{fence}"
