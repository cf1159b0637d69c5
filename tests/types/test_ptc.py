"""Photon transfer curves: images in electron, and generated curves through all forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
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


def without(path: Path, ptc: PhotonTransferCurve, version: float, **columns: tuple[str, Any] | None) -> Path:
    """Write a FITS file as an older version of the stack did: other columns, another version."""
    ptc.writeFits(path)
    with fits.open(path) as hdus:
        old = hdus[1]
        late = {
            name
            for f in ptc.FIELDS
            for name in (f.column_label,)
            if f.since > version and name in old.columns.names
        }
        kept = [c for c in old.columns if c.name not in late and not c.name.startswith("PTCAUX_")]
        made = fits.BinTableHDU.from_columns(fits.ColDefs(kept), header=fits.Header())
        made.header.extend(
            [
                c
                for c in old.header.cards
                if not c.keyword.startswith(("T", "NAXIS", "XTEN", "BITPIX", "PC", "GC", "CHECK", "DATAS"))
            ]
        )
        made.header["PTC_VERSION"] = version
        for name, change in columns.items():
            made.data[name] = change
        fits.HDUList([fits.PrimaryHDU(), made]).writeto(path, overwrite=True)
    return path


@pytest.mark.parametrize("version", [1.0, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 1.9, 2.0, 2.2, 2.4, 2.5])
def test_older_versions_are_filled_in(ptc: PhotonTransferCurve, tmp_path: Path, version: float) -> None:
    old = PhotonTransferCurve.readFits(without(tmp_path / "old.fits", ptc, version))
    pairs = len(ptc.rawMeans["C00"])
    for field in ptc.FIELDS:
        mine, current = getattr(old, field.name), getattr(ptc, field.name)
        if field.since <= version and field.name not in ("noise", "noiseErr", "auxValues"):
            np.testing.assert_equal(mine, current, err_msg=field.name)
    assert np.isnan(old.ptcRolloffTau["C01"])
    assert not old.expIdRolloffMask["C01"].any()
    assert len(old.expIdRolloffMask["C01"]) == pairs
    if version < 2.4:
        assert old.nPixelCovariances["C00"] == -1
    if version < 2.0:
        assert old.gainUnadjusted == ptc.gain
        assert np.isnan(old.ampOffsets["C00"]).all()
    if version < 1.3:
        assert np.isnan(old.noiseMatrix["C00"]).all()
        assert len(old.noiseMatrix["C00"]) == len(ptc.aMatrix["C00"])
    if version < 1.2:
        assert old.kspValues["C00"].tolist() == [0.0]
        assert np.isnan(old.histVars["C00"]).tolist() == [True]
    if version < 1.1:
        assert old.ptcTurnoff["C00"] == np.nanmax(ptc.finalMeans["C00"])
    if version < 1.5:
        assert old.covMatrixSideFullCovFit == ptc.covMatrixSide
    assert old.metadata["PTC_VERSION"] == 2.6
    assert PhotonTransferCurve.fromDict(old.toDict()) == old


def test_noise_was_a_variance_before_1_9(ptc: PhotonTransferCurve, tmp_path: Path) -> None:
    path = without(
        tmp_path / "old.fits", ptc, 1.8, NOISE=[25.0, 36.0, np.nan, 49.0], NOISE_ERR=[1.0, 1.2, np.nan, 1.4]
    )
    old = PhotonTransferCurve.readFits(path)
    np.testing.assert_allclose(list(old.noise.values()), [5, 6, np.nan, 7])
    np.testing.assert_allclose(list(old.noiseErr.values()), [0.1, 0.1, np.nan, 0.1])
    again = PhotonTransferCurve.fromDict(old.toDict())
    assert again.noise["C00"] == 5
    newer = PhotonTransferCurve.readFits(without(tmp_path / "new.fits", ptc, 1.9))
    assert newer.noise == ptc.noise


def test_matrices_that_were_dropped_are_passed_over(ptc: PhotonTransferCurve) -> None:
    tree = ptc.toDict()
    tree["aMatrixNoB"] = tree["aMatrix"]
    tree["metadata"]["PTC_VERSION"] = 2.0
    made, problems = PhotonTransferCurve.from_tree(tree.pop("metadata"), tree, "yaml")
    assert made is not None
    assert problems == []


def test_order_of_the_amplifiers_is_that_of_their_list(ptc: PhotonTransferCurve, tmp_path: Path) -> None:
    tree = ptc.toDict()
    tree["ampNames"] = ["C11", "C01", "C00", "C10"]
    other = PhotonTransferCurve.fromDict(tree)
    assert list(other.gain) == list(other.covariances) == tree["ampNames"]
    other.writeFits(tmp_path / "other.fits")
    assert fits.getdata(tmp_path / "other.fits")["AMPLIFIER_NAME"].tolist() == tree["ampNames"]
    assert PhotonTransferCurve.readFits(tmp_path / "other.fits") == other
    del tree["ampNames"]
    assert PhotonTransferCurve.fromDict(tree) == ptc


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
