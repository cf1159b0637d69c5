"""Detectors of the JSON form of the package ``lsst-images``, read without it: one detector in each file.

The form is that of the schemas ``detector-1.0.0`` and ``detector-1.1.0`` in the repository lsst/images: ``attributes`` and
``amplifiers``, boxes as ``{"y": {"start", "stop"}, "x": {"start", "stop"}}`` without their last row and column, angles with
units, numbers that are unknown as NaN. Coordinate transformations (``frames``) are not read.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from curated.core.diagnostic import CuratedError, brief
from curated.core.geometry import Box
from curated.core.units import factor
from curated.fits.camera_archive import CORNERS, LARGEST_CAMERA, PURPOSES, CameraAmplifier, CameraDetector

_NO_BOX = Box(0, 0, 0, 0)
_MOST_PROBLEMS = 5
_LARGEST_PIXEL = 2**31
_READS_VERSION = 1
_HINT = "give a file of one detector as lsst.images writes it (schema detector-1.0.0 or 1.1.0)"


def is_json(path: str) -> bool:
    """Say whether a file is JSON by its name."""
    return path.lower().endswith(".json")


def read_detectors(paths: Sequence[str]) -> tuple[CameraDetector, ...]:
    """Read one detector from each file, in the order of their numbers.

    Raises
    ------
    CuratedError
        If a file cannot be read, has another form, or two files have one number or name; the message has all reasons.
    """
    detectors, problems = [], []
    for path in paths:
        values = _Values()
        detector = _read(path, values)
        problems += [f"{path}: {text}" for text in values.problems]
        if detector is not None and not values.problems:
            detectors.append(detector)
    for kind, names in (("number", [d.id for d in detectors]), ("name", [d.name.lower() for d in detectors])):
        repeated = [name for name, count in Counter(names).items() if count > 1]
        problems += [f"several files have a detector of the {kind} {brief(str(name))}" for name in repeated]
    if problems:
        more = f"; and {len(problems) - _MOST_PROBLEMS} more" if len(problems) > _MOST_PROBLEMS else ""
        raise CuratedError(f"--camera {'; '.join(problems[:_MOST_PROBLEMS])}{more}", _HINT)
    return tuple(sorted(detectors, key=lambda detector: detector.id))


def _read(path: str, values: _Values) -> CameraDetector | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as stream:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_CAMERA:
                values.problems.append(f"it is no regular file, or larger than {LARGEST_CAMERA} bytes")
                return None
            content = json.loads(stream.read(LARGEST_CAMERA + 1))
    except OSError as error:
        values.problems.append(f"it cannot be read: {error.strerror}")
    except (ValueError, RecursionError, MemoryError) as error:
        values.problems.append(f"it is no JSON: {str(error) or type(error).__name__}"[:200])
    else:
        return _detector(content, values)
    return None


@dataclass(slots=True)
class _Values:
    """Takes values out of untrusted JSON, and collects what is wrong with them."""

    problems: list[str] = field(default_factory=list)

    def wrong(self, place: str, expected: str, value: Any) -> None:
        shown = "is missing" if value is None else f"is {brief(json.dumps(value)[:60])}"
        self.problems.append(f"{place} {shown}, not {expected}")

    def mapping(self, parent: Any, key: str, place: str, *, optional: bool = False) -> Mapping[str, Any]:
        value = parent.get(key)
        if isinstance(value, dict):
            return value
        if value is not None or not optional:
            self.wrong(f"{place}{key}", "a mapping", value)
        return {}

    def text(self, parent: Mapping[str, Any], key: str, place: str, choices: Sequence[str] = ()) -> str:
        value = parent.get(key)
        if isinstance(value, str) and (value in choices if choices else value.strip()):
            return value.strip()
        self.wrong(f"{place}{key}", f"one of {', '.join(choices)}" if choices else "a text", value)
        return ""

    def whole(self, parent: Mapping[str, Any], key: str, place: str, least: int = -_LARGEST_PIXEL) -> int:
        value = parent.get(key)
        if type(value) is int and least <= value < _LARGEST_PIXEL:
            return value
        self.wrong(
            f"{place}{key}", f"a whole number from {least} on" if least >= 0 else "a whole number", value
        )
        return 0

    def number(self, parent: Mapping[str, Any], key: str, place: str, *, finite: bool = True) -> float:
        """Return a number; NaN, also as a text, where that is allowed."""
        value = parent.get(key)
        if not finite and value in ("NaN", "Infinity", "-Infinity"):
            return math.nan
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
            return float(value)
        if not finite and isinstance(value, float):
            return math.nan
        self.wrong(f"{place}{key}", "a number", value)
        return math.nan

    def flag(self, parent: Mapping[str, Any], key: str, place: str) -> bool:
        value = parent.get(key, False)
        if not isinstance(value, bool):
            self.wrong(f"{place}{key}", "true or false", value)
        return bool(value)

    def angle(self, parent: Mapping[str, Any], key: str, place: str) -> float:
        """Return an angle in degrees; 0 if it is not there."""
        quantity = self.mapping(parent, key, place, optional=True)
        if not quantity:
            return 0.0
        value, unit = self.number(quantity, "value", f"{place}{key}."), quantity.get("unit")
        try:
            return value * factor(str(unit), "deg")
        except (ValueError, TypeError):
            self.wrong(f"{place}{key}.unit", "a unit of angles", unit)
            return 0.0

    def box(self, parent: Mapping[str, Any], key: str, place: str) -> Box:
        box = self.mapping(parent, key, place)
        sides = []
        for axis in ("x", "y") if box else ():
            interval = self.mapping(box, axis, f"{place}{key}.")
            if interval:
                start, stop = (
                    self.whole(interval, end, f"{place}{key}.{axis}.") for end in ("start", "stop")
                )
                sides.append((start, stop - start))
        if len(sides) != 2:
            return _NO_BOX
        (x0, width), (y0, height) = sides
        if width < 0 or height < 0:
            self.problems.append(f"{place}{key} ends before it starts")
        return Box(x0, y0, width, height)


def _detector(content: Any, values: _Values) -> CameraDetector | None:
    if not isinstance(content, dict) or not {"attributes", "amplifiers"} <= content.keys():
        values.problems.append("it is no detector: it has no 'attributes' and 'amplifiers'")
        return None
    needed = content.get("min_read_version", _READS_VERSION)
    if type(needed) is not int or needed > _READS_VERSION:
        values.problems.append(
            f"its min_read_version is {brief(json.dumps(needed)[:40])}; curated reads the form of version {_READS_VERSION}"
        )
        return None
    place = "attributes."
    attributes = values.mapping(content, "attributes", "")
    box = values.box(attributes, "bbox", place)
    amplifiers = content["amplifiers"]
    if not isinstance(amplifiers, list) or not all(isinstance(entry, dict) for entry in amplifiers):
        values.wrong("amplifiers", "a list of mappings", amplifiers)
        amplifiers = []
    if values.problems:
        return None
    if not box.width or not box.height:
        values.problems.append("attributes.bbox has no pixels")
    x, y, rotation, pixel_size = _place(attributes, box, values)
    names = [entry.get("name") for entry in amplifiers if isinstance(entry.get("name"), str)]
    values.problems += [f"amplifier {brief(n)} is there twice" for n, c in Counter(names).items() if c > 1]
    return CameraDetector(
        id=values.whole(attributes, "id", place, 0),
        name=values.text(attributes, "name", place),
        serial=str(attributes.get("serial") or "").strip(),
        purpose=values.text(attributes, "type", place, PURPOSES),
        width=box.width,
        height=box.height,
        amplifiers=tuple(
            _amplifier(entry, f"amplifiers[{i}].", box, values) for i, entry in enumerate(amplifiers)
        ),
        x=x,
        y=y,
        rotation=rotation,
        pixel_size=pixel_size,
    )


def _place(attributes: Mapping[str, Any], box: Box, values: _Values) -> tuple[float, float, float, float]:
    """Return centre (mm) and rotation (deg) of a detector in the focal plane, and the side of its pixels (mm)."""
    place = "attributes.orientation."
    orientation = values.mapping(attributes, "orientation", "attributes.")
    pixel_size = values.number(attributes, "pixel_size", "attributes.")
    if not orientation:
        return 0.0, 0.0, 0.0, pixel_size
    x, y = (values.number(orientation, f"focal_plane_{axis}", place) for axis in ("x", "y"))
    yaw = values.angle(orientation, "yaw", place)
    centre = box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2
    # Where the pixel is whose place is given; by default the middle of the first one in the schema.
    reference = [
        values.number(orientation, f"pixel_reference_{axis}", place)
        if f"pixel_reference_{axis}" in orientation
        else 0.5
        for axis in ("x", "y")
    ]
    dx, dy = ((c - r) * pixel_size for c, r in zip(centre, reference, strict=True))
    cosine, sine = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    if dx or dy:
        x, y = round(x + cosine * dx - sine * dy, 9), round(y + sine * dx + cosine * dy, 9)
    return x, y, round(yaw, 9) % 360.0, pixel_size


def _amplifier(entry: Mapping[str, Any], place: str, detector: Box, values: _Values) -> CameraAmplifier:
    box = values.box(entry, "bbox", place)
    key = "assembled_raw_geometry" if entry.get("assembled_raw_geometry") else "unassembled_raw_geometry"
    raw = values.mapping(entry, key, place, optional=True)
    raw_place = f"{place}{key}."
    flip_x, flip_y = (values.flag(raw, f"flip_{axis}", raw_place) for axis in ("x", "y"))
    if "readout_corner" in entry or not raw:
        corner = values.text(entry, "readout_corner", place, CORNERS)
    else:
        corner = _flipped(values.text(raw, "readout_corner", raw_place, CORNERS), flip_x, flip_y)
    nominal = values.mapping(entry, "nominal_calibrations", place, optional=True)
    gain, read_noise, saturation = (
        values.number(nominal, name, f"{place}nominal_calibrations.", finite=False) if nominal else math.nan
        for name in ("gain", "read_noise", "saturation")
    )
    data, serial_overscan, parallel_overscan = (
        _raw_box(raw, raw_place, names, values) if raw else _NO_BOX for names in _RAW_BOXES
    )
    return CameraAmplifier(
        name=values.text(entry, "name", place),
        width=box.width,
        height=box.height,
        gain=gain,
        read_noise=read_noise,
        saturation=saturation,
        x0=box.x0 - detector.x0,
        y0=box.y0 - detector.y0,
        corner=corner or CORNERS[0],
        flip_x=flip_x,
        flip_y=flip_y,
        raw=data,
        serial_overscan=serial_overscan,
        parallel_overscan=parallel_overscan,
    )


_RAW_BOXES = (
    ("data_bbox",),
    ("serial_overscan_bbox", "horizontal_overscan_bbox"),
    ("parallel_overscan_bbox", "vertical_overscan_bbox"),
)
"""Boxes of the raw image by their names in 1.0.0, and by those before it."""


def _raw_box(raw: Mapping[str, Any], place: str, names: Sequence[str], values: _Values) -> Box:
    """Return a box in the amplifier's own raw image, which may be a part of the detector's."""
    box = values.box(raw, next((name for name in names if name in raw), names[0]), place)
    origin = values.box(raw, "bbox", place)
    if not box.width or not box.height:
        return _NO_BOX
    return Box(box.x0 - origin.x0, box.y0 - origin.y0, box.width, box.height)


def _flipped(corner: str, flip_x: bool, flip_y: bool) -> str:
    if len(corner) != 2:
        return ""
    vertical, horizontal = corner[0], corner[1]
    return ("LU"["UL".index(vertical)] if flip_y else vertical) + (
        "RL"["LR".index(horizontal)] if flip_x else horizontal
    )
