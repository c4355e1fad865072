"""What a user can choose, apart from the rooms that do it, so that a command line is read without them."""

from __future__ import annotations

import enum


class Syntax(str, enum.Enum):
    """Where a fix is pasted."""

    shell = "shell"
    docker = "docker"
    compose = "compose"
    k8s = "k8s"
    helm_values = "helm-values"
    ray = "ray"
    slurm = "slurm"
    systemd = "systemd"
    python = "python"


class Hide(str, enum.Enum):
    """What is given pseudonyms by choice, besides what is always masked."""

    hosts = "hosts"
    """Host names, IP and hardware addresses."""
    models = "models"
    """Names of models."""
