"""Pixels of raw images, with overscan, as pixels of the detector; and images of another size than the detector."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from curated.core.diagnostic import Problem
from curated.declare import Array
from curated.exchange.foreign import Target

_SECTION = re.compile(r"\[\s*(\d{1,6})\s*:\s*(\d{1,6})\s*,\s*(\d{1,6})\s*:\s*(\d{1,6})\s*\]\Z")
_SECTION_KEYWORDS = ("TRIMSEC", "DATASEC")


class RawArea(NamedTuple):
    """The pixels of a raw image that belong to a part of the detector.

    Parameters
    ----------
    x, y : `int`
        First column and row in the raw image.
    width, height : `int`
        Columns and rows.
    x0, y0 : `int`
        First column and row in the detector.
    flip_x, flip_y : `bool`
        Whether columns and rows are reversed there.
    """

    x: int
    y: int
    width: int
    height: int
    x0: int = 0
    y0: int = 0
    flip_x: bool = False
    flip_y: bool = False


def raw_areas(target: Target) -> list[RawArea]:
    """Return the light-sensitive areas of the raw image of a detector, one for each amplifier of the camera calibration.

    They are empty where no camera calibration describes the detector, and where its amplifiers have raw images of
    their own, whose areas overlap.
    """
    camera, detector = target.camera, target.detector
    if camera is None or detector is None:
        return []
    names = np.char.lower(camera.amplifier_detector.astype(str))
    rows = np.flatnonzero(names == detector.name.lower()).tolist()
    columns = (
        camera.raw_x0,
        camera.raw_y0,
        camera.amplifier_width,
        camera.amplifier_height,
        camera.amplifier_x0,
        camera.amplifier_y0,
    )
    areas = []
    for row in rows:
        x, y, width, height, x0, y0 = (int(column[row]) for column in columns)
        flips = (bool(camera.flip_x[row]), bool(camera.flip_y[row]))
        areas.append(RawArea(x, y, width, height, x0, y0, *flips))
    overlaps = any(_overlap(first, second) for i, first in enumerate(areas) for second in areas[:i])
    return [] if overlaps else areas


def _overlap(first: RawArea, second: RawArea) -> bool:
    return (
        first.x < second.x + second.width
        and second.x < first.x + first.width
        and first.y < second.y + second.height
        and second.y < first.y + first.height
    )


def header_area(header: Mapping[str, Any], width: int, height: int) -> tuple[RawArea | None, str]:
    """Return the area of an image that its own header calls data, if it has that size, and the keyword that says so.

    Parameters
    ----------
    width, height : `int`
        Size of the detector.
    """
    for keyword in _SECTION_KEYWORDS:
        match = _SECTION.match(str(header.get(keyword, "")).strip())
        if match is None:
            continue
        x1, x2, y1, y2 = map(int, match.groups())
        if min(x1, y1) >= 1 and (x2 - x1 + 1, y2 - y1 + 1) == (width, height):
            return RawArea(x1 - 1, y1 - 1, width, height), keyword
    return None, ""


def fit_image(mask: Array, header: Mapping[str, Any], target: Target) -> tuple[Array, list[Problem]]:
    """Return an image with the size of the detector, trimmed or with exchanged axes if a person said so.

    Parameters
    ----------
    mask : `numpy.ndarray`, (rows, columns)
        Any pixels.
    header : `dict`
        Header of the image.
    """
    conventions = target.conventions
    image = mask.T if conventions.transposed else mask
    detector = target.detector
    size = (detector.width, detector.height) if detector is not None else (0, 0)
    if not all(size):
        if conventions.untrimmed:
            return image, [
                Problem(
                    "CAL713",
                    (),
                    "the size of the detector is not known, so that nothing can be trimmed",
                    "give width and height in instrument.yaml",
                )
            ]
        return image, []
    rows, columns = image.shape
    area, keyword = header_area(header, *size)
    areas = [area] if area is not None else raw_areas(target)
    is_raw = bool(areas) and all(a.x + a.width <= columns and a.y + a.height <= rows for a in areas)
    if conventions.untrimmed and is_raw:
        return _trimmed(image, areas, size), []
    if (columns, rows) == size and not conventions.untrimmed:
        return image, []
    detail = f"the image has {columns} x {rows} pixels, its detector {size[0]} x {size[1]}"
    if conventions.untrimmed:
        return image, [
            Problem(
                "CAL713",
                (),
                f"{detail}, and nothing says where its data are",
                "trim it, or add a camera calibration with the detector",
            )
        ]
    if (rows, columns) == size and conventions.transposed:
        return image, [Problem("CAL713", (), f"{detail} with exchanged axes", "leave --transposed out")]
    if (rows, columns) == size:
        return image, [
            Problem("CAL713", (), f"{detail}: the axes seem to be exchanged", "--transposed exchanges them")
        ]
    if is_raw:
        source = f"{keyword} of its header" if keyword else "the camera calibration"
        hint = f"--untrimmed trims it by {source}"
        return image, [Problem("CAL713", (), f"{detail}: it seems to be a raw image with overscan", hint)]
    return image, [
        Problem("CAL713", (), detail, "is it of this detector, and neither binned nor a part of it?")
    ]


def _trimmed(image: Array, areas: Sequence[RawArea], size: tuple[int, int]) -> Array:
    trimmed = np.zeros((size[1], size[0]), image.dtype)
    for area in areas:
        part = image[area.y : area.y + area.height, area.x : area.x + area.width]
        part = part[:: -1 if area.flip_y else 1, :: -1 if area.flip_x else 1]
        trimmed[area.y0 : area.y0 + area.height, area.x0 : area.x0 + area.width] = part
    return trimmed


def trim_boxes(boxes: Array, areas: Sequence[RawArea]) -> tuple[Array, Array, int]:
    """Return boxes of a raw image in pixels of the detector.

    Parameters
    ----------
    boxes : `numpy.ndarray`, (n, 4)
        First column, first row, width and height, zero-based.
    areas : sequence [`RawArea`]
        Areas of the raw image that are in the detector.

    Returns
    -------
    trimmed : `numpy.ndarray`, (m, 4)
        The parts in each area, in the order of the boxes.
    rows : `numpy.ndarray`, (m,)
        The box that each part comes from.
    lost : `int`
        Number of boxes that are in none of the areas.
    """
    parts: list[list[int]] = []
    rows: list[int] = []
    for row, (x, y, width, height) in enumerate(boxes.tolist()):
        for area in areas:
            left, right = max(x, area.x) - area.x, min(x + width, area.x + area.width) - area.x
            bottom, top = max(y, area.y) - area.y, min(y + height, area.y + area.height) - area.y
            if left >= right or bottom >= top:
                continue
            x0 = area.x0 + (area.width - right if area.flip_x else left)
            y0 = area.y0 + (area.height - top if area.flip_y else bottom)
            parts.append([x0, y0, right - left, top - bottom])
            rows.append(row)
    trimmed = np.array(parts, "i8").reshape(-1, 4)
    return trimmed, np.array(rows, "i8"), len(boxes) - len(set(rows))
