"""The built-in rules pass every check that authors' own rules are put to: ``logdoctor rules lint``."""

from __future__ import annotations

import pytest
from helpers import LIBRARY

from logdoctor.authoring.checks import CHECKS


@pytest.mark.parametrize("name", CHECKS)
def test_check(name: str) -> None:
    assert [f"{problem.path}:{problem.line}: {problem.message}" for problem in CHECKS[name](LIBRARY)] == []
