"""Run the commands of docs/new.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.packages import ROOT
from support.pages import HashNames, assert_page_shows, environment_with_curated


def test_commands_print_what_the_page_shows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "work").mkdir()
    assert_page_shows(
        ROOT / "docs/new.md",
        tmp_path / "work",
        environment_with_curated(tmp_path / "bin"),
        HashNames(),
        update=pytestconfig.getoption("update_expected"),
    )
