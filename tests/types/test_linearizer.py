"""Corrections of non-linearity, against computations written out one pixel at a time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.types.linearizer import Linearizer
from support.akima import slow_akima
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

BOXES = {"A": [0, 0, 4, 3], "B": [4, 0, 4, 3]}


def linearizer(
    kind: str, coeffs: list[float], table: list[list[float]] | None = None, **more: Any
) -> Linearizer:
    """Two amplifiers side by side on 8 x 3 pixels; the second is not corrected."""
    metadata = {
        "HAS_LINEARITY": True,
        "HAS_TABLE": table is not None,
        "DETECTOR": 0,
        "DET_NAME": "d00",
        **more,
    }
    amplifiers = {
        "A": {"linearityType": kind, "linearityCoeffs": coeffs, "linearityBBox": BOXES["A"]},
        "B": {"linearityBBox": BOXES["B"]},
    }
    tree = {"metadata": metadata, "amplifiers": amplifiers}
    return Linearizer.fromDict({**tree, "tableData": table} if table is not None else tree)


def image(*values: float) -> np.ndarray:
    """The values in the first amplifier, and numbers that nothing may touch in the second."""
    pixels = np.full((3, 8), 777.0)
    pixels[:, :4] = np.resize(np.array(values, float), (3, 4))
    return pixels


@pytest.mark.parametrize("kind", ["None", "Proportional"])
def test_no_correction(kind: str) -> None:
    pixels = image(1, 1000, 1e5)
    np.testing.assert_array_equal(linearizer(kind, [0.5, 2.0]).apply(pixels), pixels)


def test_squared_and_polynomial() -> None:
    pixels = image(0, 100, 2e4, -50)
    expected = [i + 1e-6 * i**2 for i in pixels[0, :4]]
    np.testing.assert_allclose(linearizer("Squared", [1e-6]).apply(pixels)[0, :4], expected, rtol=1e-15)
    expected = [i + 1e-6 * i**2 - 3e-11 * i**3 + 1e-16 * i**4 for i in pixels[0, :4]]
    found = linearizer("Polynomial", [1e-6, -3e-11, 1e-16]).apply(pixels)
    np.testing.assert_allclose(found[0, :4], expected, rtol=1e-14)
    assert (found[:, 4:] == 777).all()


@pytest.mark.parametrize("coeffs", [[0.0, 0.0], [math.nan, math.nan]])
def test_a_polynomial_of_nothing_changes_nothing(coeffs: list[float]) -> None:
    pixels = image(5, 10)
    np.testing.assert_array_equal(linearizer("Polynomial", coeffs).apply(pixels), pixels)


def test_a_polynomial_with_nan_is_nan() -> None:
    found = linearizer("Polynomial", [1e-6, math.nan]).apply(image(5, 10))
    assert np.isnan(found[:, :4]).all()
    assert (found[:, 4:] == 777).all()


@pytest.mark.parametrize(
    ("offset", "expected"),
    [(0.0, [10, 21, 32.9, 41.6]), (0.5, [10, 21, 42.9, 51.6]), (1.0, [20, 31, 42.9, 51.6])],
)
def test_lookup_table(offset: float, expected: list[float]) -> None:
    # Row 1: column int(offset + signal).
    pixels = image(0, 1, 2.9, 1.6)
    found = linearizer("LookupTable", [1, offset], [[0.0] * 5, [10.0, 20.0, 30.0, 40.0, 50.0]]).apply(pixels)
    expected = [i + [10, 20, 30, 40, 50][int(offset + i)] for i in pixels[0, :4]]
    np.testing.assert_allclose(found[0, :4], expected)


def test_a_lookup_table_ends_with_its_ends() -> None:
    found = linearizer("LookupTable", [0, 0.5], [[1.0, 2.0, 3.0]]).apply(image(-40, 1e6, math.nan, math.inf))
    np.testing.assert_array_equal(found[0, :4], [-39, 1e6 + 3, math.nan, math.inf])


NODES, VALUES = [0.0, 10.0, 50.0, 100.0, 150.0], [0.0, 1.5, -3.25, 8.0, 2.0]


def test_spline() -> None:
    pixels = image(-5, 0, 10, 33.3, 99.95, 149.95, 150, 1e5, 77, 20, 0.05, 60)
    found = linearizer("Spline", NODES + VALUES).apply(pixels)
    for i, corrected in zip(pixels[:, :4].flat, found[:, :4].flat, strict=True):
        assert corrected == pytest.approx(i - slow_akima(NODES, VALUES, min(max(i, 0.0), 149.9)), abs=1e-10)


def test_a_spline_is_anchored_at_zero() -> None:
    pixels = image(0, 4, 33.3, 140)
    found = linearizer("Spline", [10.0, 50.0, 100.0, 150.0, 5.0, 6.5, 1.75, 13.0]).apply(pixels)
    nodes, values = [0.0, 10.0, 50.0, 100.0, 150.0], [0.0, 0.0, 1.5, -3.25, 8.0]
    expected = [i - slow_akima(nodes, values, min(i, 149.9)) for i in pixels[0, :4]]
    np.testing.assert_allclose(found[0, :4], expected, atol=1e-10)


def test_a_spline_with_nan_is_nan() -> None:
    found = linearizer("Spline", [0.0, 10.0, 20.0, 0.0, math.nan, 1.0]).apply(image(5))
    assert np.isnan(found[:, :4]).all()
    assert (found[:, 4:] == 777).all()


def test_double_spline() -> None:
    one, two = ([0.0, 100.0], [0.0, 4.0]), ([0.0, 50.0, 100.0], [0.5, -1.0, 2.0])
    pixels = image(-3, 20, 66, 1000)
    found = linearizer("DoubleSpline", [2.0, 3.0, *one[0], *one[1], *two[0], *two[1]]).apply(pixels)
    for i, corrected in zip(pixels[0, :4], found[0, :4], strict=True):
        first = i - slow_akima(*one, min(max(i, 0.0), 99.99))
        assert corrected == pytest.approx(first - slow_akima(*two, min(max(first, 0.0), 99.99)), abs=1e-10)


def test_a_double_spline_of_one() -> None:
    pixels = image(20, 66)
    both = linearizer("DoubleSpline", [2, 0, 0.0, 100.0, 0.0, 4.0]).apply(pixels)
    other = linearizer("DoubleSpline", [0, 2, 0.0, 100.0, 0.0, 4.0]).apply(pixels)
    np.testing.assert_array_equal(both, other)
    np.testing.assert_allclose(both[0, :4], pixels[0, :4] * 0.96)
    np.testing.assert_array_equal(linearizer("DoubleSpline", [0, 0]).apply(pixels), pixels)


# -- gains and units ----------------------------------------------------------------------------------

GAINS = {"A": 1.5, "B": 2.0}


@pytest.mark.parametrize(
    ("kind", "coeffs"),
    [
        ("Spline", NODES + VALUES),
        ("DoubleSpline", [5, 0, *NODES, *VALUES]),
        ("Polynomial", [1e-3, 2e-6]),
        ("Squared", [1e-3]),
        ("LookupTable", [0, 0.5]),
    ],
)
def test_gains_are_for_images_in_electron(kind: str, coeffs: list[float]) -> None:
    found = linearizer(kind, coeffs, [[1.0] * 50 + [5.0] * 200] if kind == "LookupTable" else None)
    pixels = image(3, 20, 66, 120)
    electrons = pixels * np.repeat([1.5, 2.0], 4)
    np.testing.assert_allclose(
        found.apply(electrons, gains=GAINS), found.apply(pixels) * np.repeat([1.5, 2.0], 4), rtol=1e-12
    )


def test_gains_do_nothing_where_the_units_are_electron() -> None:
    found = linearizer("Squared", [1e-3], LINEARITY_UNITS="electron")
    np.testing.assert_array_equal(found.apply(image(3, 20), gains=GAINS), found.apply(image(3, 20)))


def test_the_end_of_a_spline_is_in_the_units_of_the_image() -> None:
    found = linearizer("Spline", NODES + VALUES).apply(image(1e4), gains=GAINS)
    nodes, values = [1.5 * x for x in NODES], [1.5 * y for y in VALUES]
    assert found[0, 0] == pytest.approx(1e4 - slow_akima(nodes, values, 225 - 0.1), abs=1e-9)


@pytest.mark.parametrize("unit", ["adu", "electron"])
def test_images_of_astropy(unit: str) -> None:
    pixels = CCDData(image(3, 20), unit=unit, mask=np.eye(3, 8, dtype=bool), meta={"OBJECT": "flat"})
    found = linearizer("Squared", [1e-3], LINEARITY_UNITS=unit).apply(pixels)
    assert isinstance(found, CCDData)
    assert (str(found.unit), found.meta["OBJECT"], found.mask.sum()) == (unit, "flat", 3)
    assert found.data[0, 0] == pytest.approx(3.009)
    assert pixels.data[0, 0] == 3


def test_an_image_in_another_unit_is_refused() -> None:
    with pytest.raises(CuratedError, match="in electron, the linearizer in adu"):
        linearizer("Squared", [1e-3]).apply(CCDData(image(3), unit="electron"))
    linearizer("Squared", [1e-3]).apply(CCDData(image(3), unit="electron"), gains=GAINS)


@pytest.mark.parametrize("dtype", ["u2", "i4", ">f4", "f8"])
def test_data_types(dtype: str) -> None:
    pixels = image(3, 20).astype(dtype)
    before = pixels.copy()
    found = linearizer("Squared", [1e-3]).apply(pixels)
    np.testing.assert_array_equal(pixels, before)
    assert found.dtype == ("f4" if dtype == ">f4" else "f8")
    assert found[0, 0] == pytest.approx(3.009)


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        (np.zeros((2, 8)), {}, "A reaches to 4, 3 on a detector of 8 x 2"),
        (np.zeros((3, 8)), {"gains": {"A": 1.0}}, "no gain for B"),
        (np.zeros((3, 8)), {"gain": 1.0}, "no option gain"),
        (np.zeros(8), {}, "is no image"),
        ("text", {}, "is no image"),
    ],
)
def test_what_cannot_be_corrected_is_said(target: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CuratedError, match=message):
        linearizer("Squared", [1e-3]).apply(target, **options)


def test_a_linearizer_that_is_not_in_force_changes_nothing() -> None:
    pixels = image(3, 20)
    np.testing.assert_array_equal(linearizer("Squared", [1e-3], HAS_LINEARITY=False).apply(pixels), pixels)


# -- detectors ----------------------------------------------------------------------------------------


def detector(**boxes: list[int]) -> DetectorGeometry:
    amplifiers = tuple(Amplifier(name, Box(*box)) for name, box in boxes.items())
    return DetectorGeometry("d00", 0, 8, 3, amplifiers)


def test_it_is_valid_on_its_detector() -> None:
    assert linearizer("None", [0.0]).validate(detector(**BOXES))
    assert linearizer("None", [0.0]).validate(detector())


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (detector(A=BOXES["A"]), "the detector has no amplifier B"),
        (detector(**BOXES, C=[8, 0, 4, 3]), "the calibration has no amplifier C"),
        (
            detector(A=BOXES["A"], B=[4, 0, 4, 4]),
            "linearityBBox of B is 4 0 4 3, but 4 0 4 4 on the detector",
        ),
        (DetectorGeometry("d01", 0), "DET_NAME"),
        (DetectorGeometry("d00", 1), "DETECTOR"),
    ],
)
def test_it_is_not_valid_on_another(other: DetectorGeometry, message: str) -> None:
    with pytest.raises(CalibrationError, match=message):
        linearizer("None", [0.0]).validate(other)


def test_the_demonstration_is_smooth_and_small() -> None:
    calib = demo_calib("linearizer")
    for name, added in calib.corrections.items():
        assert np.isfinite(added).all()
        assert np.abs(added).max() < 0.02 * calib.signals[name].max()


# -- any values -----------------------------------------------------------------------------------------

VECTOR = st.lists(LOOSE_NUMBERS, max_size=4)


PIXELS = st.integers(0, 10**6)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    numbers = st.one_of(VECTOR, st.lists(WHOLE, max_size=4))
    optional = {
        "inputGain": POSITIVE_OR_NAN,
        "inputTurnoff": LOOSE_NUMBERS,
        "linearityType": st.sampled_from(["Proportional", "None"]),
        "linearityCoeffs": numbers,
        "inputMask": st.lists(st.booleans(), min_size=1, max_size=1),
        "inputGroupingIndex": st.lists(WHOLE, min_size=1, max_size=1),
        "fitChiSq": LOOSE_NUMBERS,
        "fitResiduals": VECTOR,
        "fitResidualsUnmasked": VECTOR,
        "linearFit": VECTOR,
    }
    entries = {}
    for i, name in enumerate(names):
        values = draw(st.fixed_dictionaries({}, optional=optional))
        # Beside each other, so that no box lies over another.
        entries[name] = {
            **values,
            "linearityBBox": [10**7 * i, draw(PIXELS), 1 + draw(PIXELS), 1 + draw(PIXELS)],
        }
    finite = st.floats(allow_nan=False, allow_infinity=False)
    rows = st.integers(1, 3).flatmap(lambda n: st.lists(finite, min_size=n, max_size=n))
    first = draw(st.none() | rows)
    table = None if first is None else [first, first[::-1]]
    tree = {
        "metadata": keywords("LINEARIZER", HAS_LINEARITY=True, HAS_TABLE=table is not None),
        "amplifiers": entries,
    }
    if names:
        tree["absoluteReferenceAmplifier"] = draw(st.sampled_from(["", *names]))
    return tree if table is None else {**tree, "tableData": table}


@examples(60)
@given(tree=trees())
def test_round_trips(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    calib = Linearizer.fromDict(tree)
    # A column of ECSV has one data type: integers of one amplifier beside fractions of another are refused.
    assert_comes_back(calib, tmp_path_factory.getbasetemp(), has_ecsv=False)
    assert_keys_are_kept(calib, tmp_path_factory.getbasetemp())


def test_coefficients_of_any_length_side_by_side(tmp_path: Path) -> None:
    entries = {
        "A": {"linearityBBox": [0, 0, 1, 1], "linearityType": "Squared", "linearityCoeffs": [1], "inputMask": [True, False]},
        "B": {"linearityBBox": [1, 0, 1, 1], "linearityType": "Polynomial", "linearityCoeffs": [0.5, 2.5, 3.5], "inputMask": [False]},
    }  # fmt: skip
    calib = Linearizer.fromDict(
        {"metadata": keywords("LINEARIZER", HAS_LINEARITY=True), "amplifiers": entries}
    )
    calib.writeFits(tmp_path / "ragged.fits")
    with fits.open(tmp_path / "ragged.fits") as hdus:
        assert hdus[1].columns["COEFFS"].format == "PD(3)"
        assert [v.tolist() for v in hdus[1].data["COEFFS"]] == [[1.0], [0.5, 2.5, 3.5]]
        assert hdus[1].columns["INP_MASK"].format == "PL(2)"
        assert [v.tolist() for v in hdus[1].data["INP_MASK"]] == [[True, False], [False]]
    again = Linearizer.readFits(tmp_path / "ragged.fits")
    assert again.linearityCoeffs["B"].tolist() == [0.5, 2.5, 3.5]
    assert again.inputMask["A"].tolist() == [True, False]


def test_whole_coefficients_stay_whole(tmp_path: Path) -> None:
    entries = {
        n: {"linearityBBox": [i, 0, 1, 1], "linearityType": "LookupTable", "linearityCoeffs": [0, 1]}
        for i, n in enumerate("AB")
    }
    tree = {
        "metadata": keywords("LINEARIZER", HAS_LINEARITY=True, HAS_TABLE=True),
        "amplifiers": entries,
        "tableData": [[1, 2]],
    }
    Linearizer.fromDict(tree).writeFits(tmp_path / "whole.fits")
    with fits.open(tmp_path / "whole.fits") as hdus:
        assert hdus[1].columns["COEFFS"].format == "2K"
        assert hdus[2].columns["LOOKUP_VALUES"].format == "2D"
