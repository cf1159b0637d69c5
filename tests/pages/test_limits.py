"""Run the commands of docs/limits.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conftest import GitPackage
from support.packages import ROOT
from support.pages import HashNames, assert_page_shows, environment_with_curated


def test_commands_print_what_the_page_shows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    package = GitPackage(tmp_path / "package")
    # Only the calibrations that the page shows.
    shutil.copytree(ROOT / "calibs/demo/defects", package.path / "calibs/demo/defects")
    shutil.copy(ROOT / "calibs/demo/instrument.yaml", package.path / "calibs/demo")
    package.write({"curated.yaml": "calibs: calibs\nlimits:\n  defects: {pixels_gained: 500}\n"})
    package.git("init", "--quiet")
    for key, value in (("user.name", "Ada Astronomer"), ("user.email", "ada@example.org")):
        package.git("config", key, value)
    package.commit(message="Add calibrations")
    (tmp_path / "bin").mkdir()
    update = pytestconfig.getoption("update_expected")
    assert_page_shows(
        ROOT / "docs/limits.md",
        package.path,
        environment_with_curated(tmp_path / "bin"),
        HashNames(),
        update=update,
    )
