"""A provenance record beside a list of defects, and what becomes of both in FITS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from astropy.io import fits

from curated.calib import Calib
from curated.registry import get_type
from support.packages import defects_text

START = "20200101T000000"
RECORD: dict[str, Any] = {
    "inputs": [
        {
            "data_id": {"detector": 0, "exposure": 2019121000100 + i, "instrument": "Lab"},
            "date": f"2019-12-10T18:{i:02d}:00",
            "exposure_time": 30.0,
            "scale": 1.0 + i / 8,
            "weight": 0.5,
        }
        for i in range(3)
    ],
    "construction": {
        "task": "lsst.cp.pipe.MeasureDefectsCombined",
        "parameters": {"nSigma": [4.5, None], "edges": True},
        "software": {"cp_pipe": "w_2024_01"},
    },
    "edits": [{"name": "Zoë Åström 天文", "date": "2020-01-02", "what": "Masked column 5: 3 hot pixels"}],
}


def defects_with(record: dict[str, Any], directory: Path, meta: dict[str, Any] | None = None) -> Calib:
    """Write a list of defects and a record beside it, and read them."""
    path = directory / f"{START}.ecsv"
    path.write_text(defects_text(meta))
    (directory / f"{START}.inputs.yaml").write_text(yaml.safe_dump(record, allow_unicode=True))
    return get_type("defects").readText(path)


def through_fits(calib: Calib, directory: Path) -> tuple[Calib, list[fits.Header]]:
    """Write a FITS file; what is read from it, and its headers."""
    calib.writeFits(directory / "a.fits")
    with fits.open(directory / "a.fits", checksum=True) as hdus:
        hdus.verify("exception")
        headers = [hdu.header.copy() for hdu in hdus]
    return type(calib).readFits(directory / "a.fits"), headers
