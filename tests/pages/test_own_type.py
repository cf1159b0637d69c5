"""Run the commands of docs/own-type.md, in a virtual environment of their own."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from support.packages import ROOT
from support.pages import assert_page_shows


def environment_with_pip(directory: Path) -> dict[str, str]:
    """Return an environment with a Python that has all that this one has, and into which pip may install."""
    venv.create(directory, with_pip=False)
    (packages,) = directory.glob("lib/python*/site-packages")
    paths = [*site.getsitepackages(), str(ROOT / "src"), *sys.path]
    (packages / "inherited.pth").write_text("\n".join(path for path in paths if path) + "\n")
    for name in ("pip", "curated"):
        script = directory / "bin" / name
        script.write_text(f'#!/bin/sh\nexec "{directory}/bin/python" -m {name} "$@"\n')
        script.chmod(0o755)
    variables = {"PATH": f"{directory}/bin:{os.environ['PATH']}", "PYTHONWARNINGS": "ignore"}
    return os.environ | variables | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}


def test_commands_print_what_the_page_shows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    environment = environment_with_pip(tmp_path / "environment")
    work = tmp_path / "work"
    work.mkdir()
    update = pytestconfig.getoption("update_expected")
    assert_page_shows(
        ROOT / "docs/own-type.md", work, environment, str, update=update, names={str(work): "work"}
    )
    done = subprocess.run(
        [sys.executable, "-m", "curated", "types"], capture_output=True, text=True, check=True
    )
    assert "persistence " not in done.stdout
