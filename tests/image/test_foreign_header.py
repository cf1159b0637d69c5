"""Keywords of images of other programs."""

from __future__ import annotations

import numpy as np
from astropy.io import fits

from curated.image.foreign_header import identity_claims, kept_keywords


def test_what_is_kept() -> None:
    header = fits.Header()
    cards = {
        "SIMPLE": True,
        "NAXIS1": 3,
        "BSCALE": 1.0,
        "BUNIT": "adu",
        "OBSERVER": "Me",
        "EXPTIME": 3.5,
        "N": np.int64(4),
    }
    cards |= {
        "INSTRUME": "Cam",
        "detectorName": "d1",
        "FILTER": "r",
        "OBSTYPE": "bias",
        "CALIBDATE": "2020-01-01",
    }
    cards |= {"REPOSHA1": "f" * 40, "MP_BAD": 0, "DATE": "2020-01-01", "AIRMASS": 1.5, "A LONG NAME": "x"}
    for key, value in cards.items():
        header[f"HIERARCH {key}" if len(key) > 8 else key] = value
    header["HISTORY"] = "combined"
    header["HISTORY"] = "trimmed"
    kept = kept_keywords(header, ["AIRMASS"])
    assert kept == {
        "OBSERVER": "Me",
        "EXPTIME": 3.5,
        "N": 4,
        "DATE": "2020-01-01",
        "A LONG NAME": "x",
        "HISTORY": ["combined", "trimmed"],
    }
    assert identity_claims(header) == {"INSTRUME": "Cam", "DET_NAME": "d1", "FILTER": "r", "OBSTYPE": "bias"}


def test_values_that_no_header_holds_are_left_out() -> None:
    assert kept_keywords({"A": float("nan"), "B": [1], "C": "a\nb", "D": 2**70, "SOURCE": 3}) == {}
