"""An image, and image products that correct it."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy.nddata import CCDData

from curated.registry import get_type

SHAPE = (40, 50)
_RANDOM = np.random.RandomState(3)
IMAGE = _RANDOM.normal(1000, 20, SHAPE)
CALIBRATION = _RANDOM.uniform(0.8, 1.2, SHAPE).astype("f4")
MASK = _RANDOM.uniform(size=SHAPE) < 0.05


def make_product(kind: str, image: Any = CALIBRATION, **values: Any) -> Any:
    """Return an image product of a type."""
    cls: Any = get_type(kind)
    return cls.from_pixels(image, **values)


def make_ccd(image: Any = IMAGE, unit: str = "adu", **more: Any) -> CCDData:
    """Return an image of astropy; the arguments are those of `CCDData`."""
    return CCDData(image.copy(), unit=unit, **more)


def make_scene(amplitude: float) -> tuple[Any, Any]:
    """Return fringes on a sky of 1000 with stars, and the fringe pattern."""
    y, x = np.mgrid[0:200, 0:150]
    pattern = 6 * np.sin(0.3 * x + 0.002 * y**2) + 3
    image = 1000 + amplitude * pattern + np.random.RandomState(1).normal(0, 2, x.shape)
    stars = np.random.RandomState(2).randint(0, 150, (40, 2))
    for row, column in stars:
        image[row : row + 4, column : column + 4] += 5000
    return image, pattern
