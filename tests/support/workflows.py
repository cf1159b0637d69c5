"""The linter of workflows, as the lock installed it."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Where the lock put them: what else is on PATH is some other version.
SCRIPTS = Path(sysconfig.get_path("scripts"))


def actionlint(*paths: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
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
