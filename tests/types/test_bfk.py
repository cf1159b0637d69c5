"""Brighter-fatter kernels: units, amplifiers, and generated kernels through all forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.nddata import CCDData
from hypothesis import given
from hypothesis import strategies as st

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.types.bfk import BrighterFatterKernel
from support.kernels import bfk, kernel_of, star
from support.round_trips import LOOSE_NUMBERS, NAMES, NUMBERS, Tree, assert_comes_back, keywords, vectors
from support.texts import examples


def amp_bfk(kernels: dict[str, np.ndarray], gains: dict[str, float], bad: str = "") -> BrighterFatterKernel:
    size = next(iter(kernels.values())).shape
    metadata = {"LEVEL": "AMP", "KERNEL_DX": size[1], "KERNEL_DY": size[0], "BFK_VERSION": 1.1}
    values = {name: [1.0] for name in kernels}
    tree = dict.fromkeys(("rawMeans", "rawVariances", "rawXcorrs"), values)
    tree |= {
        "gain": gains,
        "noise": dict.fromkeys(kernels, 5.0),
        "valid": {name: name != bad for name in kernels},
    }
    tree |= {key: {n: k.tolist() for n, k in kernels.items()} for key in ("meanXcorrs", "ampKernels")}
    return BrighterFatterKernel.fromDict({"metadata": metadata, **tree})


def test_kernels_of_amplifiers() -> None:
    """Equal kernels are one kernel, across the border too; different ones still conserve charge."""
    image = star(2.0, 1e6, 62)[:60, :60] + 100.0
    halves = tuple(Amplifier(name, Box(30 * i, 0, 30, 60), gain=9.0) for i, name in enumerate(("A", "B")))
    geometry = DetectorGeometry("d00", 0, 60, 60, halves)
    kernel, gains = kernel_of(), {"A": 1.5, "B": 1.25}
    single = bfk(kernel).apply(image, threshold=1.0)
    both = amp_bfk({"A": kernel, "B": kernel}, gains)
    assert np.allclose(both.apply(image, detector=geometry, threshold=1.0), single, rtol=1e-10)
    other = amp_bfk({"A": kernel, "B": 1.1 * kernel}, gains).apply(image, detector=geometry, threshold=1.0)
    assert other.sum() == pytest.approx(image.sum(), rel=1e-12)
    assert np.abs(other - single).max() > 1
    for broken, match in (
        (amp_bfk({"A": kernel, "B": kernel}, gains, bad="B"), "amplifier B has no kernel that can be used"),
        (amp_bfk({"A": kernel, "C": kernel}, {"A": 1, "C": 1}), "amplifier B has no kernel that can be used"),
    ):
        with pytest.raises(CuratedError, match=match):
            broken.apply(image, detector=geometry)
    with pytest.raises(CuratedError, match="the amplifiers must be known"):
        both.apply(image)


def test_images_in_adu() -> None:
    """The calibration's own gains rule over the geometry's, the caller's over both."""
    image = star(2.0, 1e6, 62)[:60, :60] + 100.0
    halves = tuple(Amplifier(name, Box(30 * i, 0, 30, 60), gain=9.0) for i, name in enumerate(("A", "B")))
    geometry = DetectorGeometry("d00", 0, 60, 60, halves)
    calib = amp_bfk({"A": kernel_of(), "B": kernel_of()}, {"A": 1.5, "B": 1.25})
    gain = np.repeat([[1.5, 1.25]], 30, axis=1).repeat(60, axis=0)
    expected = calib.apply(image * gain, detector=geometry, threshold=1.0) / gain
    corrected = calib.apply(CCDData(image, unit="adu"), detector=geometry, threshold=1.0)
    assert np.allclose(corrected.data, expected, rtol=1e-12)
    assert corrected.unit == u.adu
    with_gains = calib.apply(image, detector=geometry, unit="adu", gains={"A": 2.0, "B": 2.0}, threshold=1.0)
    assert np.allclose(with_gains, calib.apply(image * 2, detector=geometry, threshold=1.0) / 2, rtol=1e-12)
    whole = bfk(kernel_of())
    assert np.allclose(
        whole.apply(image / 9, detector=geometry, unit="adu", threshold=1.0),
        whole.apply(image, threshold=1.0) / 9,
        rtol=1e-12,
    )
    with pytest.raises(CuratedError, match="the amplifiers must be known"):
        whole.apply(image, unit="adu")
    with pytest.raises(CuratedError, match="unit of the pixels is 'ct'"):
        whole.apply(CCDData(image, unit="count"))


def test_pixels_without_a_value_stay_so() -> None:
    image = np.full((30, 30), 1000.0, "f4")
    image[4, 5] = np.nan
    corrected = bfk(kernel_of()).apply(image)
    assert corrected.dtype == np.dtype("f4")
    assert np.argwhere(np.isnan(corrected)).tolist() == [[4, 5]]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    x, y, pairs = 2 * draw(st.integers(1, 2)) + 1, 2 * draw(st.integers(1, 2)) + 1, draw(st.integers(0, 3))
    level = draw(st.sampled_from(["AMP", "DETECTOR"]))
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)) if level == "AMP" else []
    kernel = vectors(LOOSE_NUMBERS, x * y)

    def each(values: st.SearchStrategy[Any]) -> Tree:
        return {name: draw(values) for name in names}

    valid = each(st.booleans())
    tree = {
        "metadata": keywords("bfk", bfk_VERSION=1.1, LEVEL=level, KERNEL_DX=x, KERNEL_DY=y),
        "expIdMask": each(vectors(st.booleans(), pairs)),
        "rawMeans": each(vectors(LOOSE_NUMBERS, pairs)),
        "rawVariances": each(vectors(LOOSE_NUMBERS, pairs)),
        "rawXcorrs": each(vectors(LOOSE_NUMBERS, pairs * ((x - 1) * (y - 1) // 4))),
        "gain": each(LOOSE_NUMBERS),
        "noise": each(LOOSE_NUMBERS),
        "meanXcorrs": each(kernel),
        # One that is in force is finite; that is a rule of its own.
        "ampKernels": {
            name: draw(vectors(NUMBERS if flag else LOOSE_NUMBERS, x * y)) for name, flag in valid.items()
        },
        "valid": valid,
    }
    if level == "DETECTOR":
        tree["detKernels"] = {draw(NAMES): draw(vectors(NUMBERS, x * y))}
    return tree


@examples(50)
@given(tree=trees())
def test_round_trips(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert_comes_back(BrighterFatterKernel.fromDict(tree), tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("bad", [["A"], ["A", "B"], [], ["C"], [1]])
def test_the_list_of_bad_amplifiers_is_that_of_the_flags(bad: list[Any]) -> None:
    calib = amp_bfk({"A": kernel_of(), "B": kernel_of()}, {"A": 1.5, "B": 1.25}, "B")
    tree = calib.toDict()
    assert tree["badAmps"] == ["B"]
    with pytest.raises(CuratedError, match="CAL308 badAmps is"):
        BrighterFatterKernel.fromDict({**tree, "badAmps": bad})
    assert BrighterFatterKernel.fromDict(tree) == calib
