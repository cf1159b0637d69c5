"""``curated completion``: scripts, and what they complete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from curated.cli.main import COMMANDS
from support.programs import run_curated


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, tmp_path: Path) -> None:
    done = run_curated("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    script = tmp_path / "script"
    script.write_text(done.stdout)
    program = shutil.which(shell)
    if program is not None:
        subprocess.run([program, "-n", script], check=True)


def complete(words: str, tmp_path: Path) -> list[str]:
    """What bash offers for the last of the words, by the script and the installed command."""
    bin_directory = tmp_path / "bin"
    bin_directory.mkdir(exist_ok=True)
    command = bin_directory / "curated"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m curated "$@"\n')
    command.chmod(0o755)
    listed = words.split(" ")
    script = (
        f'eval "$(curated completion bash)"\nCOMP_WORDS=({" ".join(listed)!s} {chr(34) * 2 if not listed[-1] else ""})\n'
        f"COMP_CWORD={len(listed) - 1}\n_curated_completion curated {listed[-1] or chr(34) * 2}\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env={**os.environ, "PATH": f"{bin_directory}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_completion_completes(tmp_path: Path) -> None:
    assert complete("curated ch", tmp_path) == ["check"]
    assert set(complete("curated ", tmp_path)) == set(COMMANDS)
    assert complete("curated schema w", tmp_path) == ["write"]
    assert "--no-cache" in complete("curated check --n", tmp_path)
    assert complete("curated check --format g", tmp_path) == ["github"]
