"""Deferred charge: older versions, padded coefficients of traps, and generated values through all forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.types.cti import DeferredCharge
from support.demo import demo_calib
from support.round_trips import (
    LOOSE_NUMBERS,
    NAMES,
    POSITIVE_OR_NAN,
    Tree,
    assert_comes_back,
    assert_keys_are_kept,
    keywords,
)
from support.texts import examples


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    vectors = {name: draw(st.integers(0, 3)) for name in names}
    tree: Tree = {"metadata": keywords("CTI", CTI_VERSION=1.3), "serialTraps": {}}
    for field in (f for f in DeferredCharge.FIELDS if f.table == 0 and not f.keyword):
        items = POSITIVE_OR_NAN if field.above is not None or field.minimum is not None else LOOSE_NUMBERS
        items = st.floats(0, 1) if field.maximum is not None else items
        tree[field.key] = {
            name: draw(st.lists(items, min_size=n, max_size=n) if field.shape else items)
            for name, n in vectors.items()
        }
    for name in draw(st.lists(st.sampled_from(names), unique=True)) if names else ():
        # NaN at the end is what FITS fills up with.
        coeffs = [*draw(st.lists(LOOSE_NUMBERS, max_size=3)), draw(st.floats(allow_nan=False))]
        tree["serialTraps"][name] = {
            "size": draw(st.floats(0, 1e308)),
            "emissionTime": draw(st.floats(0, 1e308, exclude_min=True)),
            "pixel": draw(st.integers(0, 2**62)),
            "trap_type": "linear",
            "coeffs": coeffs,
        }
    return tree


@examples(60)
@given(tree=trees())
def test_round_trips(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    calib = DeferredCharge.fromDict(tree)
    assert_comes_back(calib, tmp_path_factory.getbasetemp())
    assert_keys_are_kept(calib, tmp_path_factory.getbasetemp())


@pytest.mark.parametrize(("version", "newest"), [(1.1, 1.1), (1.2, 1.2)])
def test_older_versions_are_filled_in(version: float, newest: float) -> None:
    tree = demo_calib("cti").toDict()
    for field in DeferredCharge.FIELDS:
        if field.since > newest:
            del tree[field.key]
    tree["metadata"]["CTI_VERSION"] = version
    calib = DeferredCharge.fromDict(tree)
    assert all(np.isnan(value) for value in calib.inputGain.values())
    assert np.isnan(calib.signals["C00"]).tolist() == ([True] if version < 1.2 else [False] * 4)


def test_a_trailing_nan_of_a_trap_is_what_fits_loses(tmp_path: Path) -> None:
    tree = demo_calib("cti").toDict()
    tree["serialTraps"]["C10"]["coeffs"] = [float("nan")]
    calib = DeferredCharge.fromDict(tree)
    calib.writeFits(tmp_path / "nan.fits")
    again = DeferredCharge.readFits(tmp_path / "nan.fits")
    assert np.isnan(again.trapCoeffs["C10"]).tolist() == [True]


def test_amplifiers_of_a_detector() -> None:
    calib = demo_calib("cti")
    amplifiers = tuple(Amplifier(name, Box(0, 0, 1, 1)) for name in ("C00", "C01", "C10", "C11"))
    assert calib.validate(DetectorGeometry("d00", 0, 6, 4, amplifiers))
    with pytest.raises(CalibrationError, match="the detector has no amplifier C11"):
        calib.validate(DetectorGeometry("d00", 0, 6, 4, amplifiers[:3]))


def test_images_are_not_corrected() -> None:
    with pytest.raises(CuratedError, match="does not correct images"):
        demo_calib("cti").apply(np.zeros((4, 6)))
