"""Compile the rulebook into the wheel, so that an installed logdoctor never parses YAML."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileRules(BuildHookInterface):  # type: ignore[type-arg]
    """Adds ``logdoctor/rulebook/compiled.json`` to wheels; editable installs read ``rules/`` itself."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root))
        from logdoctor.rulebook.compile import compile_rules

        target = Path(self.directory) / "compiled.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(compile_rules([root / "rules"])), encoding="utf-8")
        build_data["force_include"][str(target)] = "logdoctor/rulebook/compiled.json"
