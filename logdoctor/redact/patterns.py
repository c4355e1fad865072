"""The patterns of ``secrets.yaml``, and those that are made of its words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import regex
import yaml


@dataclass(frozen=True)
class Secret:
    """A kind of secret, and how to see it."""

    kind: str
    text: str
    """The pattern; its group ``secret``, or else all of the match, is masked."""
    literals: tuple[str, ...]
    """In lower case; one of them stands in every line that the pattern matches. Without any it is tried everywhere."""
    follow: str = ""
    """The characters that the secret is made of, as a class: with them it goes on where a terminal wrapped the line."""

    @cached_property
    def pattern(self) -> Any:
        """The compiled pattern; compiled when first wanted, as most never are."""
        return regex.compile(self.text, regex.ASCII | regex.MULTILINE)


_QUOTE = r"(?:\\{0,3}[\"'])"
_QUOTED = r"\\{0,3}\"(?P<secret>(?:[^\"\\]|\\[^\"]){1,8192})|\\{0,3}'(?P<secret>(?:[^'\\]|\\[^']){1,8192})"
_CHARACTERS = r"[\w+/=.~:-]"
"""What most secrets are made of."""
_STRING = r"(?:'(?P<secret>(?:[^'\\\n]|\\.)++)|\"(?P<secret>(?:[^\"\\\n]|\\.)++))"
"""A quoted string, also one that was cut off."""


@cache
def secrets() -> tuple[Secret, ...]:
    """All kinds, in the order in which they are tried."""
    plain = yaml.load(
        (Path(__file__).parent / "secrets.yaml").read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return (*_requests(), *map(_token, plain["tokens"]), *_keyed(plain), *_people())


def _token(entry: dict[str, Any]) -> Secret:
    pattern = entry["pattern"]
    if "(?P<secret>" not in pattern:
        pattern = rf"(?:(?<![A-Za-z0-9])|(?<=\[[\d;]{{0,12}}m|\\[nrt]))(?:{pattern})"
    return Secret(entry["kind"], pattern, tuple(entry.get("literals", ())), entry.get("follow", _CHARACTERS))


def _keyed(plain: dict[str, Any]) -> list[Secret]:
    """Values whose name says that they are secret: ``DB_PASSWORD=..``, ``"token": ".."``, ``--api-key ..``."""
    words = "|".join(sorted(plain["words"], key=len, reverse=True))
    word = rf"(?i:{words})(?:_?\d)?(?<!(?i:(?:\b|_)(?:{'|'.join(plain['text-tokens'])})[_-]token))"
    none = (
        rf"(?!{_QUOTE}?(?:(?:{'|'.join(map(regex.escape, plain['not-secret']))})(?![\w-])|\*+|[<$%{{]"
        r"|\d{1,6}(?:\.\d+)?(?![\w-])|[/~.]/|/\w+/))"
    )
    bare = r"(?P<secret>(?![\w.]*[(\[])[^\s\"'\\,;&|<>(){}\[\]]{2,8192})"
    value = rf"{none}(?:\[\s*)?(?:{_QUOTED}|{bare})"
    assigned = rf"{word}{_QUOTE}?(?:\s{{0,2}}(?:=>|[=:])=?\s{{0,2}}(?=\\?[\"'\[])|\s?=>?|:(?=\S)){value}"
    spaced = rf"(?:(?i:password|passwd|passphrase)|{word}(?=[^\n]{{2,4}}[\w.+/=-]*\d)):\s{{1,2}}{value}"
    option = rf"{word}(?<=(?<![\w-])--?[A-Za-z][\w.-]{{0,60}}){_QUOTE}?(?:\s{{1,3}}|,\s*{_QUOTE}|\s*=\s*){value}"
    ends = tuple(word + end for word in plain["words"] for end in ("=", ":", '"', "'", "\\", " ="))
    options = tuple(f"{sign}{word}{end}" for word in plain["words"] for sign in "-_" for end in (" ", '"', "'"))
    return [
        Secret("secret", pattern, literals, _CHARACTERS)
        for pattern, literals in ((assigned, ends), (spaced, ends), (option, (*options, *ends)))
    ]


def _requests() -> list[Secret]:
    """What users asked and models answered, in the request logs of vLLM, SGLang and what speaks OpenAI's API."""
    names = (
        "prompt",
        "prompts",
        "content",
        "text",
        "output",
        "outputs",
        "output_text",
        "reasoning_content",
        "inputs",
        "input",
    )
    spoken = ("prompt", "prompts", "output", "text")
    field = rf"[\"'](?:{'|'.join(names)})\\?[\"']: ?(?:\[ ?)?{_STRING}"
    escaped = rf"\\\"(?:{'|'.join(names)})\\\": ?(?:\[ ?)?\\\"(?P<secret>(?:[^\"\\]|\\[^\"]|\\\\\\\")++)"
    argument = rf"\b(?:{'|'.join(spoken)}|input_text)(?:=|: )(?:\[ ?)?{_STRING}"
    numbers = r"(?:token_ids|input_ids|output_ids)[\"']?(?:=|: )\[(?P<secret>[\d, ]{2,}+)"
    return [
        Secret("request-text", field, tuple(f"{name}{quote}" for name in names for quote in "'\"\\")),
        Secret("request-text", escaped, tuple(f'{name}\\"' for name in names)),
        Secret(
            "request-text",
            argument,
            tuple(f"{name}{sign}{quote}" for name in spoken for sign in ("=", ": ") for quote in "'\"["),
        ),
        Secret("request-text", numbers, ("token_ids", "input_ids", "output_ids")),
    ]


_SERVICES = "service|socket|slice|scope|timer|mount|device|target|path|so|py|cc|cpp|cu|h|hpp|json|yaml|log|git"
"""What stands after the last dot of what is no mail address, though it looks like one."""
_EVERYBODY = (
    "root|ubuntu|debian|centos|ec2-user|azureuser|admin|user|users|runner|jovyan|ray|vllm|sglang|app|nobody|default|work"
    "|workspace|shared|public|data|conda|miniconda3?|anaconda3?|linuxbrew|coder|vscode|node|python|docker|slurm|nvidia"
)
"""Accounts that are nobody's name."""


def _people() -> list[Secret]:
    email = (
        r"(?<![\w.+/@-])(?!git@)[A-Za-z0-9][\w.+-]{0,63}@(?!\d)(?:[A-Za-z0-9-]{1,63}\.){1,8}"
        rf"(?!(?:{_SERVICES})\b)[A-Za-z]{{2,24}}(?![\w@])"
    )
    user = (
        r"(?:/(?:home|Users)/(?:users?/)?|[A-Za-z]:\\{1,2}Users\\{1,2}|(?<![\w/])~(?=[a-z])"
        r"|\b(?:USER|LOGNAME|USERNAME|SUDO_USER)=[\"']?)"
        rf"(?P<secret>(?!(?:{_EVERYBODY})(?![\w.-]))[A-Za-z_][\w.-]{{0,63}})(?=[/\\\s:\"',;)\]>]|$)"
    )
    homes = ("/home/", "/users/", "\\users\\", "user=", "logname=", "username=", "~")
    return [Secret("email", email, ("@",)), Secret("user", user, homes)]
