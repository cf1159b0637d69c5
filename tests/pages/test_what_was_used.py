"""Run the commands of docs/what-was-used.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.packages import EDITED, ROOT, tagged_demo
from support.pages import HashNames, assert_page_shows, environment_with_curated
from support.processed import Applied, applied, isr_keywords, write_image
from support.raw_images import write_raw

TYPES = ("defects", "crosstalk", "ptc", "transmission_filter", "transmission_optics")


def write_processed(path: Path) -> None:
    """Write an image that was made with the release v1, and with a bias of a pipeline."""
    runs = {"defects": "20240301T000000", "crosstalk": "20200101T000000"}
    uses = [
        applied(name, name, f"Demo/calib/v1/curated/{date}Z", instrument="Demo")
        for name, date in runs.items()
    ]
    bias = Applied("bias", "bias", "0f0e0d0c-0b0a-4908-8706-050403020100", "u/somebody/bias")
    raw = {
        "INSTRUME": "Demo",
        "DETECTOR": 0,
        "FILTER": "r",
        "DATE-BEG": "2024-06-01T03:00:37",
        "TIMESYS": "TAI",
    }
    write_image(path, isr_keywords(*uses, bias), raw)


def test_commands_print_what_the_page_shows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    pytest.importorskip("matplotlib")
    package = tagged_demo(tmp_path / "package", TYPES)
    text = (package.path / EDITED).read_text()
    package.commit({EDITED: text.replace("not measured", "not measured at all")}, "Correct the source")
    (package.path / ".git/info/exclude").write_text("/raw/\n/used/\n/processed/\n/gain.svg\n")
    (package.path / "raw").mkdir()
    write_raw(package.path / "raw/exposure.fits", INSTRUME="Demo", DATE_END="2024-03-01T00:00:05")
    write_processed(package.path / "processed/visit.fits")
    (tmp_path / "bin").mkdir()
    environment = environment_with_curated(tmp_path / "bin")
    # Commits of the page have fixed names.
    environment |= dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2024-07-01T00:00:00Z")
    update = pytestconfig.getoption("update_expected")
    assert_page_shows(ROOT / "docs/what-was-used.md", package.path, environment, HashNames(), update=update)
    assert (package.path / "gain.svg").read_bytes().startswith(b"<?xml")
