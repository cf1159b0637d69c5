"""What the page on calibrations out of use shows is what happens."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

import pytest

import page_support
from conftest import GitPackage
from package_support import ROOT, run_here
from page_support import any_number, assert_shows

pytest.importorskip("lsst.daf.butler")

SILENT = " 2>/dev/null"
_run = page_support.run


def run(command: str, directory: Path, environment: dict[str, str]) -> str:
    """What a command prints; `curated` is run in this process, which has loaded Butler already."""
    program, *arguments = shlex.split(command.removesuffix(SILENT))
    if program != "curated":
        return _run(command, directory, environment)
    done = run_here(*arguments, cwd=directory)
    return (("" if command.endswith(SILENT) else done.stderr) + done.stdout).strip("\n")


def test_commands_print_what_the_page_shows(
    tmp_path: Path, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = GitPackage(tmp_path / "package")
    # Fewer than the demonstration has, since nothing on the page is of the others.
    shutil.copytree(ROOT / "calibs/demo/defects", package.path / "calibs/demo/defects")
    shutil.copy(ROOT / "calibs/demo/instrument.yaml", package.path / "calibs/demo")
    shutil.copy(ROOT / "curated.yaml", package.path)
    package.git("init", "--quiet")
    for key, value in (("user.name", "Ada Astronomer"), ("user.email", "ada@example.org")):
        package.git("config", key, value)
    package.commit(message="Add calibrations")
    monkeypatch.setattr(page_support, "run", run)
    update = pytestconfig.getoption("update_expected")
    assert_shows(ROOT / "docs/out-of-use.md", package.path, {**os.environ}, any_number, update=update)
