"""Fringe patterns: the amplitude in an image."""

from __future__ import annotations

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from support.image_products import IMAGE, SHAPE, make_ccd, make_product, make_scene


@pytest.mark.parametrize("amplitude", [0.0, 0.5, 3.0, -1.0])
def test_the_amplitude_of_fringes_in_spite_of_stars(amplitude: float) -> None:
    image, pattern = make_scene(amplitude)
    fringe = make_product("fringe", pattern)
    assert fringe.amplitude(image) == pytest.approx(amplitude, abs=0.02)
    clean = image - amplitude * pattern
    assert np.allclose(fringe.apply(image), clean, atol=0.2)


def test_the_amplitude_without_stars_is_that_of_least_squares() -> None:
    """Against numpy's solver of the same problem with a free background."""
    y, x = np.mgrid[0:60, 0:50]
    pattern = np.sin(0.3 * x + 0.1 * y)
    image = 100 + 4 * pattern + np.random.RandomState(1).uniform(-0.5, 0.5, x.shape)
    design = np.stack([pattern.ravel(), np.ones(pattern.size)], axis=1)
    expected = np.linalg.lstsq(design, image.ravel(), rcond=None)[0][0]
    assert make_product("fringe", pattern).amplitude(image) == pytest.approx(expected, rel=0.01)


def test_masked_pixels_do_not_count() -> None:
    image, pattern = make_scene(2.0)
    mask = np.zeros(image.shape, bool)
    mask[:100] = True
    image[:100] = -1e6
    assert make_product("fringe", pattern).amplitude(make_ccd(image, mask=mask)) == pytest.approx(
        2.0, abs=0.03
    )
    assert make_product("fringe", pattern, mask=mask).amplitude(image) == pytest.approx(2.0, abs=0.03)


def test_a_pattern_without_content() -> None:
    with pytest.raises(CuratedError, match="no pattern"):
        make_product("fringe", np.ones(SHAPE)).apply(IMAGE)
