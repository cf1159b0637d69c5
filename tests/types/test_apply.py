"""Calibrations applied to images: against sums that are written out, simulations, and the rules of the image classes."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.nddata import CCDData, StdDevUncertainty
from hypothesis import given
from hypothesis import strategies as st

from curated.calib import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.core.geometry import Amplifier, Box, DetectorGeometry, with_gains
from curated.registry import own_types
from curated.types._bfk_math import correct
from curated.types.bfk import BrighterFatterKernel
from curated.types.camera import CameraGeometry
from curated.types.crosstalk import Crosstalk
from curated.types.defects import Defects
from curated.types.transmission_filter import FilterTransmission
from curated.types.transmission_sensor import SensorTransmission
from curated.types.transmission_system import SystemTransmission, product
from support.texts import examples

DEMO = Path(__file__).parents[2] / "calibs" / "demo"
FIRST = "20200101T000000"


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(1).normal(1000, 100, (20, 30))


def defects(*boxes: tuple[int, int, int, int]) -> Defects:
    columns = zip(*boxes, strict=True) if boxes else [[]] * 4
    return Defects.fromDict(dict(zip(("x0", "y0", "width", "height"), map(list, columns), strict=True)))


# -- what cannot be applied -----------------------------------------------------------------------------


def has_apply(cls: type) -> bool:
    return any("apply" in vars(base) for base in cls.__mro__ if base.__module__.startswith("curated.types"))


def test_types_without_apply_say_so(image: np.ndarray) -> None:
    plain = {name: cls for name, cls in own_types().items() if not has_apply(cls)}
    assert {"camera", "transmission_filter"} <= set(plain)
    for name, cls in plain.items():
        with pytest.raises(CuratedError, match=f"{name} is nothing that can be applied to an image"):
            object.__new__(cls).apply(image)


@pytest.mark.parametrize(
    "target", [np.zeros(3), np.zeros((2, 2, 2)), np.zeros((2, 2), bool), "x", None, [[1.0]]]
)
def test_what_is_no_image(target: Any) -> None:
    with pytest.raises(CuratedError, match="is no image"):
        defects((0, 0, 1, 1)).apply(target)


# -- defects --------------------------------------------------------------------------------------------


def test_mask() -> None:
    mask = defects((1, 2, 3, 1), (2, 2, 1, 2)).mask((5, 6))
    assert mask.dtype == bool
    assert np.argwhere(mask).tolist() == [[2, 1], [2, 2], [2, 3], [3, 2]]
    assert not defects().mask((2, 2)).any()
    with pytest.raises(
        CalibrationError, match="CAL307 row 1: columns 1 to 3, rows 2 to 2 on a detector of 3 x 9"
    ):
        defects((1, 2, 3, 1)).mask((9, 3))


def test_defects_in_an_array_become_nan(image: np.ndarray) -> None:
    before = image.copy()
    done = defects((3, 4, 2, 5)).apply(image)
    assert np.array_equal(image, before)
    assert np.isnan(done[4:9, 3:5]).all()
    assert np.isnan(done).sum() == 10
    assert np.array_equal(done[~np.isnan(done)], image[~np.isnan(done)])
    assert defects((0, 0, 1, 1)).apply(np.ones((2, 2), "i4")).dtype == np.float64
    assert defects((0, 0, 1, 1)).apply(np.ones((2, 2), ">f4")).dtype == np.dtype("f4")


def test_defects_in_ccddata_are_masked(image: np.ndarray) -> None:
    old = np.zeros(image.shape, bool)
    old[0, 0] = True
    ccd = CCDData(
        image, unit="adu", mask=old, uncertainty=StdDevUncertainty(np.ones(image.shape)), meta={"A": 1}
    )
    done = defects((3, 4, 2, 5)).apply(ccd)
    assert isinstance(done, CCDData)
    assert np.argwhere(done.mask != old).tolist() == [[y, x] for y in range(4, 9) for x in (3, 4)]
    assert done.mask[0, 0]
    assert np.array_equal(done.data, image)
    assert (done.unit, done.meta["A"]) == (u.adu, 1)
    assert np.array_equal(done.uncertainty.array, np.ones(image.shape))
    assert ccd.mask.sum() == 1
    without = defects((3, 4, 2, 5)).apply(CCDData(image, unit="adu"))
    assert without.mask.sum() == 10


@pytest.mark.parametrize(("dtype", "bit"), [("u1", 7), ("i2", 14), ("i4", 0), ("i8", 62)])
def test_one_more_bit_in_a_mask(dtype: str, bit: int) -> None:
    before = np.arange(20 * 30).reshape(20, 30).astype(dtype)
    kept = before.copy()
    found = defects((1, 2, 3, 4), (29, 19, 1, 1)).flag(before, bit)
    bad = np.zeros((20, 30), bool)
    bad[2:6, 1:4] = bad[19, 29] = True
    assert found.dtype == before.dtype
    assert np.array_equal(before, kept)
    for n in range(8 * np.dtype(dtype).itemsize - (dtype[0] == "i")):
        one = np.dtype(dtype).type(1 << n)
        expected = (before & one) != 0
        assert np.array_equal((found & one) != 0, expected | bad if n == bit else expected)


@pytest.mark.parametrize(("dtype", "bit"), [("i4", 31), ("u1", 8), ("i4", -1), ("?", 0), ("f4", 0)])
def test_masks_without_that_bit(dtype: str, bit: int) -> None:
    with pytest.raises(CuratedError, match="has no bit"):
        defects((1, 2, 3, 4)).flag(np.zeros((20, 30), dtype), bit)


@examples(60)
@given(st.data())
def test_interpolation_is_the_straight_line(data: st.DataObject) -> None:
    """On a plane it gives the plane back; at the ends the nearest pixel; each row by a loop of its own."""
    width, height = 9, 4
    box = st.integers(0, width - 1).flatmap(
        lambda x: st.tuples(st.just(x), st.integers(0, height - 1), st.integers(1, width - x), st.just(1))
    )
    found = defects(*data.draw(st.lists(box, max_size=6)))
    image = np.array(data.draw(st.lists(st.floats(-1e6, 1e6), min_size=36, max_size=36))).reshape(
        height, width
    )
    bad, done = found.mask(image.shape), found.apply(image, interpolate=True)
    masked = found.apply(CCDData(image, unit="adu"), interpolate=True)
    assert np.array_equal(masked.mask, bad)
    for y, x in np.ndindex(image.shape):
        left = [i for i in range(x, -1, -1) if not bad[y, i]][:1]
        right = [i for i in range(x, width) if not bad[y, i]][:1]
        if not left and not right:
            assert math.isnan(done[y, x])
            assert masked.data[y, x] == image[y, x]
            continue
        a, b = (left or right)[0], (right or left)[0]
        part = (x - a) / (b - a) if b > a else 0.0
        expected = image[y, a] * (1 - part) + image[y, b] * part
        assert done[y, x] == pytest.approx(expected, rel=1e-12, abs=1e-9)
        assert masked.data[y, x] == done[y, x]
    plane = np.add.outer(np.arange(4.0), 2 * np.arange(9.0))
    inner = defects((2, 1, 4, 2)).apply(plane, interpolate=True)
    assert np.allclose(inner, plane, rtol=0, atol=1e-12)


def test_unknown_options_are_refused(image: np.ndarray) -> None:
    with pytest.raises(CuratedError, match="apply has no option interpolat"):
        defects().apply(image, interpolat=True)


# -- crosstalk ------------------------------------------------------------------------------------------

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
    done = image.copy()
    for t, target in enumerate(geometry.amplifiers):
        for j in range(target.box.height):
            for i in range(target.box.width):
                y, x = at_read(geometry, target, j, i)
                for pixels, other, linear, square in terms:
                    for s, source in enumerate(other.amplifiers):
                        value = pixels[at_read(other, source, j, i)]
                        done[y, x] -= linear[s][t] * value + square[s][t] * value**2
    return done


@pytest.fixture
def raw() -> np.ndarray:
    return np.random.default_rng(3).uniform(0, 50000, (6, 10))


@pytest.mark.parametrize("corners", [CORNERS, ("LL",) * 4, ("UR", "LL", "LR", "UL")])
def test_crosstalk_is_the_sum(raw: np.ndarray, corners: tuple[str, ...]) -> None:
    calib, geometry = crosstalk(), detector(corners=corners)
    before = raw.copy()
    expected = written_out(raw, geometry, [(raw, geometry, calib.coeffs, calib.coeffsSqr)])
    done = calib.apply(raw, detector=geometry)
    assert np.allclose(done, expected, rtol=1e-13, atol=0)
    assert np.array_equal(raw, before)
    ccd = calib.apply(CCDData(raw, unit="adu"), detector=geometry)
    assert isinstance(ccd, CCDData)
    assert np.array_equal(ccd.data, done)


def test_crosstalk_between_detectors(raw: np.ndarray) -> None:
    other, matrix = (
        detector("d01", ("UR", "UL", "LR", "LL")),
        np.random.default_rng(5).normal(0, 1e-3, (4, 4)),
    )
    calib = crosstalk(interChip={"d01": matrix.tolist(), "d07": matrix.tolist()})
    theirs, geometry = raw[::-1] * 0.5, detector()
    own = (raw, geometry, calib.coeffs, calib.coeffsSqr)
    expected = written_out(raw, geometry, [own, (theirs, other, matrix, np.zeros((4, 4)))])
    sources = {"d01": (theirs, other), "d05": (theirs, other)}
    assert np.allclose(calib.apply(raw, detector=geometry, sources=sources), expected, rtol=1e-13, atol=0)


def test_a_simulated_ghost_is_removed() -> None:
    """A star in one amplifier leaves its mirror image in another; what is left is of second order."""
    sky = np.full((6, 10), 100.0)
    sky[1, 1] = 60000.0
    geometry = detector()
    coeffs = np.zeros((4, 4))
    coeffs[0, 3] = 1e-4
    calib = dataclasses.replace(crosstalk(), coeffs=coeffs, coeffsSqr=np.zeros((4, 4)))
    seen = sky.copy()
    seen[4, 8] += 6.0  # first amplifier's second pixel, in the last one's corner at the upper right
    seen[3:, 5:] += 0.01 * (np.arange(15).reshape(3, 5) != 8)
    assert np.abs(calib.apply(seen, detector=geometry) - sky).max() < 1e-10


@pytest.mark.parametrize(("image_unit", "ratio_unit"), [("adu", "electron"), ("electron", "adu")])
def test_crosstalk_in_other_units(raw: np.ndarray, image_unit: str, ratio_unit: str) -> None:
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


def test_crosstalk_backgrounds(raw: np.ndarray) -> None:
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


def test_crosstalk_that_cannot_be_used_is_not(raw: np.ndarray) -> None:
    calib, geometry = crosstalk(), detector()
    valid = np.ones((4, 4), bool)
    valid[2] = False
    partly = dataclasses.replace(calib, coeffValid=valid)
    zeroed = dataclasses.replace(calib, coeffs=calib.coeffs * valid, coeffsSqr=calib.coeffsSqr * valid)
    assert np.array_equal(partly.apply(raw, detector=geometry), zeroed.apply(raw, detector=geometry))
    none = Crosstalk.fromDict({"metadata": {"HAS_CROSSTALK": False}})
    assert np.array_equal(none.apply(raw, detector=geometry), raw)
    assert np.array_equal(Crosstalk.fromDetector(geometry).apply(raw, detector=geometry), raw)


def test_crosstalk_needs_the_right_detector(raw: np.ndarray) -> None:
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


def test_crosstalk_of_the_demonstration() -> None:
    """With the geometry of the demonstration's camera, and another detector's image."""
    camera = CameraGeometry.readText(DEMO / "camera" / f"{FIRST}.yaml")
    calib = Crosstalk.readText(DEMO / "crosstalk" / "d00" / f"{FIRST}.yaml")
    image = np.full((1024, 1024), 1000.0)
    done = calib.apply(
        image, detector=camera.detector("d00"), sources={"d01": (image, camera.detector("d01"))}
    )
    change = image - done
    expected = 1000 * (calib.coeffs + calib.interChip["d01"]).sum(axis=0) + 1e6 * calib.coeffsSqr.sum(axis=0)
    for amplifier, part in zip(camera.detector("d00").amplifiers, expected, strict=True):
        assert np.allclose(change[amplifier.box.slices], part, rtol=1e-8)


# -- brighter-fatter --------------------------------------------------------------------------------------


def kernel_of(size: int = 17) -> np.ndarray:
    path = DEMO / "bfk" / "d01" / f"{FIRST}.yaml"
    kernel = next(iter(BrighterFatterKernel.readText(path).kernels.values()))
    cut = (kernel.shape[0] - size) // 2
    return kernel[cut : kernel.shape[0] - cut, cut : kernel.shape[1] - cut]


def divergence(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Sum over the sides of each pixel, potentials by the sum that defines the convolution."""
    height, width = image.shape
    half = len(kernel) // 2

    def pixel(y: int, x: int) -> float:
        return image[min(max(y, 0), height - 1), min(max(x, 0), width - 1)]

    def potential(y: int, x: int) -> float:
        lags = range(-half, half + 1)
        return sum(kernel[half + dy, half + dx] * pixel(y - dy, x - dx) for dy in lags for dx in lags)

    phi = [[potential(y, x) for x in range(width)] for y in range(height)]
    done = np.zeros(image.shape)
    for y, x in np.ndindex(image.shape):
        for j, i in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= j < height and 0 <= i < width:
                done[y, x] += (image[y, x] + image[j, i]) / 2 * (phi[j][i] - phi[y][x])
    return done


def star(width: float, total: float, size: int = 61, dx: float = 0.0) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - size // 2
    shape = np.exp(-((x - dx) ** 2 + y**2) / (2 * width**2))
    return total * shape / shape.sum()


def second_moment(image: np.ndarray) -> float:
    y, x = np.mgrid[: image.shape[0], : image.shape[1]] - image.shape[0] // 2
    return float((image * (x**2 + y**2)).sum() / image.sum())


def blurred(true: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """What is read when ``true`` falls in: the equation of the correction, solved for the other image."""
    once = correct(true, [(kernel, Box(0, 0, true.shape[1], true.shape[0]))], np.inf, 1)
    return true - (once - true)


def bfk(kernel: np.ndarray) -> BrighterFatterKernel:
    names = (
        "expIdMask",
        "rawMeans",
        "rawVariances",
        "rawXcorrs",
        "gain",
        "noise",
        "meanXcorrs",
        "ampKernels",
        "valid",
    )
    size = {
        "LEVEL": "DETECTOR",
        "KERNEL_DX": kernel.shape[1],
        "KERNEL_DY": kernel.shape[0],
        "BFK_VERSION": 1.1,
    }
    tree = {name: {} for name in names}
    return BrighterFatterKernel.fromDict({"metadata": size, **tree, "detKernels": {"d00": kernel.tolist()}})


def amp_bfk(kernels: dict[str, np.ndarray], gains: dict[str, float], bad: str = "") -> BrighterFatterKernel:
    size = next(iter(kernels.values())).shape
    metadata = {"LEVEL": "AMP", "KERNEL_DX": size[1], "KERNEL_DY": size[0], "BFK_VERSION": 1.1}
    one = {name: [1.0] for name in kernels}
    tree = dict.fromkeys(("rawMeans", "rawVariances", "rawXcorrs"), one)
    tree |= {
        "gain": gains,
        "noise": dict.fromkeys(kernels, 5.0),
        "valid": {name: name != bad for name in kernels},
    }
    tree |= {key: {n: k.tolist() for n, k in kernels.items()} for key in ("meanXcorrs", "ampKernels")}
    return BrighterFatterKernel.fromDict({"metadata": metadata, **tree})


def test_brighter_fatter_is_the_sum() -> None:
    kernel = kernel_of(5) * np.add.outer(np.arange(5), np.linspace(1, 2, 5))
    image = np.random.default_rng(8).uniform(0, 50000, (9, 11))
    done = bfk(kernel).apply(image, threshold=np.inf, max_iter=1)
    expected = image + 0.5 * divergence(image, kernel)
    assert np.abs(expected - image).max() > 10
    assert np.allclose(done, expected, rtol=0, atol=1e-7)
    twice = bfk(kernel).apply(image, threshold=1e9, max_iter=9)
    assert np.array_equal(done, twice)


def test_a_second_iteration_uses_the_first() -> None:
    kernel, image = kernel_of(5), np.random.default_rng(9).uniform(0, 50000, (9, 11))
    with pytest.warns(RuntimeWarning, match="still changed by .* electrons after 2 iterations"):
        done = bfk(kernel).apply(image, threshold=0.0, max_iter=2)
    once = image + 0.5 * divergence(image, kernel)
    assert np.allclose(done, image + 0.5 * divergence(once, kernel), rtol=0, atol=1e-7)


@pytest.mark.parametrize("dx", [0.0, 0.4])
def test_a_star_gets_its_width_back(dx: float) -> None:
    kernel, true = kernel_of(), star(1.8, 1.5e6, dx=dx) + 200.0
    seen = blurred(true, kernel)
    assert second_moment(seen - 200) > second_moment(true - 200) * 1.003
    done = bfk(kernel).apply(seen, threshold=1e-3, max_iter=50)
    assert np.abs(done - true).max() < 1e-3
    assert np.abs(seen - true).max() > 100
    assert second_moment(done - 200) == pytest.approx(second_moment(true - 200), rel=1e-7)
    assert done.sum() == pytest.approx(seen.sum(), rel=1e-12)


@examples(30)
@given(st.integers(0, 2**32), st.integers(5, 40), st.integers(5, 40))
def test_charge_is_conserved(seed: int, height: int, width: int) -> None:
    image = np.random.default_rng(seed).uniform(0, 60000, (height, width))
    done = bfk(kernel_of()).apply(image, threshold=np.inf)
    assert done.sum() == pytest.approx(image.sum(), rel=1e-12)


def test_flat_light_stays_as_it_is() -> None:
    image = np.full((40, 50), 30000.0)
    assert np.allclose(bfk(kernel_of()).apply(image), image, rtol=1e-11)


def test_kernels_of_amplifiers() -> None:
    """Equal kernels are one kernel, across the border too; different ones still conserve charge."""
    image = star(2.0, 1e6, 62)[:60, :60] + 100.0
    halves = tuple(Amplifier(name, Box(30 * i, 0, 30, 60), gain=9.0) for i, name in enumerate(("A", "B")))
    geometry = DetectorGeometry("d00", 0, 60, 60, halves)
    kernel, gains = kernel_of(), {"A": 1.5, "B": 1.25}
    one = bfk(kernel).apply(image, threshold=1.0)
    both = amp_bfk({"A": kernel, "B": kernel}, gains)
    assert np.allclose(both.apply(image, detector=geometry, threshold=1.0), one, rtol=1e-10)
    other = amp_bfk({"A": kernel, "B": 1.1 * kernel}, gains).apply(image, detector=geometry, threshold=1.0)
    assert other.sum() == pytest.approx(image.sum(), rel=1e-12)
    assert np.abs(other - one).max() > 1
    for broken, match in (
        (amp_bfk({"A": kernel, "B": kernel}, gains, bad="B"), "amplifier B has no kernel that can be used"),
        (amp_bfk({"A": kernel, "C": kernel}, {"A": 1, "C": 1}), "amplifier B has no kernel that can be used"),
    ):
        with pytest.raises(CuratedError, match=match):
            broken.apply(image, detector=geometry)
    with pytest.raises(CuratedError, match="the amplifiers must be known"):
        both.apply(image)


def test_brighter_fatter_in_adu() -> None:
    """The calibration's own gains rule over the geometry's, the caller's over both."""
    image = star(2.0, 1e6, 62)[:60, :60] + 100.0
    halves = tuple(Amplifier(name, Box(30 * i, 0, 30, 60), gain=9.0) for i, name in enumerate(("A", "B")))
    geometry = DetectorGeometry("d00", 0, 60, 60, halves)
    calib = amp_bfk({"A": kernel_of(), "B": kernel_of()}, {"A": 1.5, "B": 1.25})
    gain = np.repeat([[1.5, 1.25]], 30, axis=1).repeat(60, axis=0)
    expected = calib.apply(image * gain, detector=geometry, threshold=1.0) / gain
    done = calib.apply(CCDData(image, unit="adu"), detector=geometry, threshold=1.0)
    assert np.allclose(done.data, expected, rtol=1e-12)
    assert done.unit == u.adu
    given = calib.apply(image, detector=geometry, unit="adu", gains={"A": 2.0, "B": 2.0}, threshold=1.0)
    assert np.allclose(given, calib.apply(image * 2, detector=geometry, threshold=1.0) / 2, rtol=1e-12)
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
    done = bfk(kernel_of()).apply(image)
    assert done.dtype == np.dtype("f4")
    assert np.argwhere(np.isnan(done)).tolist() == [[4, 5]]


def test_gains_replace_those_of_the_geometry() -> None:
    assert [a.gain for a in with_gains(detector(), {"C1": 7.0}).amplifiers] == [1.0, 7.0, 1.5, 1.75]


# -- transmission ---------------------------------------------------------------------------------------


def curve(wavelength: list[float], throughput: list[float], **metadata: Any) -> FilterTransmission:
    return FilterTransmission.fromDict(
        {
            "metadata": metadata,
            "wavelength": wavelength,
            "throughput": throughput,
            "units": {"wavelength": "nm"},
        }
    )


def test_throughput_at() -> None:
    found = curve([400.0, 500.0, 600.0], [0.2, 0.8, 0.4])
    assert found.throughput_at([399.9, 400, 450, 600, 600.1]).tolist() == [0, 0.2, 0.5, 0.4, 0]
    assert found.throughput_at(np.array([[5000.0, 6000.0]]) * u.AA).tolist() == [[0.8, 0.4]]
    assert found.throughput_at(0.45 * u.um) == pytest.approx(0.5)
    with pytest.raises(u.UnitConversionError):
        found.throughput_at(3 * u.s)


@pytest.mark.parametrize(
    "path", sorted(DEMO.glob("transmission_*/**/*.ecsv"))[::4], ids=lambda p: "-".join(p.parts[-4:])
)
def test_samples_are_hit_exactly(path: Path) -> None:
    found = own_types()[path.relative_to(DEMO).parts[0]].readText(path)
    wavelengths, throughputs = found.samples()
    assert np.array_equal(found.throughput_at(wavelengths), throughputs)
    assert np.allclose(found.curve()[0], 10 * wavelengths, rtol=1e-15)
    assert np.array_equal(wavelengths, np.unique(found.wavelength))


def test_product() -> None:
    one = curve([400.0, 500.0, 600.0], [0.2, 0.8, 0.4], INSTRUME="Demo", FILTER="r")
    two = curve([450.0, 550.0, 700.0], [0.5, 1.0, 1.0], INSTRUME="demo", SOURCE="x")
    both = product([one, two])
    assert both.wavelength.tolist() == [450, 500, 550, 600]
    assert both.throughput.tolist() == pytest.approx([0.25, 0.6, 0.6, 0.4])
    assert dict(both.metadata) == {"OBSTYPE": "transmission_system", "INSTRUME": "demo", "FILTER": "r"}
    assert product([one]).throughput.tolist() == [0.2, 0.8, 0.4]
    with pytest.raises(CalibrationError, match="FILTER is 'g', but 'r'"):
        product([one, curve([400.0, 500.0], [1.0, 1.0], FILTER="g")])
    with pytest.raises(CuratedError, match="no range of wavelengths in common: 400 to 600 nm, 600 to 700 nm"):
        product([one, curve([600.0, 700.0], [1.0, 1.0])])
    with pytest.raises(CuratedError, match="a product of no curves"):
        product([])


def test_the_system_of_the_demonstration_is_the_product() -> None:
    parts = [
        own_types()[name].readText(DEMO / name / levels / f"{FIRST}.ecsv")
        for name, levels in (
            ("transmission_filter_detector", "d00/r"),
            ("transmission_sensor", "d00"),
            ("transmission_optics", ""),
            ("transmission_atmosphere", ""),
        )
    ]
    assert isinstance(parts[1], SensorTransmission)
    system = SystemTransmission.readText(DEMO / "transmission_system" / "d00" / "r" / f"{FIRST}.ecsv")
    made = product(parts)
    assert made.metadata["DETECTOR"] == 0
    wavelengths = system.samples()[0]
    assert np.abs(made.throughput_at(wavelengths) - system.throughput_at(wavelengths)).max() < 2e-6
