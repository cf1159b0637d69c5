"""Real repositories of the stack's own tests, which are not part of the project."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def stack_repository(name: str) -> Path:
    """Return a repository of the stack, which must not be changed; skip the test where there is none."""
    corpus = os.environ.get("CURATED_CORPUS")
    path = Path(corpus or "", "stack_repositories", name)
    if not corpus or not path.is_dir():
        pytest.skip(
            "needs repositories of the stack: set CURATED_CORPUS to a directory that holds stack_repositories/"
        )
    return path


def copy_stack_repository(name: str, target: Path) -> Path:
    """Return a copy of a repository of the stack that can be changed; skip the test where there is none."""
    shutil.copytree(stack_repository(name), target)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return target
