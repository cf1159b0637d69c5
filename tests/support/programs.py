"""Run programs in separate processes: `curated`, and Python code."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.preloaded import STOCK, shared_programs

# Python reads them before any program does.
_VARIABLES_OF_THE_START = ("PYTHON", "LC_", "LANG", "TZ", "OMP_", "OPENBLAS_", "MKL_")

PEAK = """
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
"""
"""Python code of a function that returns the most memory that the program has had, in kilobytes.

The `resource` module would count the memory of the process that started it.
"""

# From linux/prctl.h and linux/capability.h.
_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2


def curated_command(*arguments: str | os.PathLike[str]) -> list[str]:
    """Return the command line that runs ``curated`` of this source tree."""
    return [sys.executable, "-m", "curated", *map(os.fspath, arguments)]


def python_command(code: str, *arguments: str | os.PathLike[str]) -> list[str]:
    """Return the command line that runs Python code without showing warnings."""
    return [sys.executable, "-W", "ignore", "-c", code, *map(os.fspath, arguments)]


def run_command(
    command: Sequence[str], cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command without input, and return its exit status and output."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    )


def run_curated(
    *arguments: str | os.PathLike[str], cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``curated`` with additional environment variables, in a process of its own.

    It is forked from one that has imported `curated` and Butler, unless a variable is for the start of Python; what
    tests the start itself runs `curated_command`.
    """
    if any(name.startswith(_VARIABLES_OF_THE_START) for name in environment):
        return run_command(curated_command(*arguments), cwd, os.environ | environment)
    return shared_programs().run("curated", *arguments, cwd=cwd, environment=os.environ | environment)


def printed_json(process: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the JSON that a command with ``--format json`` printed."""
    value: dict[str, Any] = json.loads(process.stdout)
    assert value["version"] == 1
    assert value["format"].startswith("curated-")
    return value


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program."""
    return run_command(python_command(code, *arguments))


def run_with_butler(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program in a process that has imported Butler, but not curated."""
    programs = shared_programs(STOCK)
    return programs.run("python", code, *arguments, environment=os.environ | {"PYTHONWARNINGS": "ignore"})


def without_override() -> None:
    """Let file permissions apply to root as well; for a process that is about to start a program.

    Running the program as another user would not work where only root can read its Python.
    """
    if os.geteuid() == 0:
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            assert ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0


def check_without_override(root: Path, *options: str) -> list[dict[str, Any]]:
    """Return the findings of a check for which file permissions apply."""
    command = curated_command("-C", root, "check", "--format", "json", *options)
    process = subprocess.run(
        command, preexec_fn=without_override, capture_output=True, text=True, check=False
    )
    assert (process.returncode in (0, 1), process.stderr) == (True, "")
    findings: list[dict[str, Any]] = json.loads(process.stdout)["findings"]
    return findings
