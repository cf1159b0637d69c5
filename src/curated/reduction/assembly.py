"""Assembly: the pixels of a detector that see light, and the overscan of its amplifiers, from a raw file.

Three forms of raw files are understood: an image for each amplifier, as those of the Rubin Observatory; one image that has
the raw images of all amplifiers side by side, in the places of the amplifiers; and one image in whose coordinates the camera
calibration has its boxes. An image of the detector's size is taken as it is: it was assembled before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Box, DetectorGeometry
from curated.declare import Array
from curated.reduction.frame_file import FrameFile, FrameImage

if TYPE_CHECKING:
    from curated.types.camera import CameraGeometry

_MOST_UNNAMED = 0.25, 4
"""Pixels along an axis that no box of the camera calibration names: at most this part of the others, and this number."""

_DIGITS = re.compile(r"(\d+)\Z")


@dataclass(frozen=True, slots=True)
class RawAmplifier:
    """Where the pixels of an amplifier are in its own raw image, before any flip.

    Parameters
    ----------
    box : `Box`
        Its pixels in the assembled detector.
    light, serial_overscan, parallel_overscan : `Box`
        The pixels that see light and the overscans, in the raw image; the latter may have no size.
    flip_x, flip_y : `bool`
        Whether columns and rows are reversed in the detector.
    width, height : `int`
        Size of the raw image as far as the camera calibration tells.
    """

    name: str
    box: Box
    light: Box
    serial_overscan: Box
    parallel_overscan: Box
    flip_x: bool
    flip_y: bool
    width: int
    height: int

    def flipped(self, pixels: Array) -> Array:
        """Return pixels with the axes reversed that are reversed in the detector."""
        if self.flip_x:
            pixels = pixels[:, ::-1]
        return pixels[::-1] if self.flip_y else pixels


@dataclass(frozen=True, slots=True, eq=False)
class AssembledFrame:
    """A frame of a detector.

    Parameters
    ----------
    pixels : `numpy.ndarray`, (rows, columns)
        Values of the pixels that see light, in float32.
    overscans, parallel_overscans : `dict` [`str`, `numpy.ndarray`]
        Serial and parallel overscan, (rows, columns) of float32, of each amplifier that has one, in the order of read-out.
    levels : `dict` [`str`, `numpy.ndarray`]
        Median of the serial overscan in each row of the amplifier's box, (rows,); one number where rows do not correspond.
    is_raw : `bool`
        Whether it was assembled of raw images; if not, it was reduced before, and its overscan is not known.
    """

    pixels: Array
    overscans: Mapping[str, Array] = field(default_factory=dict)
    parallel_overscans: Mapping[str, Array] = field(default_factory=dict)
    levels: Mapping[str, Array] = field(default_factory=dict)
    is_raw: bool = False


def raw_amplifiers(camera: CameraGeometry, detector: DetectorGeometry) -> list[RawAmplifier]:
    """Return where the amplifiers of a detector are in raw images; empty if the camera does not have the detector."""
    rows = np.flatnonzero(
        np.char.lower(camera.amplifier_detector.astype(str)) == detector.name.lower()
    ).tolist()

    def box(row: int, *names: str) -> Box:
        return Box(*(int(getattr(camera, name)[row]) for name in names))

    amplifiers = []
    for row in rows:
        place = box(row, "amplifier_x0", "amplifier_y0", "amplifier_width", "amplifier_height")
        light = Box(int(camera.raw_x0[row]), int(camera.raw_y0[row]), place.width, place.height)
        serial = box(row, *(f"serial_overscan_{part}" for part in ("x0", "y0", "width", "height")))
        parallel = box(row, *(f"parallel_overscan_{part}" for part in ("x0", "y0", "width", "height")))
        boxes = [b for b in (light, serial, parallel) if b.width and b.height]
        flips = bool(camera.flip_x[row]), bool(camera.flip_y[row])
        size = max(b.x0 + b.width for b in boxes), max(b.y0 + b.height for b in boxes)
        amplifiers.append(
            RawAmplifier(str(camera.amplifier_name[row]), place, light, serial, parallel, *flips, *size)
        )
    return amplifiers


def assemble(
    file: FrameFile, detector: DetectorGeometry, amplifiers: Sequence[RawAmplifier]
) -> AssembledFrame:
    """Assemble a frame of a detector.

    Parameters
    ----------
    amplifiers : sequence [`RawAmplifier`]
        Its amplifiers; see `raw_amplifiers`. Without them only images of the detector's size are taken.

    Raises
    ------
    CuratedError
        If the file has images of other sizes; nothing is guessed.
    """
    if len(file.images) == 1:
        image = file.images[0]
        rows, columns = image.pixels.shape
        if (columns, rows) == (detector.width, detector.height):
            return AssembledFrame(image.pixels.astype("f4"))
        parts = _areas(image, amplifiers) or _tiles(image, amplifiers)
        if parts is None:
            raise _wrong_size(file, detector, amplifiers)
    else:
        parts = _named(file, detector, amplifiers)
    return _joined(file, detector, amplifiers, parts)


def _tiles(image: FrameImage, amplifiers: Sequence[RawAmplifier]) -> list[Array] | None:
    """Return the raw image of each amplifier from one that has them side by side, as their boxes in the detector lie."""
    if not amplifiers:
        return None
    lefts = sorted({amplifier.box.x0 for amplifier in amplifiers})
    bottoms = sorted({amplifier.box.y0 for amplifier in amplifiers})
    rows, columns = image.pixels.shape
    # A tile may have more pixels at its end than the camera calibration has boxes for.
    (height, rest_of_rows), (width, rest_of_columns) = divmod(rows, len(bottoms)), divmod(columns, len(lefts))
    is_grid = len(lefts) * len(bottoms) == len(amplifiers) and not rest_of_rows and not rest_of_columns
    if not is_grid or any(a.width > width or a.height > height for a in amplifiers):
        return None
    if any(_is_larger(width, a.width) or _is_larger(height, a.height) for a in amplifiers):
        return None
    parts = []
    for amplifier in amplifiers:
        x, y = width * lefts.index(amplifier.box.x0), height * bottoms.index(amplifier.box.y0)
        # The tiles lie as the amplifiers do in the detector; a raw image is what they were before any flip.
        parts.append(amplifier.flipped(image.pixels[y : y + height, x : x + width]))
    return parts


def _is_larger(size: int, extent: int) -> bool:
    """Say whether a raw image is one of something larger, out of which boxes would cut a corner.

    Parameters
    ----------
    size, extent : `int`
        Pixels of the image along an axis, and those up to the last box.
    """
    part, number = _MOST_UNNAMED
    return size > (1 + part) * extent + number


def _areas(image: FrameImage, amplifiers: Sequence[RawAmplifier]) -> list[Array] | None:
    """Return the whole image for each amplifier if the camera's boxes are places in it, which do not overlap."""
    rows, columns = image.pixels.shape
    if not amplifiers or any(a.width > columns or a.height > rows for a in amplifiers):
        return None
    lit_pixels = np.zeros((rows, columns), bool)
    for amplifier in amplifiers:
        if lit_pixels[amplifier.light.slices].any():
            return None
        lit_pixels[amplifier.light.slices] = True
    is_larger = _is_larger(columns, max(a.width for a in amplifiers)) or _is_larger(
        rows, max(a.height for a in amplifiers)
    )
    return None if is_larger else [image.pixels] * len(amplifiers)


def _named(file: FrameFile, detector: DetectorGeometry, amplifiers: Sequence[RawAmplifier]) -> list[Array]:
    """Return the raw image of each amplifier by the name of its HDU, such as ``C00`` or ``Segment00``."""
    by_name = {image.name: image for image in file.images if image.name}
    by_digits: dict[str, list[FrameImage]] = {}
    for image in file.images:
        if digits := _DIGITS.search(image.name):
            by_digits.setdefault(digits[1], []).append(image)
    parts = []
    for amplifier in amplifiers:
        digits = _DIGITS.search(amplifier.name)
        same = by_digits.get(digits[1], []) if digits else []
        part = by_name.get(amplifier.name.upper()) or (same[0] if len(same) == 1 else None)
        if part is None:
            names = ", ".join(image.name or "(without a name)" for image in file.images[:16])
            raise CuratedError(
                f"{file.path} has no image of amplifier {amplifier.name} of {detector.name}: it has {names}",
                "EXTNAME of each image is to be the name of its amplifier",
            )
        rows, columns = part.pixels.shape
        if columns < amplifier.width or rows < amplifier.height:
            raise CuratedError(
                f"{file.path}: the image {part.name} has {columns} x {rows} pixels, the camera calibration's raw image of "
                f"{amplifier.name} at least {amplifier.width} x {amplifier.height}",
                "see the raw and overscan boxes of the camera calibration",
            )
        parts.append(part.pixels)
    if not amplifiers:
        raise _wrong_size(file, detector, amplifiers)
    return parts


def _joined(
    file: FrameFile, detector: DetectorGeometry, amplifiers: Sequence[RawAmplifier], parts: Sequence[Array]
) -> AssembledFrame:
    pixels = np.full((detector.height, detector.width), np.nan, "f4")
    overscans: dict[str, Array] = {}
    parallel: dict[str, Array] = {}
    levels: dict[str, Array] = {}
    for amplifier, part in zip(amplifiers, parts, strict=True):
        light = part[amplifier.light.slices]
        if light.shape != pixels[amplifier.box.slices].shape:
            raise _wrong_size(file, detector, amplifiers)
        pixels[amplifier.box.slices] = amplifier.flipped(light)
        for box, kind in ((amplifier.serial_overscan, overscans), (amplifier.parallel_overscan, parallel)):
            if box.width and box.height:
                kind[amplifier.name] = part[box.slices].astype("f4")
        if amplifier.name in overscans:
            levels[amplifier.name] = _levels(amplifier, overscans[amplifier.name])
    return AssembledFrame(pixels, overscans, parallel, levels, is_raw=True)


def _levels(amplifier: RawAmplifier, overscan: Array) -> Array:
    """Return the median of the overscan in each row that sees light, in the order of the detector; of all if it lacks some."""
    light, serial = amplifier.light, amplifier.serial_overscan
    if not (serial.y0 <= light.y0 and light.y0 + light.height <= serial.y0 + serial.height):
        return np.full(light.height, np.median(overscan), "f4")
    rows: Array = np.median(overscan[light.y0 - serial.y0 :][: light.height], axis=1)
    return rows[::-1] if amplifier.flip_y else rows


def _wrong_size(
    file: FrameFile, detector: DetectorGeometry, amplifiers: Sequence[RawAmplifier]
) -> CuratedError:
    shapes = ", ".join(sorted({f"{i.pixels.shape[1]} x {i.pixels.shape[0]}" for i in file.images})[:4])
    images = "an image" if len(file.images) == 1 else f"{len(file.images)} images"
    if not amplifiers:
        return CuratedError(
            f"{file.path} has {images} of {shapes} pixels, detector {detector.name} {detector.width} x {detector.height}",
            "a camera calibration with the raw boxes of the amplifiers says how raw images are assembled",
        )
    raws = ", ".join(sorted({f"{a.width} x {a.height}" for a in amplifiers})[:4])
    return CuratedError(
        f"{file.path} has {images} of {shapes} pixels, and neither the detector's {detector.width} x {detector.height} nor the raw "
        f"images of its {len(amplifiers)} amplifiers, {raws} by the camera calibration, fit",
        "see the raw and overscan boxes of the camera calibration, or give assembled frames",
    )
