"""The linter of workflows."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The locked versions; those on PATH may be others.
SCRIPTS = Path(sysconfig.get_path("scripts"))


def actionlint(*paths: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run actionlint on workflows."""
    command = [
        SCRIPTS / "actionlint",
        "-no-color",
        "-shellcheck",
        SCRIPTS / "shellcheck",
        "-pyflakes",
        "",
        *paths,
    ]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
