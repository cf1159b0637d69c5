"""Run the commands of docs/merge.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conftest import AUTHOR, EMAIL, GitPackage
from support.packages import ROOT
from support.pages import assert_page_shows, environment_with_curated


def test_commands_print_what_the_page_shows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    package = GitPackage(tmp_path / "package")
    for part in ("defects", "gains"):
        shutil.copytree(ROOT / "calibs/demo" / part, package.path / "calibs/demo" / part)
    shutil.copy(ROOT / "calibs/demo/instrument.yaml", package.path / "calibs/demo")
    shutil.copy(ROOT / "curated.yaml", package.path)
    package.git("init", "--quiet")
    for key, value in (("user.name", AUTHOR), ("user.email", EMAIL)):
        package.git("config", key, value)
    package.commit(message="Add calibrations")
    (tmp_path / "bin").mkdir()
    update = pytestconfig.getoption("update_expected")
    environment = environment_with_curated(tmp_path / "bin")
    assert_page_shows(ROOT / "docs/merge.md", package.path, environment, str, update=update)
