"""For Python: ``os.environ`` before the first import of torch, ray or vllm; keyword arguments of ``vllm.LLM``."""

from __future__ import annotations

from collections.abc import Iterator

from logdoctor.fixes.change import Block, Change
from logdoctor.fixes.shell import commands


def blocks(change: Change) -> Iterator[Block]:
    """Assignments, and arguments."""
    lines = [f"os.environ[{name!r}] = {value!r}" for name, value in change.settings()]
    lines += [f"os.environ.pop({name!r}, None)" for name in change.unset()]
    computed = [
        f"os.environ[{name!r}] = subprocess.check_output(['sh', '-c', {script!r}], text=True)"
        for name, value in change.computed()
        for script in [f'printf %s "{value}"']
    ]
    if lines or computed:
        imports = ["import os", *(["import subprocess"] if computed else [])]
        text = "\n".join([*imports, "", *lines, *computed])
        yield Block("before torch, ray or vllm is imported, in every process", "python", text)
    served = [option for option in change.options if option.command == "vllm serve" and not option.drop]
    if served:
        arguments = ", ".join(f"{_name(option.name)}={_value(option.value)}" for option in served)
        yield Block("vLLM in a program", "python", f"llm = LLM(..., {arguments})")
    if options := "\n".join(commands(change)):
        yield Block("on a command line", "sh", options)


def _name(option: str) -> str:
    return option.lstrip("-").replace("-", "_")


def _value(text: str) -> str:
    if not text:
        return "True"
    return text if text.replace(".", "", 1).isdigit() else repr(text)
