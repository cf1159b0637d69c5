"""Run the commands of docs/operate.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conftest import AUTHOR, EMAIL, GitPackage
from support.packages import ROOT
from support.pages import assert_page_shows, environment_with_curated

pytest.importorskip("lsst.daf.butler")

PAGE = ROOT / "docs/operate.md"


@pytest.mark.slow
def test_commands_print_what_the_page_shows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    package = GitPackage(tmp_path / "package")
    shutil.copytree(ROOT / "calibs", package.path / "calibs")
    shutil.copy(ROOT / "curated.yaml", package.path)
    package.git("init", "--quiet")
    for key, value in (("user.name", AUTHOR), ("user.email", EMAIL)):
        package.git("config", key, value)
    package.commit(message="Add calibrations")
    # The page writes into the work tree, which in an observatory would be other directories.
    (package.path / ".git/info/exclude").write_text("/bundles/\n/main/\n/site-b/\n/exported/\n/findings\n")
    (tmp_path / "bin").mkdir()
    environment = environment_with_curated(tmp_path / "bin")
    update = pytestconfig.getoption("update_expected")
    names = {str(package.path): "package"}
    assert_page_shows(PAGE, package.path, environment, str, update=update, names=names)
