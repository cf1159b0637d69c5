"""Compare how region files are read with what the package `regions` makes of them, pixel by pixel, for random regions.

    python fuzz/regions_difference.py [NUMBER] [SEED]

Each file has one to four shapes, as DS9 or as a FITS table, written by `regions` itself; every tenth centre and size is a whole
or half number, where the edges of shapes meet the centres of pixels, and every fifth region of DS9 but the first is excluded.
Every second file is read as one of a raw image, whose prescan is cut off. The exit status is 1 if any pixel differs.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import regions
from astropy import units as u

from curated.core.geometry import DetectorGeometry
from curated.declare import Array
from curated.exchange.foreign import Conventions, Target, open_foreign
from curated.exchange.readers import read_foreign
from curated.types.defects import Defects

WIDTH, HEIGHT = 120, 90
PRESCAN = 7
"""Columns of a raw image before those of the detector."""

KINDS = ("circle", "box", "ellipse", "polygon", "point", "annulus", "ellipseannulus", "boxannulus")


def random_region(kind: str, generator: np.random.Generator) -> Any:
    """Return a region of a kind, some of it beyond the image."""

    def number(low: float, high: float) -> float:
        value = float(generator.uniform(low, high))
        return round(2 * value) / 2 if generator.random() < 0.1 else round(value, 6)

    centre = regions.PixCoord(number(-3, WIDTH + 3), number(-3, HEIGHT + 3))
    small, large = (number(0.5, 10), number(0.5, 10)), (number(10.5, 40), number(10.5, 40))
    angle = float(generator.choice([0, 90, 180, -90, round(generator.uniform(-360, 360), 6)])) * u.deg
    if kind == "circle":
        return regions.CirclePixelRegion(centre, number(0.3, 30))
    if kind == "box":
        return regions.RectanglePixelRegion(centre, number(0.5, 40), number(0.5, 40), angle)
    if kind == "ellipse":
        return regions.EllipsePixelRegion(centre, number(0.5, 40), number(0.5, 40), angle)
    if kind == "polygon":
        count = int(generator.integers(3, 9))
        xs, ys = [number(-5, WIDTH + 5) for _ in range(count)], [number(-5, HEIGHT + 5) for _ in range(count)]
        return regions.PolygonPixelRegion(regions.PixCoord(xs, ys))
    if kind == "point":
        return regions.PointPixelRegion(regions.PixCoord(number(0, WIDTH - 1), number(0, HEIGHT - 1)))
    if kind == "annulus":
        return regions.CircleAnnulusPixelRegion(centre, small[0], large[0])
    make = (
        regions.EllipseAnnulusPixelRegion if kind == "ellipseannulus" else regions.RectangleAnnulusPixelRegion
    )
    return make(centre, small[0], large[0], small[1], large[1], angle)


def image_of(items: Any) -> Array:
    """Return the pixels of regions as the package rasterises them."""
    image = np.zeros((HEIGHT, WIDTH), bool)
    for region in sorted(items, key=lambda region: not region.meta.get("include", True)):
        is_included = region.meta.get("include", True)
        if isinstance(region, regions.PointPixelRegion):
            x, y = (int(np.floor(value + 0.5)) for value in region.center.xy)
            if 0 <= x < WIDTH and 0 <= y < HEIGHT:
                image[y, x] = is_included
            continue
        pixels = region.to_mask(mode="center").to_image((HEIGHT, WIDTH))
        if pixels is not None:
            image[pixels > 0] = is_included
    return image


def one_amplifier() -> Any:
    """Return the geometry of one amplifier behind a prescan, which reads what is left of the detector."""
    numbers = {"raw_x0": PRESCAN, "raw_y0": 0, "amplifier_width": WIDTH - PRESCAN, "amplifier_height": HEIGHT}
    numbers |= {"amplifier_x0": 0, "amplifier_y0": 0, "flip_x": 0, "flip_y": 0}
    columns = {name: np.array([number]) for name, number in numbers.items()}
    return SimpleNamespace(amplifier_detector=np.array(["d0"]), **columns)


def main(number: int, seed: int) -> int:
    """Compare files, print the first differences, and return the exit status."""
    generator = np.random.default_rng(seed)
    target = Target(cls=Defects, detector=DetectorGeometry("d0", 0, WIDTH, HEIGHT))
    camera = one_amplifier()
    raw_target = replace(target, camera=camera, conventions=Conventions(untrimmed=True))
    differences = compared = 0
    with tempfile.TemporaryDirectory() as directory:
        for index in range(number):
            suffix = "fits" if index % 3 == 2 else "reg"
            kinds = KINDS[:-1] if suffix == "fits" else KINDS
            chosen = [
                random_region(str(generator.choice(kinds)), generator)
                for _ in range(generator.integers(1, 5))
            ]
            for region in chosen[1:] if suffix == "reg" else ():
                region.meta["include"] = bool(generator.random() > 0.2)
            path = Path(directory, f"r{index}.{suffix}")
            regions.Regions(chosen).write(str(path), precision=12) if suffix == "reg" else regions.Regions(
                chosen
            ).write(str(path))
            written = regions.Regions.read(str(path)) if suffix == "reg" else chosen
            is_raw = index % 2 == 1
            foreign, _ = read_foreign(open_foreign(path), raw_target if is_raw else target)
            beyond = [p for p in foreign.problems if p.code == "CAL712"]
            expected = image_of(written)
            if is_raw:
                expected[:, : WIDTH - PRESCAN] = expected[:, PRESCAN:]
                expected[:, WIDTH - PRESCAN :] = False
            image = np.zeros((HEIGHT, WIDTH), bool)
            columns = [column.values.tolist() for column in foreign.tables[0].values()]
            for x0, y0, width, height in zip(*columns, strict=True):
                image[y0 : y0 + height, x0 : x0 + width] = True
            compared += len(chosen)
            if not np.array_equal(image, expected) or (len(beyond) == len(chosen) and image.any()):
                differences += 1
                if differences < 5:
                    print(index, suffix, chosen, int((image ^ expected).sum()), foreign.problems)
    print(f"{compared} regions in {number} files: {differences} files differ")
    return int(differences > 0)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    arguments = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(arguments + [800, 1][len(arguments) :])))
