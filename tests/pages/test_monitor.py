"""Run the commands of docs/monitor.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from curated.monitoring.metric import date_of
from support.packages import ROOT
from support.pages import assert_page_shows, environment_with_curated


def table() -> str:
    """Read noise of 64 amplifiers in 90 nights: one has a bad night, and one moves."""
    random = np.random.default_rng(25)
    levels = random.normal(5.3, 0.2, 64)
    values = levels + random.normal(0.0, 0.08, (90, 64))
    values[50, 2 * 16 + 7] += 1.5
    values[40:, 1 * 16 + 3] += 0.16
    rows = ["time,detector,amplifier,exposure,value,error,unit"]
    for (night, number), value in np.ndenumerate(values):
        place = f"d{number // 16:02d},C{number % 16:02d},bias_{night + 1:03d}"
        rows.append(f"{date_of(60311 + night)}T03:00:00,{place},{value:.4f},0.02,electron")
    return "\n".join(rows) + "\n"


def test_commands_print_what_the_page_shows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    package = tmp_path / "package"
    shutil.copytree(ROOT / "calibs/demo/bias", package / "calibs/demo/bias")
    shutil.copy(ROOT / "calibs/demo/instrument.yaml", package / "calibs/demo")
    shutil.copy(ROOT / "curated.yaml", package)
    (package / "tonight.csv").write_text(table())
    (tmp_path / "bin").mkdir()
    update = pytestconfig.getoption("update_expected")
    environment = environment_with_curated(tmp_path / "bin")
    assert_page_shows(ROOT / "docs/monitor.md", package, environment, str, update=update)
