"""Files of a registry's entries, by template and by their paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from curated.migration.registry_files import RegistryFiles, fill_template
from curated.migration.tree import open_source


def test_templates() -> None:
    values = {"ccd": 7, "filter": "HSC-R", "calibDate": "2014-01-01", "odd": None}
    assert (
        fill_template("F/%(calibDate)s/%(filter)s-%(ccd)03d_%(ccd)d%%.fits", values)
        == "F/2014-01-01/HSC-R-007_7%.fits"
    )
    assert fill_template("%(ccd)3d", values) == "  7"
    for template in ("%(other)s", "%(filter)d", "%s", "%(ccd)f", "%(ccd)0999d"):
        with pytest.raises(CuratedError):
            fill_template(template, values)


def test_paths(tmp_path: Path) -> None:
    for name in (
        "BIAS/2014-01-01/NONE/BIAS-2014-01-01-007.fits",
        "BIAS/2014-01-01/NONE/BIAS-2014-01-01-107.fits",
        "FLAT/2014-01-01/HSC-R/FLAT-2014-01-01-HSC-R-007.fits",
        "FLAT/2014-01-01/HSC-R2/FLAT-2014-01-01-HSC-R2-007.fits",
        "defects/20140101/defects-R22-S11-det094_2014-01-01.ecsv",
        "defects/20140101/notes-007.md",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    files = RegistryFiles(open_source(tmp_path))

    def names(*words: object) -> list[str]:
        return [path.rpartition("/")[2] for path in files.find(*words)]  # type: ignore[arg-type]

    assert names("bias", "2014-01-01", 7, "") == ["BIAS-2014-01-01-007.fits"]
    assert names("flat", "2014-01-01", 7, "HSC-R") == ["FLAT-2014-01-01-HSC-R-007.fits"]
    assert names("defects", "2014-01-01", 94, "") == ["defects-R22-S11-det094_2014-01-01.ecsv"]
    assert names("defects", "2014-01-01", 11, "") == []
    assert names("dark", "2014-01-01", 7, "") == []
