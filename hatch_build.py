"""Compile the rulebook into the wheel, so that an installed logdoctor never parses YAML."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileRules(BuildHookInterface):  # type: ignore[type-arg]
    """Adds ``logdoctor/rulebook/compiled`` to wheels; editable installs read ``rules/`` itself."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root))
        from logdoctor.rulebook.compile import compile_rules
        from logdoctor.rulebook.store import pack

        target = Path(self.directory) / "compiled"
        target.parent.mkdir(parents=True, exist_ok=True)
        compiled = compile_rules([root / "rules"])
        if compiled["problems"]:
            raise SystemExit("\n".join(compiled["problems"]))
        target.write_bytes(pack(compiled))
        build_data["force_include"][str(target)] = "logdoctor/rulebook/compiled"
