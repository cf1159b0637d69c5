"""Run the commands of docs/migrate.md."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from support.packages import ROOT
from support.pages import assert_page_shows, environment_with_curated
from support.sources import write_index, write_mask, write_region_table, write_small_registry


def test_commands_print_what_the_page_shows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    write_small_registry(tmp_path / "CALIB")
    rows = [
        {"CAL_FILE": "b1.fits", "CAL_VSD": "2010-01-01"},
        {"CAL_FILE": "b2.fits", "CAL_VSD": "2011-01-01", "CAL_QUAL": 5},
        {"CAL_FILE": "b3.fits", "CAL_VSD": "2012-06-01"},
        {"CAL_FILE": "b4.fits", "CAL_CNAM": "SPECRESP"},
    ]
    for number in range(1, 5):
        path = tmp_path / f"caldb/data/tinysat/cam/bcf/badpix/b{number}.fits"
        write_region_table(path, (number, 2, 3, 1))
    write_index(tmp_path / "caldb", rows)
    values = {f"{name}{amplifier}": 1.1 for name in ("GAIN", "READNOISE") for amplifier in "ABCD"}
    version = {"AMPLIFIERS": "ABCD", "DETECTOR": "sn22797", "BROKENFIBERS": "17,203", **values}
    versions = {}
    for number, (first, last) in enumerate([("20191113", "20200101"), ("20200102", "none")]):
        mask = f"ccd/mask-b1-{number}.fits"
        write_mask(tmp_path / "desi" / mask, (number, 3))
        dates = {"DATE-OBS-BEGIN": first, "DATE-OBS-END": last}
        versions[f"V{number}"] = {**version, **dates, "MASK": mask}
    (tmp_path / "desi/spec/sm1").mkdir(parents=True)
    (tmp_path / "desi/spec/sm1/sm1-b.yaml").write_text(yaml.safe_dump({"b1": versions}))
    (tmp_path / "bin").mkdir()
    assert_page_shows(
        ROOT / "docs/migrate.md",
        tmp_path,
        environment_with_curated(tmp_path / "bin"),
        str,
        update=pytestconfig.getoption("update_expected"),
        names={f"{tmp_path}/": ""},
    )
