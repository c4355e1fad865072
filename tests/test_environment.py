"""The catalogue of environment variables."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from logdoctor import rulebook
from logdoctor.rulebook.catalogue import CHECKS, Catalogue
from logdoctor.rulebook.settings import Variable

CATALOGUE = rulebook.load().environment


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GLOO_SOCKET_IFACE", "GLOO_SOCKET_IFNAME"),
        ("GLOO_SOCKET_IFNAM", "GLOO_SOCKET_IFNAME"),
        ("GLOO_SOCKET_IFNMAE", "GLOO_SOCKET_IFNAME"),
        ("GLOO_SOCKET_IFNAME", None),
        ("RAY_MEMORY_USAGE_THRESHOLD", "RAY_memory_usage_threshold"),
        ("RAY_memory_usage_treshold", "RAY_memory_usage_threshold"),
        ("RAY_ENABLE_OPEN_TELEMETRY", None),
        ("RAY_SERVE_OUR_OWN", None),
        ("HF_HUB_OFLINE", "HF_HUB_OFFLINE"),
        ("LMCACHE_CHUNKSIZE", "LMCACHE_CHUNK_SIZE"),
        ("FI_PROVDER", "FI_PROVIDER"),
        ("FI_CXI_ANYTHING", None),
        ("GLOO_SOMETHING_ELSE", None),
    ],
)
def test_a_misspelt_name_means_the_nearest(name: str, meant: str | None) -> None:
    assert CATALOGUE.meant(name) == meant


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("GLOO_SOCKET_IFNAME", "eth0", True),
        ("GLOO_SOCKET_IFNAME", "eth0,ib0", True),
        ("GLOO_SOCKET_IFNAME", "^lo", False),
        ("GLOO_SOCKET_IFNAME", "=eth0", False),
        ("GLOO_SOCKET_IFNAME", "mlx5_0", False),
        ("TORCH_GLOO_LAZY_INIT", "1", True),
        ("TORCH_GLOO_LAZY_INIT", "maybe", False),
    ],
)
def test_values(name: str, value: str, taken: bool) -> None:
    assert CATALOGUE.settings[name].takes(value) is taken


def test_defaults_are_possible() -> None:
    for variable in CATALOGUE.settings.values():
        if variable.default is not None and re.fullmatch(r"-?\d+", variable.default):
            assert variable.takes(variable.default), variable.name


def test_what_is_expected_can_be_said() -> None:
    for variable in CATALOGUE.settings.values():
        assert variable.expects
        assert variable.meaning.endswith("."), variable.name


def test_names_are_of_one_kind() -> None:
    for name, unread in CATALOGUE.unread.items():
        assert not CATALOGUE.knows(name), f"{name} is both read and unread"
        assert unread.replaced_by is None or unread.replaced_by in CATALOGUE.settings, name
    for variable in CATALOGUE.settings.values():
        new = variable.replaced_by or variable.name
        assert new.startswith("--") or CATALOGUE.knows(new), variable.name


def test_an_empty_catalogue_knows_nothing() -> None:
    assert Catalogue((), Variable).component("NCCL_DEBUG") is None
    assert Catalogue((), Variable).meant("NCCL_DEBUG") is None


def test_each_check_has_a_rule_and_each_rule_its_values() -> None:
    book = rulebook.load()
    assert set(book.checks) == set(CHECKS)
    assert set(rule_schema()["properties"]["check"]["enum"]) == set(CHECKS)


def rule_schema() -> dict[str, Any]:
    path = Path(rulebook.__file__).parent / "schemas" / "rule.schema.json"
    schema: dict[str, Any] = json.loads(path.read_text())
    return schema
