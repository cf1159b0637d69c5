"""The oldest supported release of Butler, laid over the packages of this environment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements" / "oldest-butler.txt"
OFFLINE = "CURATED_TEST_OFFLINE"


@cache
def oldest_butler() -> Path:
    """Return a directory with the oldest supported Butler, for PYTHONPATH; it stays in ``build/`` for the next tests."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    directory = ROOT / "build" / "oldest-butler" / key
    if directory.is_dir():
        return directory
    if os.environ.get(OFFLINE):
        pytest.skip(
            f"{OFFLINE} is set, and the oldest supported Butler has never been installed in {directory}"
        )
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as temporary:
        staging = Path(temporary) / "packages"
        install(staging)
        try:
            staging.rename(directory)
        except OSError:
            # Another process of the tests was faster.
            if not directory.is_dir():
                raise
    for other in directory.parent.iterdir():
        # Of an older list, or of tests that were killed a day ago; those of other processes at work stay.
        if other != directory and other.stat().st_mtime < directory.stat().st_mtime - 86400:
            shutil.rmtree(other, ignore_errors=True)
    return directory


def install(directory: Path, *options: str) -> None:
    """Install the locked packages into a directory; a failure says what is needed."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options]
    command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(REQUIREMENTS)]
    command += ["--target", str(directory)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode:
        pytest.fail(
            f"the oldest supported Butler cannot be installed; without a network, set {OFFLINE}=1 to skip its "
            f"tests:\n{process.stderr}",
            pytrace=False,
        )
