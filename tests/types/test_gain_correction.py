"""Gain corrections: images, and generated factors through all forms."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from astropy import units as u
from astropy.nddata import CCDData, InverseVariance, StdDevUncertainty, VarianceUncertainty
from hypothesis import given
from hypothesis import strategies as st

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.types.gain_correction import GainCorrection
from support.round_trips import MODERATE, TEXTS, Tree, assert_comes_back, vectors
from support.texts import examples

HALVES = DetectorGeometry(
    name="d00",
    id=0,
    width=6,
    height=4,
    amplifiers=(Amplifier("C00", Box(0, 0, 3, 4)), Amplifier("C01", Box(3, 0, 3, 4))),
)


def gains(**more: float) -> GainCorrection:
    values = {"C00": 1.01, "C01": 0.98, **more}
    return GainCorrection.fromDict({"ampNames": list(values), "gainAdjustments": list(values.values())})


@pytest.mark.parametrize("dtype", ["f4", ">f4", "f8", "u2"])
def test_gains_scale_their_amplifiers(dtype: str) -> None:
    image = np.arange(24).reshape(4, 6).astype(dtype)
    original = image.copy()
    corrected = gains(C99=1.1).apply(image, detector=HALVES)
    expected = np.concatenate([image[:, :3] * 1.01, image[:, 3:] * 0.98], axis=1)
    np.testing.assert_allclose(corrected, expected, rtol=1e-6)
    assert corrected.dtype == ("f8" if dtype == "u2" else "f4" if "f4" in dtype else "f8")
    np.testing.assert_array_equal(image, original)
    back = gains().apply(corrected, detector=HALVES, invert=True)
    np.testing.assert_allclose(back, image, rtol=1e-6)


@pytest.mark.parametrize("kind", [StdDevUncertainty, VarianceUncertainty, InverseVariance])
def test_gains_scale_ccddata_with_its_uncertainty(kind: type) -> None:
    image = np.full((4, 6), 100.0)
    sigma = StdDevUncertainty(np.full((4, 6), 5.0)).represent_as(kind)
    ccd = CCDData(image, unit="electron", uncertainty=sigma, header={"OBJECT": "flat"})
    corrected = gains().apply(ccd, detector=HALVES)
    expected = np.array([1.01] * 3 + [0.98] * 3)
    np.testing.assert_allclose(corrected.data[0], 100 * expected)
    np.testing.assert_allclose(corrected.uncertainty.represent_as(StdDevUncertainty).array[1], 5 * expected)
    assert (corrected.unit, corrected.header["OBJECT"]) == (u.electron, "flat")
    assert ccd.data[0, 0] == 100
    assert ccd.uncertainty.represent_as(StdDevUncertainty).array[0, 0] == pytest.approx(5)


def test_gains_that_do_not_fit_the_detector() -> None:
    image = np.zeros((4, 6))
    incomplete = GainCorrection.fromDict({"ampNames": ["C01"], "gainAdjustments": [1.0]})
    with pytest.raises(CuratedError, match="amplifier C00 has no gain adjustment"):
        incomplete.apply(image, detector=HALVES)
    with pytest.raises(CuratedError, match="the image has 6 x 5 pixels, detector d00 6 x 4"):
        gains().apply(np.zeros((5, 6)), detector=HALVES)
    with pytest.raises(CuratedError, match="the detector has no gain adjustment"):
        gains().apply(image, detector=dataclasses.replace(HALVES, amplifiers=()))
    with pytest.raises(CuratedError, match="is no image"):
        gains().apply(np.zeros(3), detector=HALVES)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    amplifiers = draw(st.lists(TEXTS, max_size=4, unique=True))
    return {"ampNames": amplifiers, "gainAdjustments": draw(vectors(MODERATE, len(amplifiers)))}


@examples(60)
@given(tree=trees(), source=TEXTS)
def test_round_trips(tree: Tree, source: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    metadata = {"INSTRUME": "Lab", "OBSTYPE": GainCorrection.SPEC.obstype, "SOURCE": source}
    calib = GainCorrection.fromDict({**tree, "metadata": metadata})
    assert_comes_back(calib, tmp_path_factory.getbasetemp())
