"""Time scales in the headers of ECSV tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from curated.core.diagnostic import CuratedError
from support.exposures import NS, TIME, MakeTable, read


def test_times_that_astropy_wrote(table: MakeTable, tmp_path: Path) -> None:
    from astropy.table import Table
    from astropy.time import Time

    for scale in ("utc", "tai"):
        data = Table({"time": Time([TIME], scale="utc", format="isot"), "band": ["g"]})
        data["time"] = getattr(data["time"], scale)
        data.write(tmp_path / "t.ecsv", overwrite=True)
        ((_, time, _, _, name, _),), _ = read(tmp_path / "t.ecsv")
        assert (time, name) == (NS, "g")
    data["time"] = data["time"].tdb
    data.write(tmp_path / "t.ecsv", overwrite=True)
    with pytest.raises(CuratedError, match="have the scale tdb"):
        read(tmp_path / "t.ecsv")
