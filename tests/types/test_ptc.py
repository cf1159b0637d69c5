"""Photon transfer curves: images in electron, and generated curves through all forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.nddata import CCDData, InverseVariance, StdDevUncertainty, VarianceUncertainty
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.types.ptc import PhotonTransferCurve
from support.demo import demo_calib
from support.round_trips import (
    LOOSE_NUMBERS,
    NAMES,
    POSITIVE_OR_NAN,
    WHOLE,
    Tree,
    assert_comes_back,
    assert_keys_are_kept,
    keywords,
)
from support.texts import examples


@pytest.fixture
def ptc() -> PhotonTransferCurve:
    return demo_calib("ptc")


# -- images -------------------------------------------------------------------------------------------

BOXES = {"C00": Box(0, 0, 3, 2), "C01": Box(3, 0, 3, 2), "C10": Box(0, 2, 3, 2), "C11": Box(3, 2, 3, 2)}
DETECTOR = DetectorGeometry("d00", 0, 6, 4, tuple(Amplifier(name, box) for name, box in BOXES.items()))


def gains_of(ptc: PhotonTransferCurve) -> np.ndarray:
    quadrants = [[ptc.gain["C00"], ptc.gain["C01"]], [ptc.gain["C10"], ptc.gain["C11"]]]
    return np.kron(quadrants, np.ones((2, 3)))


def test_adu_to_electron(ptc: PhotonTransferCurve) -> None:
    pixels = np.arange(24, dtype="u2").reshape(4, 6)
    np.testing.assert_allclose(ptc.apply(pixels, detector=DETECTOR), pixels * gains_of(ptc), rtol=1e-15)


@pytest.mark.parametrize(
    ("kind", "power"), [(StdDevUncertainty, 1), (VarianceUncertainty, 2), (InverseVariance, -2)]
)
def test_uncertainties_are_scaled(ptc: PhotonTransferCurve, kind: type, power: int) -> None:
    image = CCDData(np.full((4, 6), 10.0), unit="adu", uncertainty=kind(np.full((4, 6), 4.0)))
    found = ptc.apply(image, detector=DETECTOR)
    assert str(found.unit) == "electron"
    np.testing.assert_allclose(found.data, 10 * gains_of(ptc))
    np.testing.assert_allclose(found.uncertainty.array, 4 * gains_of(ptc) ** power)
    assert str(image.unit) == "adu"
    assert (image.uncertainty.array == 4).all()


@pytest.mark.parametrize(
    ("image", "options", "message"),
    [
        (np.zeros((4, 6)), {}, "needs the amplifiers"),
        (np.zeros((4, 6)), {"detector": DetectorGeometry("d00", 0)}, "needs the amplifiers"),
        (np.zeros((3, 6)), {"detector": DETECTOR}, "C10 lies outside"),
        (
            np.zeros((4, 6)),
            {"detector": DetectorGeometry("d00", 0, 6, 4, DETECTOR.amplifiers[:2])},
            "no amplifier C10, C11",
        ),
        (CCDData(np.zeros((4, 6)), unit="electron"), {"detector": DETECTOR}, "in electron, not in adu"),
    ],
)
def test_what_has_no_gain_is_said(
    ptc: PhotonTransferCurve, image: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(CuratedError, match=message):
        ptc.apply(image, **options)


def test_amplifiers_of_a_detector(ptc: PhotonTransferCurve) -> None:
    assert ptc.validate(DETECTOR)
    with pytest.raises(CalibrationError, match="the detector has no amplifier C11"):
        ptc.validate(DetectorGeometry("d00", 0, 6, 4, DETECTOR.amplifiers[:3]))


def test_the_gain_is_that_of_the_curve(ptc: PhotonTransferCurve) -> None:
    # At small signals the variance is the mean over the gain, plus the read noise.
    for name, gain in ptc.gain.items():
        variance = ptc.rawVars[name][0] - (ptc.noise[name] / gain) ** 2
        assert ptc.rawMeans[name][0] / variance == pytest.approx(gain, rel=0.01)


# -- any values -----------------------------------------------------------------------------------------


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    pairs, side = draw(st.integers(0, 3)), draw(st.integers(1, 2))
    fitted = draw(st.integers(1, side))
    sizes = {"covariances": side**2, "covariancesSqrtWeights": side**2, "covariancesModel": fitted**2}
    bounded = ("gain", "gainUnadjusted", "gainErr", "noise", "noiseErr", "rawVars", "rawExpTimes")

    def value(name: str, dtype: str, shape: tuple[Any, ...]) -> Any:
        if name == "inputExpIdPairs":
            return [draw(st.tuples(WHOLE, WHOLE).map(list)) for _ in range(pairs)]
        if name == "nPixelCovariances":
            return draw(st.integers(-1, 2**62))
        count = pairs * sizes.get(name, 1)
        if name in ("aMatrix", "bMatrix", "noiseMatrix"):
            count = fitted**2 if pairs else 0
        if name in ("ptcFitPars", "ptcFitParsError"):
            count = 3
        items = st.booleans() if dtype == "bool" else POSITIVE_OR_NAN if name in bounded else LOOSE_NUMBERS
        return draw(st.lists(items, min_size=count, max_size=count) if shape else items)

    fields = [f for f in PhotonTransferCurve.FIELDS if not f.common]
    late = [f for f in fields if f.since]
    dropped = set(draw(st.lists(st.sampled_from(late).map(lambda f: f.name), max_size=3)))
    kept = [f for f in fields if f.name not in dropped]
    auxiliary = (
        st.lists(LOOSE_NUMBERS, min_size=pairs, max_size=pairs)
        | st.lists(WHOLE, min_size=pairs, max_size=pairs)
        | st.lists(NAMES, min_size=pairs, max_size=pairs)
    )
    return {
        "metadata": keywords("PTC", PTC_VERSION=2.6),
        "ampNames": draw(st.permutations(names)),
        "badAmps": draw(st.lists(st.sampled_from(names), unique=True)),
        "ptcFitType": draw(st.sampled_from(["PARTIAL", "FULLCOVARIANCE"])),
        "covMatrixSide": side,
        "covMatrixSideFullCovFit": fitted,
        "auxValues": {key: draw(auxiliary) for key in (("SEQNUM", "PROGRAM") if pairs else ())},
        **{f.key: {name: value(f.name, f.dtype, f.shape) for name in names} for f in kept},
    }


@examples(40)
@given(tree=trees())
def test_round_trips(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    calib = PhotonTransferCurve.fromDict(tree)
    assert_comes_back(calib, tmp_path_factory.getbasetemp())
    assert_keys_are_kept(calib, tmp_path_factory.getbasetemp())
