"""The camera file of the LSST stack: detectors and amplifiers in the archive that ``lsst.afw.cameraGeom.Camera`` writes.

The archive has an index, which says for each object its rows in the table of its class (afw, documentation of
lsst::afw::table::io::OutputArchive). A detector has a row in one table, and its amplifiers have rows in another one.
"""

from __future__ import annotations

import math
import os
import stat
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Box

LARGEST_CAMERA = 1 << 27
"""Size in bytes of the largest camera file that is read: 128 MB; those of 200 detectors have 2 MB."""

CORNERS = ("LL", "LR", "UR", "UL")
"""Corners by the number that the archive has (afw, enumeration ReadoutCorner)."""

PURPOSES = ("SCIENCE", "FOCUS", "GUIDER", "WAVEFRONT")
"""What a detector is for, by the number that the archive has (afw, enumeration DetectorType)."""

_SIGNATURE = b"SIMPLE  ="
_GZIP = b"\x1f\x8b"
_MOST_ROWS = 1 << 20

# What astropy raises for damaged files.
_DAMAGE = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
)


_NO_BOX = Box(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class CameraAmplifier:
    """An amplifier of a camera file.

    Parameters
    ----------
    width, height : `int`
        Columns and rows that see light.
    gain : `float`
        Gain (electron/adu); NaN if it is not known.
    read_noise : `float`
        Read noise (electron); NaN if it is not known.
    saturation : `float`
        Saturation level (adu); NaN if it is not known.
    x0, y0 : `int`
        First column and row in the assembled detector.
    corner : `str`
        One of `CORNERS`, in the assembled detector: where the pixel is that is read first.
    flip_x, flip_y : `bool`
        Whether columns and rows of the raw image are reversed in the assembled detector.
    raw : `~curated.core.geometry.Box`
        Pixels that see light, in the amplifier's own raw image.
    serial_overscan, parallel_overscan : `~curated.core.geometry.Box`
        Overscans in that image; of no size where there is none.
    """

    name: str
    width: int
    height: int
    gain: float
    read_noise: float = math.nan
    saturation: float = math.nan
    x0: int = 0
    y0: int = 0
    corner: str = "LL"
    flip_x: bool = False
    flip_y: bool = False
    raw: Box = _NO_BOX
    serial_overscan: Box = _NO_BOX
    parallel_overscan: Box = _NO_BOX


@dataclass(frozen=True, slots=True)
class CameraDetector:
    """A detector of a camera file.

    Parameters
    ----------
    name : `str`
        Its full name, such as ``R22_S11``.
    purpose : `str`
        One of `PURPOSES`; empty if it is none of them.
    width, height : `int`
        Columns and rows of the assembled detector.
    amplifiers : `tuple` [`CameraAmplifier`]
        Its amplifiers in the order of the file.
    x, y : `float`
        Centre in the focal plane (mm).
    rotation : `float`
        Angle from the focal plane's x to its rows (deg), counter-clockwise.
    pixel_size : `float`
        Side of a pixel (mm).
    """

    id: int
    name: str
    serial: str
    purpose: str
    width: int
    height: int
    amplifiers: tuple[CameraAmplifier, ...]
    x: float = 0.0
    y: float = 0.0
    rotation: float = 0.0
    pixel_size: float = math.nan


@dataclass(frozen=True, slots=True)
class CameraArchive:
    """The content of a camera file, as far as it can be compared.

    Parameters
    ----------
    name : `str`
        Name of the camera, by which the stack's classes call it; not always that of the instrument.
    detectors : `tuple` [`CameraDetector`]
        Its detectors by number.
    """

    name: str
    detectors: tuple[CameraDetector, ...]


def read_camera(filename: str | os.PathLike[str]) -> CameraArchive:
    """Read a camera file of the stack.

    Raises
    ------
    CuratedError
        If it is none, or damaged; the message says why.
    OSError
        If it cannot be opened.
    """
    handle = os.open(filename, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise CuratedError("it is no regular file")
        if status.st_size > LARGEST_CAMERA:
            raise CuratedError(f"it has {status.st_size} bytes, more than any camera file")
        with os.fdopen(os.dup(handle), "rb") as stream:
            data = stream.read(LARGEST_CAMERA + 1)
    finally:
        os.close(handle)
    return parse_camera(data)


def parse_camera(data: bytes) -> CameraArchive:
    """Return the content of a camera file, given as bytes.

    Raises
    ------
    CuratedError
        If it is none, or damaged; the message says why.
    """
    from astropy.io import fits

    if data.startswith(_GZIP):
        raise CuratedError("it is packed; unpack it with gunzip")
    if not data.startswith(_SIGNATURE):
        raise CuratedError("it does not begin with SIMPLE, as a FITS file does")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # astropy warns of a file that is cut off
            with fits.HDUList.fromstring(data) as hdus:
                return _archive(hdus)
    except CuratedError:
        raise
    except (*_DAMAGE, Warning, fits.VerifyError) as error:
        # What astropy says of it changes with its version.
        raise CuratedError(f"it is cut off or damaged ({type(error).__name__})") from error


class _Columns(dict[str, Any]):
    """Columns of a table by name, each read once: a row of a table of astropy takes as long as a column."""

    def __init__(self, data: Any) -> None:
        super().__init__()
        self.data = data

    def __missing__(self, name: str) -> Any:
        self[name] = column = self.data[name]
        return column


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a table."""

    columns: _Columns
    number: int

    def __getitem__(self, name: str) -> Any:
        return self.columns[name][self.number]

    def get(self, name: str, default: Any) -> Any:
        """Return a value of a column that not every camera file has."""
        return self[name] if name in self.columns.data.dtype.names else default


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of an object in one of its tables."""

    columns: _Columns
    start: int
    count: int

    def __iter__(self) -> Iterator[_Row]:
        return (_Row(self.columns, n) for n in range(self.start, self.start + self.count))


def _archive(hdus: Any) -> CameraArchive:
    index, tables = None, {}
    for hdu in list(hdus)[1:]:
        kind = str(hdu.header.get("EXTTYPE", "")).strip()
        if kind == "ARCHIVE_INDEX" and index is None:
            index = hdu
        elif kind == "ARCHIVE_DATA":
            tables[int(hdu.header["AR_CATN"])] = hdu
    if index is None:
        raise CuratedError("it has no ARCHIVE_INDEX, which camera files of the stack have")
    objects = dict(_objects(index.data, tables))
    cameras = [parts for (kind, _), parts in objects.items() if kind == "Camera"]
    if len(cameras) != 1 or not {0, 1} <= cameras[0].keys():
        raise CuratedError(f"its archive has {len(cameras) or 'no'} objects of the class Camera, not one")
    detectors = []
    for row in cameras[0][0]:
        parts = objects.get(("Detector", int(row["detector"])), {})
        if not {0, 1} <= parts.keys() or parts[0].count != 1:
            raise CuratedError(f"its archive lacks the detector with the key {int(row['detector'])}")
        detectors.append(_detector(next(iter(parts[0])), parts[1]))
    if not detectors:
        raise CuratedError("it has no detectors")
    name = _text(next(iter(cameras[0][1]))["name"])
    return CameraArchive(name, tuple(sorted(detectors, key=lambda detector: detector.id)))


def _objects(index: Any, tables: Mapping[int, Any]) -> Iterator[tuple[tuple[str, int], dict[int, _Rows]]]:
    """Yield the parts of each object of the archive that is compared, by its class and key."""
    parts: dict[tuple[str, int], dict[int, _Rows]] = {}
    columns = {number: _Columns(table.data) for number, table in tables.items()}
    if len(index) > _MOST_ROWS:
        raise CuratedError(f"its index has {len(index)} rows, more than any camera's")
    for row in _Rows(_Columns(index), 0, len(index)):
        kind = str(row["name"]).strip()
        if kind not in ("Camera", "Detector"):
            continue
        number = int(row["cat.archive"])
        table = tables.get(number)
        start, count = int(row["row0"]), int(row["nrows"])
        if table is None or start < 0 or count < 0 or start + count > len(table.data):
            raise CuratedError(f"its index names rows of {kind} that are not there")
        parts.setdefault((kind, int(row["id"])), {})[int(row["cat.persistable"])] = _Rows(
            columns[number], start, count
        )
    yield from parts.items()


def _detector(row: _Row, amplifiers: _Rows) -> CameraDetector:
    number = int(row["type"])
    return CameraDetector(
        id=int(row["id"]),
        name=_text(row["name"]),
        serial=_text(row["serial"]),
        purpose=PURPOSES[number] if number in range(len(PURPOSES)) else "",
        width=int(row["bbox_max_x"]) - int(row["bbox_min_x"]) + 1,
        height=int(row["bbox_max_y"]) - int(row["bbox_min_y"]) + 1,
        amplifiers=tuple(map(_amplifier, amplifiers)),
        x=float(row.get("fpPosition_x", 0)),
        y=float(row.get("fpPosition_y", 0)),
        rotation=round(math.degrees(float(row.get("yaw", 0))), 9) % 360.0,
        pixel_size=float(row.get("pixelSize_x", math.nan)),
    )


def _amplifier(row: _Row) -> CameraAmplifier:
    # The first flag says whether there are raw boxes.
    _, flip_x, flip_y = (bool(flag) for flag in np.resize(row.get("flags", [False]), 3))
    number = int(row.get("readoutcorner", 0))
    corner = CORNERS[number] if number in range(len(CORNERS)) else CORNERS[0]
    vertical, horizontal = corner[0], corner[1]
    return CameraAmplifier(
        _text(row["name"]),
        int(row["bbox_extent_x"]),
        int(row["bbox_extent_y"]),
        float(row["gain"]),
        float(row.get("readnoise", math.nan)),
        float(row.get("saturation", math.nan)),
        int(row.get("bbox_min_x", 0)),
        int(row.get("bbox_min_y", 0)),
        # The archive has the corner of the raw image.
        ("LU"["UL".index(vertical)] if flip_y else vertical)
        + ("RL"["LR".index(horizontal)] if flip_x else horizontal),
        flip_x,
        flip_y,
        *(_raw_box(row, name) for name in ("data", "horizontaloverscan", "verticaloverscan")),
    )


def _raw_box(row: _Row, name: str) -> Box:
    """Return a box in the amplifier's own raw image, which may be a part of the detector's."""
    x0, y0, width, height = (
        int(row.get(f"raw_{name}bbox_{part}", 0)) for part in ("min_x", "min_y", "extent_x", "extent_y")
    )
    if not width or not height:
        return _NO_BOX
    return Box(x0 - int(row.get("raw_bbox_min_x", 0)), y0 - int(row.get("raw_bbox_min_y", 0)), width, height)


def _text(characters: Any) -> str:
    """Return a text, which the archive has as an array of characters."""
    if isinstance(characters, str):
        return characters.strip()
    return "".join(np.asarray(characters).astype(str).tolist()).strip()
