"""Rules that other Python packages bring, installed for real."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

from logdoctor.rulebook import packs

ROOT = Path(__file__).parent.parent
RULE = {
    "id": "acme-switch-down",
    "title": "The switch {switch} is down",
    "component": "acme",
    "severity": "error",
    "layer": "host",
    "signatures": [{"pattern": r"acme-fabric: switch (?P<switch>\S+) is gone"}],
    "cause": "The switch {switch} lost power.",
    "fix": {"summary": "Switch it on."},
    "references": ["https://example.org/switches"],
    "tests": [
        {"log": "acme-fabric: switch s7 is gone", "finds": "acme-switch-down"},
        {"log": "acme-fabric: switch s7 is back", "finds": "nothing"},
    ],
}
LOG = "acme-fabric: switch s7 is gone\n"


def wheel(directory: Path, value: str = "acme_rules", **files: str) -> Path:
    """A small package with rules; it must never be imported."""
    path = directory / "acme_rules-1.0-py3-none-any.whl"
    content = {
        "acme_rules/__init__.py": "raise SystemExit('a pack is data: none of its code is run')\n",
        "acme_rules/acme-switch-down.yaml": yaml.safe_dump(RULE, sort_keys=False),
        **files,
        "acme_rules-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n",
        "acme_rules-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "acme_rules-1.0.dist-info/entry_points.txt": f"[console_scripts]\nx = x:y\n\n[logdoctor.rules]\nacme = {value}\n",
    }
    with zipfile.ZipFile(path, "w") as file:
        for name, text in content.items():
            file.writestr(name, text)
        file.writestr("acme_rules-1.0.dist-info/RECORD", "".join(f"{name},,\n" for name in content))
    return path


class Environment:
    """A virtual environment with logdoctor and its dependencies, and with what is installed into it."""

    def __init__(self, directory: Path) -> None:
        venv.create(directory / "venv", symlinks=True)
        self.python = directory / "venv" / "bin" / "python"
        self.cache = directory / "cache"
        site = next((directory / "venv" / "lib").glob("python*/site-packages"))
        (site / "logdoctor.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")

    def install(self, package: Path) -> None:
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, "install", "--no-index", "--no-deps", str(package)], check=True)

    def logdoctor(self, *arguments: str, log: str = "") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.cache)}
        command = [str(self.python), "-m", "logdoctor", *arguments]
        return subprocess.run(command, input=log, capture_output=True, text=True, check=False, env=environment)


def test_an_installed_pack_takes_part(tmp_path: Path) -> None:
    environment = Environment(tmp_path)
    assert "acme-switch-down" not in environment.logdoctor("explain", log=LOG).stdout
    environment.install(wheel(tmp_path))
    done = environment.logdoctor("explain", log=LOG)
    assert (done.returncode, done.stderr) == (1, "")
    assert "The switch s7 is down" in done.stdout
    assert environment.logdoctor("rules", "show", "acme-switch-down").stdout.startswith("acme-switch-down\n")


@pytest.mark.parametrize(
    ("value", "files", "said"),
    [
        (
            "nowhere",
            {},
            "the rule pack 'acme' of acme_rules 1.0 cannot be used: its package 'nowhere' is not installed",
        ),
        ("acme_rules.rules", {}, "there is no directory with *.yaml files at 'acme_rules.rules'"),
        ("acme_rules", {"acme_rules/acme-bad.yaml": "id: ["}, "acme-bad.yaml:2: not valid YAML"),
    ],
)
def test_a_broken_pack_is_one_sentence(tmp_path: Path, value: str, files: dict[str, str], said: str) -> None:
    environment = Environment(tmp_path)
    environment.install(wheel(tmp_path, value, **files))
    done = environment.logdoctor("explain", log="torch.OutOfMemoryError: CUDA out of memory.\n")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2
    assert "memory" in done.stdout, "what can be diagnosed is"


def test_nothing_is_looked_through_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    home = tmp_path / "site" / "acme-1.dist-info"
    home.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    assert packs.installed() == packs.Packs((), ())
    monkeypatch.setattr(packs, "_search", lambda places: pytest.fail("looked through again"))
    assert packs.installed() == packs.Packs((), ())
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "site" / "rules.dist-info").mkdir()
    (tmp_path / "site" / "rules.dist-info" / "entry_points.txt").write_text("[logdoctor.rules]\nx = gone_package\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    assert packs.installed().problems == (
        "the rule pack 'x' of rules cannot be used: its package 'gone_package' is not installed",
    )
