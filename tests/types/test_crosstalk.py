"""Crosstalk: images against the sum that is written out, and generated matrices through all forms."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from astropy.nddata import CCDData
from hypothesis import given
from hypothesis import strategies as st

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry, with_gains
from curated.types.crosstalk import Crosstalk
from support.demo import demo_calib
from support.round_trips import LOOSE_NUMBERS, NAMES, NUMBERS, Tree, assert_comes_back, keywords, vectors
from support.texts import examples

CORNERS = ("LL", "LR", "UL", "UR")


def detector(name: str = "d00", corners: tuple[str, ...] = CORNERS) -> DetectorGeometry:
    """Four amplifiers of 5 x 3 pixels, two by two."""
    amplifiers = tuple(
        Amplifier(f"C{i}", Box(5 * (i % 2), 3 * (i // 2), 5, 3), corner, gain=1.0 + 0.25 * i)
        for i, corner in enumerate(corners)
    )
    return DetectorGeometry(name, 0, 10, 6, amplifiers)


def crosstalk(seed: int = 2, **more: Any) -> Crosstalk:
    rng = np.random.default_rng(seed)
    coeffs, square = rng.normal(0, 1e-3, (4, 4)), rng.normal(0, 1e-6, (4, 4))
    tree = {"coeffs": coeffs.tolist(), "coeffsSqr": square.tolist(), **more}
    return Crosstalk.fromDict(
        {"metadata": {"HAS_CROSSTALK": True, "NAMP": 4, "CROSSTALK_VERSION": 1.2}, **tree}
    )


def at_read(geometry: DetectorGeometry, amplifier: Amplifier, j: int, i: int) -> tuple[int, int]:
    """Row and column of the pixel that an amplifier reads as the i-th of its j-th row."""
    box, corner = amplifier.box, amplifier.readout_corner
    y = box.y0 + (j if corner[0] == "L" else box.height - 1 - j)
    x = box.x0 + (i if corner[1] == "L" else box.width - 1 - i)
    return y, x


def written_out(
    image: np.ndarray, geometry: DetectorGeometry, terms: list[tuple[np.ndarray, DetectorGeometry, Any, Any]]
) -> np.ndarray:
    """The sum, pixel by pixel, in the order of the read-out."""
    corrected = image.copy()
    for t, target in enumerate(geometry.amplifiers):
        for j in range(target.box.height):
            for i in range(target.box.width):
                y, x = at_read(geometry, target, j, i)
                for pixels, other, linear, square in terms:
                    for s, source in enumerate(other.amplifiers):
                        value = pixels[at_read(other, source, j, i)]
                        corrected[y, x] -= linear[s][t] * value + square[s][t] * value**2
    return corrected


@pytest.fixture
def raw() -> np.ndarray:
    return np.random.default_rng(3).uniform(0, 50000, (6, 10))


@pytest.mark.parametrize("corners", [CORNERS, ("LL",) * 4, ("UR", "LL", "LR", "UL")])
def test_correction_is_the_sum(raw: np.ndarray, corners: tuple[str, ...]) -> None:
    calib, geometry = crosstalk(), detector(corners=corners)
    before = raw.copy()
    expected = written_out(raw, geometry, [(raw, geometry, calib.coeffs, calib.coeffsSqr)])
    corrected = calib.apply(raw, detector=geometry)
    assert np.allclose(corrected, expected, rtol=1e-13, atol=0)
    assert np.array_equal(raw, before)
    ccd = calib.apply(CCDData(raw, unit="adu"), detector=geometry)
    assert isinstance(ccd, CCDData)
    assert np.array_equal(ccd.data, corrected)


def test_correction_between_detectors(raw: np.ndarray) -> None:
    other, matrix = (
        detector("d01", ("UR", "UL", "LR", "LL")),
        np.random.default_rng(5).normal(0, 1e-3, (4, 4)),
    )
    calib = crosstalk(interChip={"d01": matrix.tolist(), "d07": matrix.tolist()})
    other_image, geometry = raw[::-1] * 0.5, detector()
    own_terms = (raw, geometry, calib.coeffs, calib.coeffsSqr)
    expected = written_out(raw, geometry, [own_terms, (other_image, other, matrix, np.zeros((4, 4)))])
    sources = {"d01": (other_image, other), "d05": (other_image, other)}
    assert np.allclose(calib.apply(raw, detector=geometry, sources=sources), expected, rtol=1e-13, atol=0)


def test_a_simulated_ghost_is_removed() -> None:
    """A star in one amplifier leaves its mirror image in another; what is left is of second order."""
    sky = np.full((6, 10), 100.0)
    sky[1, 1] = 60000.0
    geometry = detector()
    coeffs = np.zeros((4, 4))
    coeffs[0, 3] = 1e-4
    calib = dataclasses.replace(crosstalk(), coeffs=coeffs, coeffsSqr=np.zeros((4, 4)))
    observed = sky.copy()
    observed[4, 8] += 6.0  # first amplifier's second pixel, in the last one's corner at the upper right
    observed[3:, 5:] += 0.01 * (np.arange(15).reshape(3, 5) != 8)
    assert np.abs(calib.apply(observed, detector=geometry) - sky).max() < 1e-10


@pytest.mark.parametrize(("image_unit", "ratio_unit"), [("adu", "electron"), ("electron", "adu")])
def test_images_in_other_units(raw: np.ndarray, image_unit: str, ratio_unit: str) -> None:
    calib, geometry = crosstalk(crosstalkRatiosUnits=ratio_unit), detector()
    factor = np.ones(raw.shape)
    for amplifier in geometry.amplifiers:
        factor[amplifier.box.slices] = amplifier.gain if image_unit == "adu" else 1 / amplifier.gain
    expected = calib.apply(raw * factor, detector=geometry) / factor
    assert np.allclose(calib.apply(raw, detector=geometry, unit=image_unit), expected, rtol=1e-13)
    ccd = CCDData(raw, unit=image_unit)
    assert np.allclose(calib.apply(ccd, detector=geometry).data, expected, rtol=1e-13)
    assert not np.allclose(calib.apply(raw, detector=geometry), expected, rtol=1e-6)
    bare = dataclasses.replace(
        geometry, amplifiers=tuple(dataclasses.replace(a, gain=math.nan) for a in geometry.amplifiers)
    )
    with pytest.raises(CuratedError, match="the gain of amplifier C0 is not known"):
        calib.apply(ccd, detector=bare)
    gains = {a.name: a.gain for a in geometry.amplifiers}
    assert np.allclose(calib.apply(ccd, detector=bare, gains=gains).data, expected, rtol=1e-13)
    with pytest.raises(CuratedError, match="no amplifier X"):
        calib.apply(ccd, detector=bare, gains={"X": 1.0})
    with pytest.raises(CuratedError, match="the image says"):
        calib.apply(ccd, detector=geometry, unit=ratio_unit)


def test_backgrounds(raw: np.ndarray) -> None:
    calib, geometry = crosstalk(), detector()
    above = raw - np.median(raw)
    linear = (calib.coeffs, calib.coeffsSqr)
    shift = written_out(raw, geometry, [(above, geometry, *linear)])
    assert np.allclose(calib.apply(raw, detector=geometry, background="detector"), shift, rtol=1e-13)
    levels = raw.copy()
    for amplifier in geometry.amplifiers:
        levels[amplifier.box.slices] -= np.median(raw[amplifier.box.slices])
    shift = written_out(raw, geometry, [(levels, geometry, *linear)])
    assert np.allclose(calib.apply(raw, detector=geometry, background="amplifier"), shift, rtol=1e-13)
    with pytest.raises(CuratedError, match="not one of none, amplifier, detector"):
        calib.apply(raw, detector=geometry, background="sky")


def test_invalid_coefficients_are_not_used(raw: np.ndarray) -> None:
    calib, geometry = crosstalk(), detector()
    valid = np.ones((4, 4), bool)
    valid[2] = False
    partly = dataclasses.replace(calib, coeffValid=valid)
    zeroed = dataclasses.replace(calib, coeffs=calib.coeffs * valid, coeffsSqr=calib.coeffsSqr * valid)
    assert np.array_equal(partly.apply(raw, detector=geometry), zeroed.apply(raw, detector=geometry))
    without = Crosstalk.fromDict({"metadata": {"HAS_CROSSTALK": False}})
    assert np.array_equal(without.apply(raw, detector=geometry), raw)
    assert np.array_equal(Crosstalk.fromDetector(geometry).apply(raw, detector=geometry), raw)


def test_correction_needs_the_right_detector(raw: np.ndarray) -> None:
    calib, geometry = crosstalk(), detector()
    with pytest.raises(CuratedError, match="the amplifiers must be known"):
        calib.apply(raw)
    with pytest.raises(CuratedError, match="C1 of detector d00 reaches beyond an image of 9 x 6 pixels"):
        calib.apply(raw[:, 1:], detector=geometry)
    three = dataclasses.replace(geometry, amplifiers=geometry.amplifiers[:3])
    with pytest.raises(CuratedError, match="the coefficients are 4 x 4; detector d00 has 3 amplifiers"):
        calib.apply(raw, detector=three)
    unknown = dataclasses.replace(
        geometry, amplifiers=tuple(Amplifier(f"C{i}", Box(0, 0, 0, 0)) for i in range(4))
    )
    with pytest.raises(CuratedError, match="the pixels of amplifier C0 of detector d00 are not known"):
        calib.apply(raw, detector=unknown)
    odd = (*geometry.amplifiers[:3], dataclasses.replace(geometry.amplifiers[3], box=Box(5, 3, 4, 3)))
    with pytest.raises(CuratedError, match="not of the same size"):
        calib.apply(raw, detector=dataclasses.replace(geometry, amplifiers=odd))


def test_the_demonstration() -> None:
    """With the geometry of the demonstration's camera, and another detector's image."""
    camera = demo_calib("camera")
    calib = demo_calib("crosstalk", "d00")
    image = np.full((1024, 1024), 1000.0)
    corrected = calib.apply(
        image, detector=camera.detector("d00"), sources={"d01": (image, camera.detector("d01"))}
    )
    change = image - corrected
    expected = 1000 * (calib.coeffs + calib.interChip["d01"]).sum(axis=0) + 1e6 * calib.coeffsSqr.sum(axis=0)
    for amplifier, part in zip(camera.detector("d00").amplifiers, expected, strict=True):
        assert np.allclose(change[amplifier.box.slices], part, rtol=1e-8)


def test_gains_replace_those_of_the_geometry() -> None:
    assert [a.gain for a in with_gains(detector(), {"C1": 7.0}).amplifiers] == [1.0, 7.0, 1.5, 1.75]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    size = draw(st.integers(1, 3))
    diagonal = range(0, size * size, size + 1)

    def matrix(elements: st.SearchStrategy[Any]) -> list[Any]:
        values = draw(vectors(elements, size * size))
        # No amplifier talks to itself; that is a rule of its own.
        return [0.0 if i in diagonal else value for i, value in enumerate(values)]

    return {
        "metadata": keywords("CROSSTALK", CROSSTALK_VERSION=1.2, NAMP=size, HAS_CROSSTALK=True),
        "coeffs": matrix(NUMBERS),
        "coeffErr": matrix(LOOSE_NUMBERS),
        "coeffNum": draw(vectors(st.integers(0, 2**62), size * size)),
        "coeffValid": draw(vectors(st.booleans(), size * size)),
        "coeffsSqr": matrix(NUMBERS),
        "coeffErrSqr": matrix(LOOSE_NUMBERS),
        "ampGainRatios": matrix(LOOSE_NUMBERS),
        "fitGains": draw(vectors(LOOSE_NUMBERS, size)),
        "crosstalkRatiosUnits": draw(st.sampled_from(["adu", "electron"])),
        "interChip": {
            name: draw(vectors(NUMBERS, size * size))
            for name in draw(st.lists(NAMES, max_size=2, unique=True))
        },
    }


@examples(50)
@given(tree=trees())
def test_round_trips(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert_comes_back(Crosstalk.fromDict(tree), tmp_path_factory.getbasetemp())


def test_an_infinite_coefficient_of_an_amplifier_with_itself() -> None:
    coeffs = np.full((4, 4), 1e-4)
    np.fill_diagonal(coeffs, 0)
    coeffs[1, 1] = np.inf
    assert [p.code for p in dataclasses.replace(crosstalk(), coeffs=coeffs).problems()] == ["CAL312"]
    coeffs[2, 0] = 0.5
    assert [p.code for p in dataclasses.replace(crosstalk(), coeffs=coeffs).problems()] == [
        "CAL312",
        "CAL329",
    ]
