"""Statistics of several exposures with known values."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from curated.core.metadata import Metadata
from curated.declare.statistic import Frame, NotRunError, Sample
from curated.types import _sequence_statistics as s
from curated.types.defects import Defects
from support.samples import AMPLIFIER, COLUMNS, GAIN, READ_NOISE, ROWS, before, pixels, residual, with_parts


def test_halves_of_darks() -> None:
    images = [pixels(n) for n in range(8)]
    value, error = s.ODD_EVEN_DIFFERENCE.compute(residual(*images))
    assert abs(value) < 4 * error
    warmer = [image + 2 * (n % 2) for n, image in enumerate(images)]
    value, error = s.ODD_EVEN_DIFFERENCE.compute(residual(*warmer))
    assert value == pytest.approx(-2 * GAIN, abs=5 * error)
    with pytest.raises(NotRunError, match="needs 4 exposures, and there are 3"):
        s.ODD_EVEN_DIFFERENCE.compute(residual(*images[:3]))


@pytest.mark.parametrize("signal", [2_000, 40_000])
def test_gain_of_pairs(signal: int) -> None:
    pattern = 1 + np.random.default_rng(1).normal(0, 0.02, (ROWS, COLUMNS))
    # The second exposure of a pair is brighter by 4 %, and the pattern is no photon noise.
    images = [pixels(n, signal=signal * (1 + 0.04 * (n % 2))) * pattern for n in range(4)]
    value, error = s.PAIR_GAIN_EXCESS.compute(before(*images))
    assert value == pytest.approx(0, abs=4 * error)
    assert error < 0.01
    scaled_images = [image * 1.1 for image in images]
    value, error = s.PAIR_GAIN_EXCESS.compute(before(*scaled_images))
    assert value == pytest.approx(1 / 1.1 - 1, abs=0.01)


def test_pairs_that_are_none() -> None:
    flat, dark = pixels(1, signal=5000), pixels(2)
    for images, message in (
        ((flat,), "needs 2 exposures"),
        ((flat, 2 * flat), "differ in level"),
        ((dark - 90, dark - 90), "no signal"),
        ((flat, flat), "no photon noise"),
        ((Frame(flat, unit="electron"), Frame(flat, unit="electron")), "not in adu"),
    ):
        with pytest.raises(NotRunError, match=message):
            s.PAIR_GAIN_EXCESS.compute(before(*images))


def test_correlation_of_neighbours() -> None:
    flats = [pixels(n, signal=50_000) for n in range(4)]
    value, error = s.NEIGHBOUR_CORRELATION.compute(residual(*flats))
    assert abs(value) < 4 * error
    smeared = [flat + 0.02 * (np.roll(flat, 1, axis=0) - flat) for flat in flats]
    assert s.NEIGHBOUR_CORRELATION.compute(residual(*smeared)).value == pytest.approx(0.02, abs=4 * error)
    # Cosmic rays are not noise, and the pattern is in both exposures.
    spoiled = [flat * np.linspace(0.9, 1.1, COLUMNS) for flat in flats]
    spoiled[0][50:60, 50] += 30_000
    assert abs(s.NEIGHBOUR_CORRELATION.compute(residual(*spoiled)).value) < 4 * error


@pytest.mark.parametrize("deviation", [0.0, 0.03, -0.03])
def test_nonlinearity(deviation: float) -> None:
    frames = [
        Frame(pixels(n, signal=1000 * n * (1 + deviation * (n == 9))), time=0.5 * n, exposure=str(n))
        for n in (1, 3, 6, 9)
    ]
    value, error = s.NONLINEARITY.compute(residual(*frames))
    assert value == pytest.approx(abs(deviation), abs=max(5 * error, 0.002))
    with pytest.raises(NotRunError, match="several times"):
        s.NONLINEARITY.compute(residual(*[replace(frame, time=1.0) for frame in frames]))
    with pytest.raises(NotRunError, match="several times"):
        s.NONLINEARITY.compute(residual(frames[0], frames[1], replace(frames[2], time=math.nan)))


def defects(*boxes: tuple[int, int, int, int]) -> Any:
    columns = np.array(boxes, int).reshape(-1, 4).T
    return Defects(metadata=Metadata({}), x0=columns[0], y0=columns[1], width=columns[2], height=columns[3])


def hot(seed: int, *boxes: tuple[int, int, int, int]) -> Any:
    image = pixels(seed)
    for x, y, width, height in boxes:
        image[y : y + height, x : x + width] += 200
    return image


def test_defects_and_their_map() -> None:
    boxes = ((10, 20, 2, 30), (100, 100, 1, 1))
    frames = [hot(n, *boxes) for n in range(3)]
    frames[0][5:9, 5:9] += 500  # a cosmic ray in one of three exposures
    total = ROWS * COLUMNS
    complete = before(*frames, product=defects(*boxes))
    assert s.UNMASKED_OUTLIERS.compute(complete).value == 0
    assert s.UNCONFIRMED_DEFECTS.compute(complete).value == 0
    lacking = before(*frames, product=defects(boxes[1]))
    assert s.UNMASKED_OUTLIERS.compute(lacking).value == pytest.approx(60 / (total - 1))
    idle = before(*frames, product=defects(*boxes, (200, 200, 3, 13)))
    assert s.UNCONFIRMED_DEFECTS.compute(idle).value == pytest.approx(39 / 100)
    assert s.UNMASKED_OUTLIERS.compute(idle).value == 0


def test_maps_of_other_amplifiers() -> None:
    shifted = replace(AMPLIFIER, box=replace(AMPLIFIER.box, x0=COLUMNS))
    sample = replace(before(pixels(1), product=defects((0, 0, COLUMNS + 2, 5))), amplifier=shifted)
    assert s.UNCONFIRMED_DEFECTS.compute(sample).value == 1
    assert s.UNCONFIRMED_DEFECTS.compute(replace(sample, product=defects((0, 0, COLUMNS, 5)))).value == 0
    with pytest.raises(NotRunError, match="all pixels are masked"):
        s.UNMASKED_OUTLIERS.compute(before(pixels(1), product=defects((0, 0, COLUMNS, ROWS))))
    with pytest.raises(NotRunError, match="no boxes"):
        s.UNMASKED_OUTLIERS.compute(before(pixels(1), product=object()))


def test_exposures_are_left_as_they_are() -> None:
    """verifyDefects of cp_verify subtracts the median of the exposure that later statistics look at."""
    image = pixels(1, signal=500)
    copy = image.copy()
    s.UNMASKED_OUTLIERS.compute(before(image, product=defects((1, 1, 2, 2))))
    s.MEDIAN_OFFSET.compute(residual(image))
    assert (image == copy).all()


def test_median_offset() -> None:
    value, error = s.MEDIAN_OFFSET.compute(residual(pixels(1)))
    assert abs(value) < 4 * error
    ghosts = pixels(2)
    ghosts[:, :60] += 8
    value, _ = s.MEDIAN_OFFSET.compute(residual(ghosts))
    assert value < -0.05


def with_spot(seed: int, *, is_bright: bool, ghost: float = 0.0) -> Any:
    image = pixels(seed)
    image[100:130, 100:130] += 20_000 if is_bright else ghost
    return image


def test_crosstalk_that_is_left() -> None:
    clean = with_parts(
        with_spot(1, is_bright=True), with_spot(2, is_bright=False), with_spot(3, is_bright=False)
    )
    assert s.CROSSTALK_PAIRS.compute(clean).value == 0
    ghost = with_parts(
        with_spot(1, is_bright=True),
        with_spot(2, is_bright=False, ghost=2.0),
        with_spot(3, is_bright=False, ghost=-2.0),
    )
    assert s.CROSSTALK_PAIRS.compute(ghost).value == 2
    with pytest.raises(NotRunError, match="bright pixels"):
        s.CROSSTALK_PAIRS.compute(with_parts(pixels(1), pixels(2)))
    with pytest.raises(NotRunError, match="amplifiers"):
        s.CROSSTALK_PAIRS.compute(Sample())


def test_ghosts_are_mirrored_as_amplifiers_are_read() -> None:
    bright, dark = pixels(1), pixels(2)
    bright[100:130, 20:50] += 20_000
    dark[100:130, -50:-20] += 2
    sample = with_parts(bright, dark)
    assert s.CROSSTALK_PAIRS.compute(sample).value == 0
    name, part = list(sample.parts.items())[1]
    mirrored = {**sample.parts, name: replace(part, amplifier=replace(AMPLIFIER, readout_corner="LR"))}
    assert s.CROSSTALK_PAIRS.compute(replace(sample, parts=mirrored)).value == 1
    assert READ_NOISE / GAIN == 5
