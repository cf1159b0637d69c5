"""Planes of images, compared by their pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from curated.image.content import plane_contents
from curated.image.planes import Plane

PIXELS = np.arange(12, dtype=">f4").reshape(3, 4)


def plane(values: np.ndarray, name: str = "IMAGE", bitpix: int = -32, **bits: int) -> Plane:
    return Plane(name, values.shape[1], values.shape[0], bitpix, values=values, bits=bits)


def test_precision_and_zeros_do_not_count() -> None:
    signed = PIXELS.astype(">f8")
    signed[0, 0] = -0.0
    single = plane_contents({"IMAGE": plane(PIXELS)})
    assert single == plane_contents({"IMAGE": plane(signed, bitpix=-64)})
    changed = PIXELS.copy()
    changed[2, 3] = np.nextafter(changed[2, 3], np.float32(100))
    assert single != plane_contents({"IMAGE": plane(changed)})
    assert single != plane_contents({"IMAGE": plane(PIXELS.reshape(4, 3))})


def test_bits_count_by_meaning() -> None:
    image = {"IMAGE": plane(PIXELS)}
    mask = np.zeros((3, 4), ">i4")
    empty = plane_contents({**image, "MASK": plane(mask, "MASK", 32, BAD=0)})
    assert empty == plane_contents(image)
    low, high = mask.copy(), mask.copy()
    low[1, 1], high[1, 1] = 1, 1 << 7
    first = plane(low, "MASK", 32, BAD=0)
    second = plane(high, "MASK", 32, BAD=7)
    assert plane_contents({"MASK": first}) == plane_contents({"MASK": second}) != {}
    assert plane_contents({"MASK": first}) != plane_contents({"MASK": replace(second, bits={"SAT": 7})})


def test_an_empty_variance_is_none() -> None:
    image = {"IMAGE": plane(PIXELS)}
    zeros = plane(np.zeros((3, 4), ">f4"), "VARIANCE")
    assert plane_contents({**image, "VARIANCE": zeros}) == plane_contents(image)
    assert plane_contents({**image, "VARIANCE": plane(PIXELS, "VARIANCE")}) != plane_contents(image)
