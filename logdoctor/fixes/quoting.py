"""Values, quoted as each syntax wants them."""

from __future__ import annotations

import json
import re
import shlex

_SHELL_SAFE = re.compile(r"[\w@%+=:,./\[\]^~*-]*", re.ASCII)
_YAML_PLAIN = re.compile(r"(?!(?:true|false|yes|no|on|off|null|~|y|n)$)[A-Za-z_/][\w./@+-]*", re.ASCII | re.IGNORECASE)


def shell(value: str) -> str:
    """A value as the shell takes it whole; what computes it on the node stays alive."""
    if _SHELL_SAFE.fullmatch(value) and not value.startswith("~"):
        return value
    return f'"{value}"' if "$" in value and not _quoted(value) else value if _quoted(value) else shlex.quote(value)


def _quoted(value: str) -> bool:
    return len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]


def literal(value: str) -> str:
    """A value as a word of the shell that means itself."""
    return shlex.quote(value)


def yaml(value: str) -> str:
    """A value as a YAML string, plain where that is safe."""
    return value if _YAML_PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def compose(value: str) -> str:
    """A YAML string in a compose file, where ``$`` begins a variable."""
    return yaml(value.replace("$", "$$"))


def kubernetes(value: str) -> str:
    """A YAML string as the value of a container's variable, where ``$(`` refers to another one."""
    return yaml(value.replace("$(", "$$("))


def systemd(text: str) -> str:
    """A quoted word in a unit file: ``%`` begins a specifier, backslash and quote are escaped."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n").replace("\t", "\\t")
    return f'"{text}"'


def systemd_exec(text: str) -> str:
    """A quoted word of an ``Exec`` line, where ``$`` begins a variable too."""
    return systemd(text).replace("$", "$$")
