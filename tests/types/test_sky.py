"""Sky frames: the level in an image."""

from __future__ import annotations

import numpy as np
import pytest

from curated.core.diagnostic import CuratedError
from support.image_products import IMAGE, SHAPE, make_product, make_scene


def test_the_level_of_the_sky_in_spite_of_stars() -> None:
    image, _ = make_scene(0.0)
    frame = np.linspace(0.98, 1.02, image.size).reshape(image.shape)
    sky = make_product("sky", frame)
    assert sky.level(image * frame) == pytest.approx(1000, abs=0.5)
    assert abs(np.median(sky.apply(image * frame))) < 0.5


def test_a_frame_without_positive_pixels() -> None:
    with pytest.raises(CuratedError, match="no positive pixel"):
        make_product("sky", -np.ones(SHAPE)).apply(IMAGE)
