"""Calibrations of images of astropy, and back."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.nddata import CCDData, StdDevUncertainty

from curated.core.diagnostic import CuratedError
from curated.types.bias import Bias
from curated.types.dark import Dark
from curated.types.flat import Flat

DATA = np.arange(12.0).reshape(3, 4)


def test_a_bias_and_back() -> None:
    uncertainty = StdDevUncertainty(np.full(DATA.shape, 2.0))
    ccd = CCDData(
        DATA, unit="adu", mask=DATA > 10, uncertainty=uncertainty, meta={"OBSERVER": "Me", "INSTRUME": "X"}
    )
    bias = Bias.from_ccddata(ccd, metadata={"INSTRUME": "Cam"})
    assert (bias.unit, bias.bad_pixels, bias.mean) == ("adu", 1, 5.0)
    assert (bias.metadata["OBSERVER"], bias.metadata["INSTRUME"]) == ("Me", "Cam")
    again = bias.to_ccddata()
    assert np.array_equal(again.data, DATA)
    assert np.array_equal(again.mask, ccd.mask)
    assert np.array_equal(again.uncertainty.array, uncertainty.array**2)
    assert (str(again.unit), again.header["INSTRUME"]) == ("adu", "Cam")
    assert Bias.from_ccddata(again, metadata={"INSTRUME": "Cam"}).image.tolist() == bias.image.tolist()


def test_units_are_those_of_the_type() -> None:
    assert Bias.from_ccddata(CCDData(DATA, unit="kadu")).mean == 5500.0
    assert Flat.from_ccddata(CCDData(DATA + 1, unit=u.dimensionless_unscaled)).unit == ""
    with pytest.raises(CuratedError, match="not in m"):
        Bias.from_ccddata(CCDData(DATA, unit="m"))
    with pytest.raises(CuratedError, match="not in electron"):
        Bias.from_ccddata(CCDData(DATA, unit="electron"), unit="adu")


def test_the_time_of_a_dark() -> None:
    dark = CCDData(DATA, unit="adu", meta={"EXPTIME": 300.0})
    assert Dark.from_ccddata(dark).dark_time == 300
    assert Dark.from_ccddata(dark, dark_time=10.0).dark_time == 10
    assert Dark.from_ccddata(CCDData(DATA, unit="adu / s", meta={"EXPTIME": 300.0})).dark_time == 1
    with pytest.raises(CuratedError, match="dark_time is missing"):
        Dark.from_ccddata(CCDData(DATA, unit="adu"))
