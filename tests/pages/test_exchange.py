"""Run the commands of docs/exchange.md."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData, StdDevUncertainty

from support.packages import ROOT
from support.pages import assert_page_shows, environment_with_curated

PAGE = ROOT / "docs/exchange.md"


def test_commands_print_what_the_page_shows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    pytest.importorskip("regions")
    package = tmp_path / "package"
    for part in ("defects", "bias"):
        shutil.copytree(ROOT / "calibs/demo" / part, package / "calibs/demo" / part)
    shutil.copy(ROOT / "calibs/demo/instrument.yaml", package / "calibs/demo")
    shutil.copy(ROOT / "curated.yaml", package)
    block = PAGE.read_text().partition("    $ cat bad.reg\n")[2].partition("    $ ")[0]
    (package / "bad.reg").write_text(re.sub(r"^    ", "", block, flags=re.MULTILINE))
    mask = np.zeros((1024, 1024), "i2")
    mask[300:340, 12], mask[500, 100], mask[510, 100] = 1, 2, 8
    fits.writeto(package / "mask.fits", mask)
    pixels = (np.arange(64 * 32, dtype="f4").reshape(32, 64) % 7) / 4
    bias = CCDData(pixels, unit="adu", mask=pixels > 1.4, uncertainty=StdDevUncertainty(pixels * 0 + 2))
    bias.header["OBSERVER"], bias.header["EXPTIME"] = "Ada Astronomer", 0.0
    bias.write(package / "master_bias.fits")
    (tmp_path / "bin").mkdir()
    update = pytestconfig.getoption("update_expected")
    environment = environment_with_curated(tmp_path / "bin")
    assert_page_shows(PAGE, package, environment, str, update=update)
