"""The calibration that a command is about; its output is in tests/data/edits."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from curated.cli.author.epochs import file_at, files_at, in_force
from curated.cli.context import Settings
from curated.core.diagnostic import CuratedError
from curated.package.package import open_package
from support.editing import copy_package


def test_files_at_paths(tmp_path: Path) -> None:
    package = open_package(copy_package(tmp_path / "package"))
    bias = "calibs/demo/bias/g00/20200101T000000"
    assert [f.path for f in files_at(package, f"{bias}.fits")] == [f"{bias}.yaml"]
    notes = "calibs/demo/manual_defects/d01/20220301T000000"
    assert [f.path for f in files_at(package, f"{notes}.inputs.yaml")] == [f"{notes}.ecsv"]
    assert len(files_at(package, "calibs/demo/defects/d00")) == 3
    with pytest.raises(CuratedError, match=r"no calibration at calibs/demo/instrument\.yaml"):
        files_at(package, "calibs/demo/instrument.yaml")
    settings = Settings(str(package.root), False, False)
    assert file_at(settings, package, str(package.root / f"{bias}.fits")).path == f"{bias}.yaml"
    with pytest.raises(CuratedError, match="has 3 calibrations"):
        file_at(settings, package, str(package.root / "calibs/demo/defects/d00"))


def test_what_is_in_force(tmp_path: Path) -> None:
    package = open_package(copy_package(tmp_path / "package"))
    names = "Demo", "defects"
    file = in_force(package, names, "0", "", datetime(2023, 6, 1))
    assert file.path == "calibs/demo/defects/d00/20230510T000000.ecsv"
    with pytest.raises(CuratedError, match="nothing of demo/defects/d02 is in force"):
        in_force(package, names, "d02", "", datetime(2021, 8, 1))
    with pytest.raises(CuratedError, match="has no type 'dark'"):
        in_force(package, ("demo", "dark"), "g00", "", datetime(2021, 8, 1))
