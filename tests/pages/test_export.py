"""Run the commands of docs/export.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.exports import PipelineRepository, write_compressed_bias
from support.packages import ROOT
from support.pages import assert_page_shows, environment_with_curated
from support.repositories import write_defects

pytest.importorskip("lsst.daf.butler")


def test_commands_print_what_the_page_shows(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    lab = PipelineRepository(tmp_path / "main")
    image = np.arange(12, dtype="f4").reshape(3, 4)
    lab.add(
        "2024-03-01T12:00:00",
        kind="bias",
        path=write_compressed_bias(lab.files / "bias.fits", image, image.astype("i4")),
    )
    for begin, end in (
        ("2024-03-01T12:00:00", "2025-01-01"),
        ("2025-01-01", "2025-06-30"),
        ("2025-08-01", None),
    ):
        lab.add(begin, end)
    odd = lab.files / "odd.fits"
    write_defects(odd, 0, 1)
    lab.add("2025-01-01", kind="qe_curve", path=odd)
    (tmp_path / "bin").mkdir()
    assert_page_shows(
        ROOT / "docs/export.md",
        tmp_path,
        environment_with_curated(tmp_path / "bin"),
        str,
        update=pytestconfig.getoption("update_expected"),
        names={f"{tmp_path}/": ""},
        until="\n## Which dates",
    )
