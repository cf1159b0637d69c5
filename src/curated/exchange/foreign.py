"""Values between readers of foreign files and the package: the file, what a person says of it, and what it holds."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from curated.calib import Calib
from curated.core.diagnostic import CuratedError, Problem
from curated.core.tables import TextColumn
from curated.image.planes import Plane, digest

if TYPE_CHECKING:
    from curated.core.geometry import DetectorGeometry
    from curated.types.camera import CameraGeometry

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
"""Characters that no text has."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?\Z", re.A)

_HEAD = 65536
"""Bytes at the start of a file by which readers recognise it."""

MOST_TEXT = 64 << 20
"""Bytes of the largest foreign text that is read."""


@dataclass(frozen=True, eq=False)
class ForeignFile:
    """A file of another program.

    Parameters
    ----------
    path : `str`
        Where it is.
    head : `bytes`
        Its first 64 KiB, by which readers recognise it.
    size : `int`
        Its size in bytes.
    """

    path: str
    head: bytes
    size: int

    @property
    def name(self) -> str:
        """Its name without directories."""
        return os.path.basename(self.path)

    @property
    def is_fits(self) -> bool:
        """Whether it is a FITS file, possibly packed as a whole with gzip."""
        return self.head.startswith((b"SIMPLE  =", b"\x1f\x8b"))

    @property
    def is_text(self) -> bool:
        """Whether its start is text without control characters."""
        if b"\0" in self.head:
            return False
        try:
            text = self.head.decode("utf-8")
        except UnicodeDecodeError as error:
            is_cut = len(self.head) == _HEAD and error.start >= len(self.head) - 4
            if not is_cut:
                return False
            text = self.head[: error.start].decode("utf-8")
        return not _CONTROL.search(text)

    @cached_property
    def text(self) -> str:
        """Its whole content as text, without a byte-order mark.

        Raises
        ------
        ForeignError
            If it is larger than any such file, or is not UTF-8.
        """
        if self.size > MOST_TEXT:
            raise ForeignError(Problem("CAL710", (), f"{self.size} bytes are more than {MOST_TEXT} of text"))
        with open(self.path, "rb") as stream:
            data = stream.read(MOST_TEXT + 1)
        try:
            return data.decode("utf-8").removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            detail = f"byte 0x{data[error.start]:02x} is not UTF-8"
            raise ForeignError(Problem("CAL710", (), detail, line=line)) from error

    @cached_property
    def sha256(self) -> str:
        """Its SHA-256, 64 hexadecimal digits."""
        return digest(self.path, ())


def open_foreign(path: str | os.PathLike[str]) -> ForeignFile:
    """Look at the start of a file.

    Raises
    ------
    CuratedError
        If there is no regular file, or it cannot be read.
    """
    name = os.fspath(path)
    if not os.path.isfile(name):
        what = "is not a regular file" if os.path.lexists(name) else "is not there"
        raise CuratedError(f"{name} {what}", "name a file of another program")
    try:
        with open(name, "rb") as stream:
            head = stream.read(_HEAD)
            return ForeignFile(name, head, os.fstat(stream.fileno()).st_size)
    except OSError as error:
        raise CuratedError(f"{name} cannot be read: {error.strerror}") from error


def is_number(text: str) -> bool:
    """Say whether a text is a finite number as programs write them, also with the exponent ``D`` of Fortran.

    Python takes more for numbers, such as ``1_5`` and digits of other scripts, which no program means so.
    """
    return _NUMBER.match(text) is not None


def number_of(text: str) -> float:
    """Return the number of a text for which `is_number` is true."""
    return float(text.lower().replace("d", "e"))


class ForeignError(Exception):
    """A foreign file of which nothing can be read; a reader raises it, and `read_foreign` returns its problems."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.detail for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """What a person says of a foreign file, where the file does not say it itself.

    Parameters
    ----------
    hdu : `str`
        Name or number of the HDU to read; empty for the only one that fits.
    bits : `tuple` [`str`, ...]
        Names or numbers of the bits of a mask that mark bad pixels; all bits if there are none.
    inverted : `bool`, optional
        Whether pixels of a mask are good where it is not zero; `None` if nobody says so, which is refused for a mask
        most of whose pixels would be bad.
    origin : `int`, optional
        Number of the first pixel, 0 or 1; that of the file's form if `None`.
    untrimmed : `bool`, optional
        Whether coordinates are those of the raw image, with overscan; what the file says if `None`.
    image : `str`
        Path of the image that regions were drawn on, which converts physical and sky coordinates; empty for none.
    transposed : `bool`
        Whether the axes of an image are exchanged.
    units : `dict` [`str`, `str`]
        Units by name of a column or field; the one of the empty name is that of all values or pixels.
    values : `dict` [`str`, `str`]
        Values of fields that the file does not have, by name.
    columns : `dict` [`str`, `str`]
        Columns of a table, or their numbers from 1, by name of the field.
    by_order : `bool`
        Whether amplifiers are those of the detector in its order, whatever the file calls them.
    sort : `bool`
        Whether to sort the samples of curves by wavelength.
    source_axis : `str`
        Axis of a crosstalk matrix that has the sources, ``rows`` or ``columns``; empty if only the file can say it.
    sign : `str`, optional
        Whether crosstalk coefficients are what appears in the target (``added``) or what removes it (``correction``).
    """

    hdu: str = ""
    bits: tuple[str, ...] = ()
    inverted: bool | None = None
    origin: int | None = None
    untrimmed: bool | None = None
    image: str = ""
    transposed: bool = False
    units: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    by_order: bool = False
    sort: bool = False
    source_axis: str = ""
    sign: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """What a foreign file is read for.

    Parameters
    ----------
    cls : `type` [`Calib`]
        The type of the calibration.
    detector : `DetectorGeometry`, optional
        Its detector, as far as the package describes it; amplifiers have boxes if a camera calibration has them.
    camera : `CameraGeometry`, optional
        The camera calibration of the instrument; it has the geometry of raw images.
    filter : `str`
        Name of the filter; empty if the type has none.
    conventions : `Conventions`
        What a person says of the file.
    """

    cls: type[Calib]
    detector: DetectorGeometry | None = None
    camera: CameraGeometry | None = None
    filter: str = ""
    conventions: Conventions = field(default_factory=Conventions)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Foreign:
    """What a foreign file holds for a calibration of a type: values of one of four kinds, and what is wrong.

    Parameters
    ----------
    tree : `dict`
        Values as a YAML document of the type has them, without its keywords; ``units`` may be among them.
    tables : `tuple` [`dict` [`str`, `TextColumn`], ...]
        Columns, for each table of the type; units that convert are converted.
    planes : `dict` [`str`, `Plane`]
        Pixels of an image by name of the plane.
    metadata : `dict`
        Keywords of the calibration that the file states.
    calib : `Calib`, optional
        The calibration itself, of files in the type's own form; its keywords are those of ``metadata``.
    row_comments : `tuple` [`str`, ...]
        What the file says of each row; empty, or one text for each.
    problems : `tuple` [`Problem`, ...]
        All that is wrong, with lines of the foreign file; with an error among them nothing is made of it.
    """

    tree: Mapping[str, Any] = field(default_factory=dict)
    tables: tuple[Mapping[str, TextColumn], ...] = ()
    planes: Mapping[str, Plane] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    calib: Calib | None = None
    row_comments: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
