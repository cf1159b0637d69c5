"""Images of astropy."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.nddata import (
    CCDData,
    InverseVariance,
    StdDevUncertainty,
    UnknownUncertainty,
    VarianceUncertainty,
)

from curated.core.diagnostic import CuratedError
from curated.image.ccddata import ccddata_of, planes_of_ccddata, variance_of

DATA = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("kind", "values"), [(StdDevUncertainty, 2.0), (VarianceUncertainty, 4.0), (InverseVariance, 0.25)]
)
def test_uncertainties_are_variances(kind: type, values: float) -> None:
    ccd = CCDData(DATA, unit="adu", uncertainty=kind(np.full(DATA.shape, values)), mask=DATA > 4)
    planes = planes_of_ccddata(ccd)
    assert planes.variance is not None
    assert planes.mask is not None
    assert (planes.variance.tolist(), planes.unit) == ([[4.0] * 3] * 2, "adu")
    assert planes.mask.tolist() == [[0, 0, 0], [0, 0, 1]]
    again = planes_of_ccddata(ccddata_of(DATA, planes.mask, planes.variance, "adu", {"A": 1}))
    assert np.array_equal(again.variance, planes.variance)  # type: ignore[arg-type]
    assert dict(again.header) == {"A": 1}


def test_an_inverse_variance_of_zero_says_nothing() -> None:
    assert np.isnan(variance_of([0.0], "ivar")).all()


def test_what_has_no_variance() -> None:
    unknown = CCDData(DATA, unit="adu", uncertainty=UnknownUncertainty(DATA))
    for image in (unknown, DATA):
        with pytest.raises(CuratedError):
            planes_of_ccddata(image)
