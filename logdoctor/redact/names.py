"""Pseudonyms: people and mail addresses always, hosts, addresses and models by choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

import regex

from logdoctor.choices import Hide
from logdoctor.redact.network import MAC, V4, V6, Addresses

_WORDS = frozenset(
    (
        "localhost",
        "worker",
        "master",
        "server",
        "client",
        "driver",
        "kernel",
        "unknown",
        "python",
        "torch",
        "docker",
        "default",
        "compute",
        "login",
        "train",
        "cluster",
        "leader",
        "router",
        "prefill",
        "decode",
        "engine",
        "actor",
        "systemd",
        "kubelet",
        "raylet",
        "public",
        "private",
    )
)
"""Names of hosts that say nothing of whose they are, and stand in sentences."""
_HOST = r"(?P<name>(?=[\w.-]{0,80}\d)[A-Za-z][\w-]{1,62}(?:\.[A-Za-z][\w-]{0,62}){0,8})"
_NAMED_HOST = regex.compile(
    rf"\b(?:MASTER_ADDR|HOSTNAME|SLURMD_NODENAME|NODE_NAME)=[\"']?{_HOST}"
    rf"|\bhost(?:name)?[=:] ?[\"']?{_HOST}|^{_HOST}(?=:\d+:\d+ \[)",
    regex.ASCII | regex.MULTILINE,
)
_CLOUD = r"ip(?:-\d{1,3}){4}"
_DOMAINS = r"\.(?:internal|local|lan|corp|intranet|compute|amazonaws\.com|cloudapp\.azure\.com)"
_CLOUD_HOST = regex.compile(
    rf"(?<![\w.-])(?:(?:{_CLOUD}|[A-Za-z][\w-]{{0,62}}+)(?:\.[A-Za-z0-9][\w-]{{0,62}}){{0,8}}?{_DOMAINS}|{_CLOUD})(?![\w-])",
    regex.ASCII,
)
_MODEL = regex.compile(
    r"(?:\bvllm serve |--model(?:-path)?[ =]"
    r"|\b(?:model|model_tag|model_path|served_model_name|tokenizer|model_name)[\"']?(?:=|: )\[?)[\"']?"
    r"(?P<name>[\w.-]*[A-Za-z][\w.-]*(?:/[\w.-]+)?|/[\w./-]+)",
    regex.ASCII,
)
_NO_MODEL = frozenset(("None", "True", "False", "auto", "str", "name", "config", "and", "is", "not", "was"))


class Names:
    """Who and what is called how in a redacted text."""

    def __init__(self, hide: Collection[Hide] = ()) -> None:
        self.chosen = frozenset(hide)
        self.given: dict[str, str] = {}
        """Name -> pseudonym."""
        self._numbers: Counter[str] = Counter()
        self._addresses = Addresses()
        self._known: dict[str, str] = {}
        """Host or model -> kind."""
        self._pattern: Any = None

    # -- always

    def user(self, name: str, counts: Counter[str]) -> str:
        """The pseudonym of a user; pseudonyms themselves stay."""
        if regex.fullmatch(r"user-\d+", name):
            return name
        counts["user"] += 1
        return self._give(name, "user")

    def email(self, address: str) -> str:
        """The pseudonym of a mail address."""
        return f"<{self._give(address, 'email')}>"

    # -- by choice

    def learn(self, hosts: Iterable[str | None] = (), models: Iterable[str | None] = ()) -> None:
        """Names that are to be replaced wherever they stand."""
        found = {name: "host" for name in hosts if name and Hide.hosts in self.chosen and _is_host(name)}
        found |= {name: "model" for name in models if name and Hide.models in self.chosen and _is_model(name)}
        for name in [name for name, kind in found.items() if kind == "host" and "." in name]:
            found.setdefault(name.partition(".")[0], "host")
        if found.keys() - self._known.keys():
            self._known |= found
            names = "|".join(regex.escape(name) for name in sorted(self._known, key=len, reverse=True))
            self._pattern = regex.compile(rf"(?<![A-Za-z0-9])(?:{names})(?![A-Za-z0-9])", regex.ASCII)

    def replaced(self, text: str, counts: Counter[str]) -> str:
        """The text with hosts, addresses and models replaced, as chosen."""
        if Hide.hosts in self.chosen:
            self.learn(hosts=(found["name"] for found in _NAMED_HOST.finditer(text)))
            self.learn(hosts=(found[0] for found in _CLOUD_HOST.finditer(text)))
        if Hide.models in self.chosen:
            self.learn(models=(found["name"] for found in _MODEL.finditer(text)))
        if self._pattern:
            text = self._pattern.sub(lambda found: self._named(found[0], counts), text)
        if Hide.hosts in self.chosen:
            for pattern, give in ((MAC, self._addresses.mac), (V6, self._addresses.v6), (V4, self._addresses.v4)):
                text = pattern.sub(partial(self._address, give, counts), text)
        return text

    def _named(self, name: str, counts: Counter[str]) -> str:
        kind = self._known[name]
        counts[kind] += 1
        if kind == "host":
            short, dot, _ = name.partition(".")
            pseudonym = self._give(short, "host") + (".example" if dot else "")
        else:
            folder, slash, base = name.rpartition("/")
            owner = folder if folder.startswith("/") or not folder else self._give(folder, "org")
            pseudonym = f"{owner}{slash}{self._give(base, 'model')}"
        self.given[name] = pseudonym
        return pseudonym

    def _address(self, give: Callable[[str], str], counts: Counter[str], found: Any) -> str:
        address = found[0]
        if address in self._addresses.given:  # a pseudonym already
            return str(address)
        pseudonym = give(address)
        if pseudonym != address:
            counts["address"] += 1
            self.given[address] = pseudonym
        return pseudonym

    def _give(self, name: str, kind: str) -> str:
        if name not in self.given:
            self._numbers[kind] += 1
            self.given[name] = f"{kind}-{self._numbers[kind]}"
        return self.given[name]


def _is_host(name: str) -> bool:
    return (
        (regex.search(r"[\d.-]", name) is not None or len(name) > 4)
        and name.lower() not in _WORDS
        and len(name) > 2
        and not V4.fullmatch(name)
        and ":" not in name
        and not regex.fullmatch(r"host-\d+(?:\.example)?|\d+", name)
    )


def _is_model(name: str) -> bool:
    base = name.rpartition("/")[2]
    return len(base) > 2 and name not in _NO_MODEL and not regex.fullmatch(r"model-\d+", base)
