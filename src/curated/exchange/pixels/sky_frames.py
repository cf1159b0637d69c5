"""Coordinates of the sky, and physical ones, in pixels of the image that regions were drawn on.

Physical coordinates are those of the image before it was cut or binned, by the keywords LTV and LTM of IRAF: pixel = LTM *
physical + LTV. Regions in the sky become regions in pixels by the WCS of the image, as the package ``regions`` does it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curated.core.diagnostic import CuratedError, Problem
from curated.exchange.foreign import ForeignError, open_foreign
from curated.exchange.hdus import image_numbers, open_hdus

SKY_SYSTEMS = frozenset(("fk4", "b1950", "fk5", "j2000", "icrs", "galactic", "ecliptic"))


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The header of the image that regions were drawn on."""

    header: Any = field(repr=False)
    size: tuple[int, int] = (0, 0)
    """Columns and rows."""

    def to_image(self, kind: str, numbers: tuple[float, ...]) -> tuple[float, ...]:
        """Return a shape in physical coordinates in those of the image; both count from one.

        Parameters
        ----------
        kind, numbers
            As in `curated.exchange.pixels.shapes.Shape`.

        Raises
        ------
        CuratedError
            If the axes of the image are turned, stretched or mirrored against the physical ones.
        """
        scale, shifts = physical_scale(self.header)
        count = len(numbers) if kind == "polygon" else 2
        moved = [scale * number + shifts[i % 2] for i, number in enumerate(numbers[:count])]
        has_angle = kind in ("box", "ellipse", "boxannulus", "elliptannulus") and len(numbers) % 2 == 1
        sizes = numbers[count : len(numbers) - has_angle]
        return (*moved, *(scale * size for size in sizes), *numbers[len(numbers) - has_angle :][:has_angle])

    def pixel_regions(self, system: str, text: str) -> list[Any]:
        """Return a region in the sky as regions in pixels, from zero.

        Parameters
        ----------
        system : `str`
            One of `SKY_SYSTEMS`.
        text : `str`
            The region as DS9 writes it.

        Raises
        ------
        CuratedError
            If the image has no WCS, or the region cannot be read or lies elsewhere in the sky.
        """
        try:
            import regions
            from astropy.wcs import WCS
        except ImportError as error:
            raise CuratedError(
                "the package 'regions' is needed for the sky", "pip install 'curated-calibs[regions]'"
            ) from error
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                wcs = WCS(self.header).celestial
                if not wcs.has_celestial:
                    raise CuratedError(
                        "the image has no celestial WCS", "name the image that the regions were drawn on"
                    )
                items = [
                    region.to_pixel(wcs)
                    for region in regions.Regions.parse(f"{system}\n{text}", format="ds9")
                ]
            except (ValueError, TypeError, KeyError, IndexError, ArithmeticError, AttributeError) as error:
                raise CuratedError(f"it does not convert to pixels: {error}") from error
        if not items or not all(_is_finite(region) for region in items):
            raise CuratedError(
                "it has no place on the image", "name the image that the regions were drawn on"
            )
        return items


def _is_finite(region: Any) -> bool:
    """Say whether the coordinates of a region in pixels are numbers."""
    points = getattr(region, "center", getattr(region, "vertices", None))
    values = (points.x, points.y) if points is not None else ()
    return all(math.isfinite(number) for value in values for number in _flat(value))


def _flat(value: Any) -> list[float]:
    return (
        [float(value)]
        if not hasattr(value, "__iter__") or getattr(value, "ndim", 1) == 0
        else list(map(float, value))
    )


def physical_scale(header: Mapping[str, Any]) -> tuple[float, tuple[float, float]]:
    """Return by which factor and shifts physical coordinates become those of the image.

    Raises
    ------
    CuratedError
        If the axes are turned, stretched or mirrored against each other.
    """
    try:
        matrix = [float(header.get(f"LTM{i}_{j}", i == j)) for i in (1, 2) for j in (1, 2)]
        shifts = (float(header.get("LTV1", 0.0)), float(header.get("LTV2", 0.0)))
    except (TypeError, ValueError) as error:
        raise CuratedError("LTM or LTV of the image is no number") from error
    if (
        matrix[1]
        or matrix[2]
        or matrix[0] != matrix[3]
        or matrix[0] <= 0
        or not all(map(math.isfinite, shifts))
    ):
        raise CuratedError(
            "its physical axes are turned or stretched (LTM)", "save the regions in image coordinates"
        )
    return matrix[0], shifts


def read_frame(path: str) -> Frame:
    """Read the header of the first image of a FITS file.

    Raises
    ------
    ForeignError
        If it has no image.
    """
    try:
        file = open_foreign(path)
        with open_hdus(file) as hdus:
            numbers = image_numbers(hdus)
            if not numbers:
                raise ForeignError(Problem("CAL710", (), f"--image {path} has no image"))
            header = hdus[numbers[0]].header.copy()
            return Frame(header, (int(header["NAXIS1"]), int(header["NAXIS2"])))
    except CuratedError as error:
        raise ForeignError(Problem("CAL710", (), f"--image: {error.message}")) from error
