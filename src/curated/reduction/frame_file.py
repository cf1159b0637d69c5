"""Files of frames: the images of a raw or reduced exposure of a detector, and what their headers say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.declare import Array
from curated.exchange.foreign import ForeignError, open_foreign
from curated.exchange.hdus import name_of, open_hdus

_DATA = ("IMAGE", "SCI")
"""Names of the HDU that has the pixels where others have their mask and variance."""

_BESIDE = frozenset({"MASK", "VARIANCE", "VAR", "UNCERT", "ERR", "DQ", "FLAGS"})
_LONGEST = 10 * 86400.0
"""Longest exposure (s)."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameImage:
    """One image of a file.

    Parameters
    ----------
    name : `str`
        Name of its HDU in capitals; empty if it has none.
    pixels : `numpy.ndarray`, (rows, columns)
        Its values, as they are in the file.
    header : `dict`
        Keywords of its HDU.
    """

    name: str
    pixels: Array
    header: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class FrameFile:
    """A file of an exposure.

    Parameters
    ----------
    path : `str`
        Where it is.
    sha256 : `str`
        SHA-256 of the file, 64 hexadecimal digits.
    images : `tuple` [`FrameImage`]
        Its images, in their order.
    header : `dict`
        Keywords of the primary HDU, and those of the first image that it lacks.
    """

    path: str
    sha256: str
    images: tuple[FrameImage, ...]
    header: Mapping[str, Any]

    def number(self, *keywords: str) -> float:
        """Return the first of some keywords that is a finite number; NaN if none is."""
        for keyword in keywords:
            value = self.header.get(keyword)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
                return float(value)
        return math.nan

    @property
    def exposure_time(self) -> float:
        """Exposure time (s); NaN if the header does not say it."""
        seconds = self.number("DARKTIME", "EXPTIME", "XPOSURE", "EXPOSURE")
        return seconds if 0 <= seconds <= _LONGEST else math.nan


def read_frame_file(path: str) -> FrameFile:
    """Read a file of an exposure.

    Parameters
    ----------
    path : `str`
        A FITS file with one image of the detector, or with one for each amplifier; packed ones are read as well.

    Raises
    ------
    CuratedError
        If it is no such file.
    """
    file = open_foreign(path)
    if not file.is_fits:
        raise CuratedError(f"{path} is no FITS file", "name files of exposures")
    try:
        with open_hdus(file) as hdus:
            images = tuple(_images(hdus))
            header = {**(dict(images[0].header) if images else {}), **_keywords(hdus[0].header)}
            sha256 = file.sha256
    except ForeignError as error:
        raise CuratedError(f"{path} cannot be read: {error}", "name files of exposures") from error
    if not images:
        raise CuratedError(f"{path} has no image of two axes", "name files of exposures")
    named = [image for image in images if image.name in _DATA]
    if named and len(images) > 1:
        images = (named[0],)
    return FrameFile(path, sha256, images, header)


def _images(hdus: Any) -> list[FrameImage]:
    images = []
    for hdu in hdus:
        if not hdu.is_image or hdu.header.get("NAXIS", 0) != 2:
            continue
        name = name_of(hdu)
        if name in _BESIDE:
            continue
        pixels = hdu.data
        if pixels is not None and pixels.ndim == 2:
            # Arrays of FITS files are big-endian.
            images.append(
                FrameImage(name, np.asarray(pixels, pixels.dtype.newbyteorder("=")), _keywords(hdu.header))
            )
    return images


def _keywords(header: Any) -> dict[str, Any]:
    """Return the keywords of a header that have values."""
    values: dict[str, Any] = {}
    for card in header.cards:
        if (
            card.keyword
            and card.keyword not in ("COMMENT", "HISTORY", "CONTINUE")
            and card.keyword not in values
        ):
            values[card.keyword] = card.value
    return values
