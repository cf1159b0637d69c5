"""Image products: a FITS image described by a side file, which all types of them share."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from curated.calib import Calib, calibration
from curated.calib.content import Companion, Content
from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.metadata import Metadata
from curated.core.stamp import COMPANION_KEYWORDS
from curated.core.tables import ImageData, TableData
from curated.core.units import DIMENSIONLESS
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.image.content import plane_contents
from curated.image.planes import Plane, digest, planes_of, statistics
from curated.image.reader import PLANES, is_plain_name, read_image
from curated.types._image_ccddata import CcdImage
from curated.types._image_statistics import empty_problems, statistic_problems, time_problems
from curated.types._image_units import unit_of

_TABLES = (
    Table(name="", rows="record"),
    Table(name="image", rows="record"),
    Table(name="statistics", rows="record", optional=True),
)
_TOP, _IMAGE, _STATISTICS = range(3)
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_FILE_PLACE = ("image", "file")
_FILE, _SHA, _SIZE = COMPANION_KEYWORDS


# -- declarations -------------------------------------------------------------------------------------


def image_spec(name: str, title: str, *, storage_class: str = "ExposureF", **more: Any) -> Spec:
    """Return the declaration of an image product; the keyword arguments are those of `Spec`."""
    classes = {"ExposureF": "lsst.afw.image.ExposureF", "MaskedImageF": "lsst.afw.image.MaskedImageF"}
    arguments = {"obstype": name, "calibcls": classes.get(storage_class, ""), **more}
    return Spec(
        name=name,
        title=title,
        storage_class=storage_class,
        forms=("yaml", "json"),
        tables=_TABLES,
        absent="omit",
        beside=(".fits", ".fits.fz", ".fits.gz"),
        plot=PlotSpec(kind="image", y="image"),
        **arguments,
    )


def unit_column(*choices: str) -> Any:
    """Declare the unit of the pixels, the usual one first."""
    return column(
        "str",
        table=_TOP,
        keyword="BUNIT",
        text="unit",
        choices=choices,
        required=False,
        doc=f"Unit of the pixels; without it, that of the image's BUNIT, else {choices[0] or 'none'}.",
    )


def value_column(keyword: str, doc: str, **more: Any) -> Any:
    """Declare a number at the top of the side file."""
    return column("f8", table=_TOP, keyword=keyword, required=False, doc=doc, **more)


def _statistic(keyword: str, doc: str, dtype: str = "f8", **more: Any) -> Any:
    """Declare a statistic of the pixels, which only people read."""
    return column(
        dtype, table=_STATISTICS, keyword=keyword, required=False, doc=f"{doc} Informative.", **more
    )


@calibration
class ImageCalib(CcdImage, Calib):
    """A FITS image with a side file.

    Planes are [row, column] arrays in native byte order. Opening a file maps them; they are read when they are
    used. `mask` and `variance` may be absent.
    """

    TIME: ClassVar[str] = ""
    """Field with the exposure time that the pixels stand for, in types that scale with time."""

    unit: str | None = None
    file: str = column("str", table=_IMAGE, keyword=_FILE, doc="Name of the FITS file in the same directory.")
    sha256: str = column("str", table=_IMAGE, keyword=_SHA, doc="SHA-256 of the FITS file, hexadecimal.")
    size: int = column("i8", table=_IMAGE, keyword=_SIZE, minimum=0, doc="Size of the FITS file in bytes.")
    width: int | None = column(
        "i8",
        table=_IMAGE,
        keyword="IMWIDTH",
        above=0,
        required=False,
        doc="Number of columns; checked if given.",
    )
    height: int | None = column(
        "i8",
        table=_IMAGE,
        keyword="IMHEIGHT",
        above=0,
        required=False,
        doc="Number of rows; checked if given.",
    )
    mean: float | None = _statistic("IMGMEAN", "Mean of the pixels that are not masked.")
    median: float | None = _statistic("IMGMED", "Median of the pixels that are not masked.")
    standard_deviation: float | None = _statistic(
        "IMGSTD", "Standard deviation of the pixels that are not masked.", minimum=0
    )
    bad_pixels: int | None = _statistic(
        "IMGNBAD", "Number of pixels that are masked or not finite.", "i8", minimum=0
    )

    planes: Mapping[str, Plane] = dataclasses.field(default_factory=dict)

    # -- making one -----------------------------------------------------------------------------------

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Accept FITS files without a side file, such as those of the stack."""
        if content.form == "fits":
            for name, default in (("file", ""), ("sha256", ""), ("size", 0)):
                content.values.setdefault(name, default)
        return []

    @classmethod
    def from_pixels(
        cls,
        image: Any,
        *,
        mask: Any = None,
        variance: Any = None,
        mask_planes: Mapping[str, int] | None = None,
        metadata: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> Self:
        """Make a calibration from arrays, with its statistics.

        Parameters
        ----------
        image : array-like
            Pixels, [row, column].
        mask : array-like, optional
            Bits, [row, column]; 0 where a pixel is good.
        variance : array-like, optional
            Variance of the image, [row, column].
        mask_planes : `dict` [`str`, `int`], optional
            Bit number of each mask plane; by default those of the stack.
        metadata : `dict`, optional
            Keywords.
        **values
            Other fields of the type, such as ``unit``.

        Raises
        ------
        CuratedError
            If the arrays are not images of one shape.
        """
        planes = planes_of(image, mask, variance, mask_planes)
        height, width = planes["IMAGE"].mapped.shape
        values = {"width": width, "height": height, **statistics(planes), **values}
        values = {"file": "", "sha256": "", "size": 0, "unit": cls._units()[0], **values}
        calib = cls(metadata=Metadata(metadata or {}), planes=planes, **values)
        time, problems = calib._default_time(calib.unit)
        if problems:
            raise CuratedError("; ".join(p.detail for p in problems))
        fields = {f.name: getattr(calib, f.name) for f in cls.FIELDS}
        return calib._with({**{k: v for k, v in fields.items() if v is not None}, **time})

    def described(self, filename: str | os.PathLike[str], name: str = "") -> Self:
        """Return it with the name, size and hash of a FITS file, for its side file.

        Parameters
        ----------
        filename : path-like
            The file, such as one written by `writeFits`.
        name : `str`, optional
            Its name beside the side file; the current one if empty.
        """
        path = Path(filename)
        companion = {"file": name or path.name, "sha256": digest(str(path), ()), "size": path.stat().st_size}
        return self._with(companion)

    def _with(self, values: Mapping[str, Any], **more: Any) -> Self:
        """Return it with other values of fields, and of their keywords."""
        keywords = {f.name: f.keyword for f in self.FIELDS}
        metadata = Metadata({**self.metadata, **{keywords[name]: value for name, value in values.items()}})
        return dataclasses.replace(self, metadata=metadata, **values, **more)

    @classmethod
    def _units(cls) -> tuple[str, ...]:
        return next(f.choices for f in cls.FIELDS if f.name == "unit")

    # -- the file beside the text ----------------------------------------------------------------------

    def companion(self) -> Companion | None:
        """Return the image that the side file names; `None` if it is not in the same directory."""
        if not is_plain_name(self.file):
            return None
        return Companion(self.file, self.sha256, self.size, ("image",))

    def attach(self, filename: str | os.PathLike[str]) -> tuple[Self, list[Problem]]:
        """Return it with the planes of a FITS file, mapped but not read.

        Parameters
        ----------
        filename : path-like
            FITS file with an image HDU for each plane.

        Returns
        -------
        calib : `ImageCalib`
            With planes, if the file has any that can be used.
        problems : `list` [`Problem`]
            All that is wrong according to its headers.
        """
        file = read_image(filename)
        problems = file.problems
        if not file.planes:
            return self, problems
        for plane in file.planes.values():
            plane.mapped  # noqa: B018 (a file that is removed later stays mapped)
        image = file.planes["IMAGE"]
        sizes = (("width", self.width, image.width), ("height", self.height, image.height))
        for name, declared, actual in sizes:
            if declared is not None and declared != actual:
                size = f"{os.path.basename(filename)} has {image.width} x {image.height}"
                problems.append(Problem("CAL347", ("image", name), f"{name} is {declared}, but {size}"))
        unit, unit_problems = unit_of(self.unit, file.header, self._units())
        time, absent_time = self._default_time(unit)
        problems += [*unit_problems, *absent_time]
        if self.TIME and getattr(self, self.TIME) is not None and not (unit or "").endswith("/s"):
            problems += time_problems(self.TIME, getattr(self, self.TIME), file.header)
        return self._with(time if unit == self.unit else {"unit": unit, **time}, planes=file.planes), problems

    def _default_time(self, unit: str | None) -> tuple[dict[str, float], list[Problem]]:
        """Return the time of the pixels if the side file does not give it: one second for units per second."""
        if not self.TIME or getattr(self, self.TIME) is not None:
            return {}, []
        if unit and unit.endswith("/s"):
            return {self.TIME: 1.0}, []
        detail = f"{self.TIME} is missing: in how many seconds pixels in {unit} came about"
        return {}, [Problem("CAL210", (), detail)]

    # -- planes ----------------------------------------------------------------------------------------

    @property
    def image(self) -> Array:
        """Pixels, [row, column], in native byte order; not writable.

        Raises
        ------
        CuratedError
            If only the side file was read.
        """
        if "IMAGE" not in self.planes:
            raise CuratedError(f"{self.SPEC.name} has no pixels", "read it with readText or readFits")
        return self.planes["IMAGE"].native

    @property
    def mask(self) -> Array | None:
        """Mask, [row, column], with the bits of `mask_planes`; `None` if there is none."""
        return self.planes["MASK"].native if "MASK" in self.planes else None

    @property
    def variance(self) -> Array | None:
        """Variance, [row, column]; `None` if there is none."""
        return self.planes["VARIANCE"].native if "VARIANCE" in self.planes else None

    @property
    def mask_planes(self) -> dict[str, int]:
        """Bit number of each mask plane; those of the stack's masks if the file does not give them."""
        return self.planes["MASK"].meanings if "MASK" in self.planes else {}

    def content_values(self) -> dict[str, Any]:
        """Return what counts where images are compared: unit, numbers of the type, and the pixels of each plane.

        A mask or variance without any pixel but zero counts as missing, as the stack's reader fills it in. Bits of a
        mask count by the meanings that are in use, whatever their numbers.
        """
        values = {f.name: getattr(self, f.name) for f in self.FIELDS if f.table == _TOP}
        return {**values, **plane_contents(self.planes)}

    def __eq__(self, other: object) -> bool:
        """Compare all values, keywords and pixels exactly; NaN equals NaN."""
        is_same = super().__eq__(other)
        if is_same is not True or not isinstance(other, ImageCalib):
            return is_same
        return (
            self.planes.keys() == other.planes.keys()
            and self.mask_planes == other.mask_planes
            and all(plane.is_equal(other.planes[name]) for name, plane in self.planes.items())
        )

    __hash__ = None

    # -- rules -----------------------------------------------------------------------------------------

    def problems(self) -> Iterator[Problem]:
        """Yield a time that contradicts the unit, a file in another directory, and a hash that is none."""
        time = getattr(self, self.TIME) if self.TIME else None
        if self.unit and self.unit.endswith("/s") and time not in (None, 1.0):
            detail = f"{self.TIME} is {time:g} s, but pixels in {self.unit} are those of one second"
            yield Problem("CAL308", (self.TIME,), detail)
        if not self.file and not self.sha256:
            return
        if not is_plain_name(self.file):
            yield Problem(
                "CAL341", _FILE_PLACE, f"{brief(self.file)} is not the name of a file in the same directory"
            )
        if not _HASH.match(self.sha256):
            detail = f"sha256 is {brief(self.sha256)}, not 64 digits of 0 to 9 and a to f"
            yield Problem("CAL301", ("image", "sha256"), detail)

    def fits_on(self, width: int, height: int) -> Iterator[Problem]:
        """Yield an image whose size is not that of its detector."""
        plane = self.planes.get("IMAGE")
        size = (plane.width, plane.height) if plane else (self.width or width, self.height or height)
        if size != (width, height):
            detail = f"the image has {size[0]} x {size[1]} pixels, its detector {width} x {height}"
            yield Problem("CAL347", _FILE_PLACE, detail)

    def pixel_problems(self, *, is_sole: bool = False) -> Iterator[Problem]:
        """Yield what contradicts its pixels, all of which are read: statistics, and in some types a level."""
        if self.measured:
            declared = {f.name: getattr(self, f.name) for f in self.FIELDS if f.table == _STATISTICS}
            yield from statistic_problems(declared, self.measured)
            problems = list(self.level_problems(self.measured))
            yield from problems
            if is_sole and not problems:
                yield from self.sole_level_problems(self.measured)

    @cached_property
    def measured(self) -> Mapping[str, float]:
        """Statistics of its good pixels by field name; empty if it has no pixels."""
        return statistics(self.planes) if "IMAGE" in self.planes else {}

    def level_problems(self, measured: Mapping[str, float]) -> Iterator[Problem]:
        """Yield a level of the pixels that the type cannot have; ``measured`` is what `statistics` returns."""
        yield from empty_problems(measured)

    def sole_level_problems(self, measured: Mapping[str, float]) -> Iterator[Problem]:  # noqa: ARG002 (types need it)
        """Yield a level that the only detector of an instrument cannot have, one of many detectors can."""
        return iter(())

    # -- FITS ------------------------------------------------------------------------------------------

    def tables(self) -> list[TableData]:
        """Return no tables: its values are keywords."""
        return []

    def fits_images(self) -> list[ImageData]:
        """Return its planes in the stack's exposure layout.

        The primary HDU has the keywords and no data, of which INHERIT tells the stack's reader. MP_ keywords give
        the mask planes (documentation of lsst.afw.image, Exposure and Mask).
        """
        unit = self.unit or ""
        square = "/".join(f"{part}**2" for part in unit.split("/")) if unit else ""
        units = {"IMAGE": unit, "VARIANCE": square}
        return [
            ImageData(self.planes[n].cards(units.get(n)), self.planes[n].datasum(), self.planes[n].blocks)
            for n in PLANES
            if n in self.planes
        ]

    @property
    def is_dimensionless(self) -> bool:
        """Whether its pixels are plain numbers."""
        return (self.unit or "") in DIMENSIONLESS
