"""Pseudonyms for addresses that keep what a reader needs: which are the same, which share a network."""

from __future__ import annotations

import ipaddress
from collections import defaultdict

import regex

V4 = regex.compile(r"(?<![\w.]|==|[vV]ersion[ =:]{1,2})(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)", regex.ASCII)
V6 = regex.compile(
    r"(?<![\w:.])(?=(?:[0-9a-fA-F]*:){3})[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){3,7}(?![\w:])", regex.ASCII
)
MAC = regex.compile(r"(?<![\w:-])[0-9a-fA-F]{2}(?:([:-])[0-9a-fA-F]{2})(?:\1[0-9a-fA-F]{2}){4}(?![\w:-])", regex.ASCII)

_PRIVATE = {10: 1, 172: 2, 192: 2, 100: 2}
"""First number -> how many numbers say that the network is private; they stay."""


class Addresses:
    """Gives each address one of the same kind: a private one stays private, and neighbours stay neighbours.

    What has a meaning of its own stays: loopback, wildcard, link-local, multicast, broadcast, the metadata service.
    """

    def __init__(self) -> None:
        self._children: dict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
        self.given: set[str] = set()
        """All pseudonyms."""

    def _noted(self, pseudonym: str) -> str:
        self.given.add(pseudonym)
        return pseudonym

    def v4(self, text: str) -> str:
        """The pseudonym of an IPv4 address; the text itself if it is none or stays."""
        try:
            address = ipaddress.IPv4Address(text)
        except ValueError:
            return text
        if _stays(address) or text.startswith("255."):
            return text
        parts = text.split(".")
        kept = _PRIVATE.get(int(parts[0]), 0) if address.is_private or parts[0] == "100" else 0
        if not kept:  # public: into the network that is reserved for measurements
            network = self._count(("public",), ".".join(parts[:3])) % 256
            return self._noted(f"198.18.{network}.{self._number(tuple(parts[:3]), parts[3])}")
        named = parts[:kept]
        for depth in range(kept, 4):
            named.append(self._number(tuple(parts[:depth]), parts[depth]))
        return self._noted(".".join(named))

    def _number(self, network: tuple[str, ...], part: str) -> str:
        """The number of a part in its network: 0 and 255 stay, the others are counted as they come."""
        if part in ("0", "255"):
            return part
        return str(self._count(network, part))

    def _count(self, network: tuple[str, ...], part: str) -> int:
        known = self._children[network]
        return known.setdefault(part, len(known) + 1)

    def v6(self, text: str) -> str:
        """The pseudonym of an IPv6 address; the text itself if it is none or stays."""
        try:
            address = ipaddress.IPv6Address(text)
        except ValueError:
            return text
        if _stays(address):
            return text
        network, host = f"{int(address) >> 64:x}", f"{int(address) & ((1 << 64) - 1):x}"
        prefix = "fe80" if address.is_link_local else f"fd00:0:0:{self._count(('v6',), network):x}"
        return self._noted(f"{prefix}::{self._count(('v6', network), host):x}")

    def mac(self, text: str) -> str:
        """The pseudonym of a hardware address; those of all and of nobody stay."""
        digits = text.lower().replace("-", ":")
        if digits in ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"):
            return text
        number = self._count(("mac",), digits)
        return self._noted(text[2].join(["02", "00", "00", "00", f"{number >> 8 & 255:02x}", f"{number & 255:02x}"]))


def _stays(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if address.version == 6 and address.is_link_local:
        return False  # it holds the hardware address
    return address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local
