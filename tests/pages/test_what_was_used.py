"""Run the commands of docs/what-was-used.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.packages import EDITED, ROOT, tagged_demo
from support.pages import HashNames, assert_page_shows, environment_with_curated
from support.raw_images import write_raw

TYPES = ("defects", "crosstalk", "ptc", "transmission_filter", "transmission_optics")


def test_commands_print_what_the_page_shows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    pytest.importorskip("matplotlib")
    package = tagged_demo(tmp_path / "package", TYPES)
    text = (package.path / EDITED).read_text()
    package.commit({EDITED: text.replace("not measured", "not measured at all")}, "Correct the source")
    (package.path / ".git/info/exclude").write_text("/raw/\n/used/\n/gain.svg\n")
    (package.path / "raw").mkdir()
    write_raw(package.path / "raw/exposure.fits", INSTRUME="Demo", DATE_END="2024-03-01T00:00:05")
    (tmp_path / "bin").mkdir()
    environment = environment_with_curated(tmp_path / "bin")
    update = pytestconfig.getoption("update_expected")
    assert_page_shows(ROOT / "docs/what-was-used.md", package.path, environment, HashNames(), update=update)
    assert (package.path / "gain.svg").read_bytes().startswith(b"<?xml")
