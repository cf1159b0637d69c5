"""What all image products share: the side file, the planes, and how images are corrected with them."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from curated.calib import Calib, calibration
from curated.calib.content import Companion, Content
from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.metadata import Metadata
from curated.core.stamp import COMPANION_KEYWORDS
from curated.core.tables import ImageData, TableData
from curated.core.units import DIMENSIONLESS
from curated.declare import Array, column
from curated.image.planes import Plane, digest, planes_of, statistics
from curated.image.reader import PLANES, is_plain_name, read_image
from curated.types._image_fields import IMAGE, statistic_column, unit_of

_HASH = re.compile(r"[0-9a-f]{64}\Z")
_AT = ("image", "file")
_FILE, _SHA, _SIZE = COMPANION_KEYWORDS


@calibration
class ImageCalib(Calib):
    """A FITS image with a side file.

    Planes are [row, column] arrays in native byte order, mapped when the file is opened and read when they are
    asked for. `mask` and `variance` may be absent.
    """

    TIME: ClassVar[str] = ""
    """Field that says in how many seconds the pixels came about, of a type that is scaled by time."""

    unit: str | None = None
    file: str = column("str", table=IMAGE, keyword=_FILE, doc="Name of the FITS file in the same directory.")
    sha256: str = column("str", table=IMAGE, keyword=_SHA, doc="SHA-256 of the FITS file, hexadecimal.")
    size: int = column("i8", table=IMAGE, keyword=_SIZE, minimum=0, doc="Size of the FITS file in bytes.")
    width: int | None = column(
        "i8",
        table=IMAGE,
        keyword="IMWIDTH",
        above=0,
        required=False,
        doc="Columns; checked where it is given.",
    )
    height: int | None = column(
        "i8",
        table=IMAGE,
        keyword="IMHEIGHT",
        above=0,
        required=False,
        doc="Rows; checked where it is given.",
    )
    mean: float | None = statistic_column("IMGMEAN", "Mean of the pixels that are not masked.")
    median: float | None = statistic_column("IMGMED", "Median of the pixels that are not masked.")
    standard_deviation: float | None = statistic_column("IMGSTD", "Their standard deviation.", minimum=0)
    bad_pixels: int | None = statistic_column(
        "IMGNBAD", "Pixels that are masked or not finite.", "i8", minimum=0
    )

    planes: Mapping[str, Plane] = dataclasses.field(default_factory=dict)

    # -- making one -----------------------------------------------------------------------------------

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Take FITS files that no side file speaks of, such as those that the stack writes."""
        if content.form == "fits":
            for name, empty in (("file", ""), ("sha256", ""), ("size", 0)):
                content.values.setdefault(name, empty)
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
        """Make a calibration of arrays, with its statistics.

        Parameters
        ----------
        image : array-like
            Pixels, [row, column].
        mask : array-like, optional
            Bits, [row, column]; 0 where a pixel is good.
        variance : array-like, optional
            Variance of the image, [row, column].
        mask_planes : `dict` [`str`, `int`], optional
            Meaning of the bits of the mask; as in the stack where it is absent.
        metadata : `dict`, optional
            Keywords.
        **values
            Other fields of the type, such as ``unit``.

        Raises
        ------
        CuratedError
            If the arrays are no planes of one shape.
        """
        planes = planes_of(image, mask, variance, mask_planes)
        height, width = planes["IMAGE"].mapped.shape
        values = {"width": width, "height": height, **statistics(planes), **values}
        values = {"file": "", "sha256": "", "size": 0, "unit": cls._units()[0], **values}
        made = cls(metadata=Metadata(metadata or {}), planes=planes, **values)
        time, problems = made._time_of(made.unit)
        if problems:
            raise CuratedError("; ".join(p.detail for p in problems))
        known = {f.name: getattr(made, f.name) for f in cls.FIELDS}
        return made._with({**{k: v for k, v in known.items() if v is not None}, **time})

    def described(self, filename: str | os.PathLike[str], name: str = "") -> Self:
        """Return it with the name, size and hash of a FITS file, for its side file.

        Parameters
        ----------
        filename : path-like
            The file, for instance one that `writeFits` has written.
        name : `str`, optional
            The name that it is to have beside the side file; the one that it has if empty.
        """
        path = Path(filename)
        said = {"file": name or path.name, "sha256": digest(str(path), ()), "size": path.stat().st_size}
        return self._with(said)

    def _with(self, values: Mapping[str, Any], **more: Any) -> Self:
        """Return it with other values of fields, in its keywords as well."""
        keywords = {f.name: f.keyword for f in self.FIELDS}
        metadata = Metadata({**self.metadata, **{keywords[name]: value for name, value in values.items()}})
        return dataclasses.replace(self, metadata=metadata, **values, **more)

    @classmethod
    def _units(cls) -> tuple[str, ...]:
        return next(f.choices for f in cls.FIELDS if f.name == "unit")

    # -- the file beside the text ----------------------------------------------------------------------

    def companion(self) -> Companion | None:
        """Return the image beside the side file; `None` where its name is none of the same directory."""
        if not is_plain_name(self.file):
            return None
        return Companion(self.file, self.sha256, self.size, ("image",))

    def attach(self, filename: str | os.PathLike[str]) -> tuple[Self, list[Problem]]:
        """Return it with the planes of a FITS file, which are mapped and not read.

        Parameters
        ----------
        filename : path-like
            The file.

        Returns
        -------
        calib : `ImageCalib`
            With planes, unless the file has none that can be used.
        problems : `list` [`Problem`]
            All that its headers show to be wrong.
        """
        found = read_image(filename)
        problems = found.problems
        if not found.planes:
            return self, problems
        for plane in found.planes.values():
            plane.mapped  # noqa: B018 (a file that is removed later stays mapped)
        image = found.planes["IMAGE"]
        for name, given, real in (("width", self.width, image.width), ("height", self.height, image.height)):
            if given is not None and given != real:
                detail = (
                    f"{name} is {given}, but {os.path.basename(filename)} has {image.width} x {image.height}"
                )
                problems.append(Problem("CAL347", ("image", name), detail))
        unit, more = unit_of(self.unit, found.header, self._units())
        said, late = self._time_of(unit)
        new = {} if unit == self.unit else {"unit": unit}
        return self._with({**new, **said}, planes=found.planes), [*problems, *more, *late]

    def _time_of(self, unit: str | None) -> tuple[dict[str, float], list[Problem]]:
        """Return the time of the pixels where the side file does not say it: one second, if their unit does."""
        if not self.TIME or getattr(self, self.TIME) is not None:
            return {}, []
        if unit and unit.endswith("/s"):
            return {self.TIME: 1.0}, []
        detail = f"{self.TIME} is missing: in how many seconds pixels in {unit} came about"
        return {}, [Problem("CAL210", (), detail)]

    # -- planes ----------------------------------------------------------------------------------------

    @property
    def image(self) -> Array:
        """The pixels, [row, column], in native byte order; not writable.

        Raises
        ------
        CuratedError
            If there are none: only the side file was read.
        """
        if "IMAGE" not in self.planes:
            raise CuratedError(f"{self.SPEC.name} has no pixels", "read it with readText or readFits")
        return self.planes["IMAGE"].native

    @property
    def mask(self) -> Array | None:
        """The mask, [row, column], bits as in `mask_planes`; `None` where there is none."""
        return self.planes["MASK"].native if "MASK" in self.planes else None

    @property
    def variance(self) -> Array | None:
        """The variance, [row, column]; `None` where there is none."""
        return self.planes["VARIANCE"].native if "VARIANCE" in self.planes else None

    @property
    def mask_planes(self) -> dict[str, int]:
        """Bits of the mask by meaning; those of the stack's own masks where the file does not say."""
        return self.planes["MASK"].meanings if "MASK" in self.planes else {}

    def __eq__(self, other: object) -> bool:
        """Compare all values, keywords and pixels exactly; NaN equals NaN."""
        same = super().__eq__(other)
        if same is not True or not isinstance(other, ImageCalib):
            return same
        return (
            self.planes.keys() == other.planes.keys()
            and self.mask_planes == other.mask_planes
            and all(plane.is_equal(other.planes[name]) for name, plane in self.planes.items())
        )

    __hash__ = None

    # -- rules -----------------------------------------------------------------------------------------

    def problems(self) -> Iterator[Problem]:
        """Yield a time that contradicts the unit, a name that is none of the same directory, no hash."""
        time = getattr(self, self.TIME) if self.TIME else None
        if self.unit and self.unit.endswith("/s") and time not in (None, 1.0):
            detail = f"{self.TIME} is {time:g} s, but pixels in {self.unit} are those of one second"
            yield Problem("CAL308", (self.TIME,), detail)
        if not self.file and not self.sha256:
            return
        if not is_plain_name(self.file):
            yield Problem(
                "CAL341", _AT, f"{brief(self.file)} is not the name of a file in the same directory"
            )
        if not _HASH.match(self.sha256):
            detail = f"sha256 is {brief(self.sha256)}, not 64 digits of 0 to 9 and a to f"
            yield Problem("CAL301", ("image", "sha256"), detail)

    def fits_on(self, width: int, height: int) -> Iterator[Problem]:
        """Yield an image of another size than its detector."""
        plane = self.planes.get("IMAGE")
        mine = (plane.width, plane.height) if plane else (self.width or width, self.height or height)
        if mine != (width, height):
            detail = f"the image has {mine[0]} x {mine[1]} pixels, its detector {width} x {height}"
            yield Problem("CAL347", _AT, detail)

    # -- FITS ------------------------------------------------------------------------------------------

    def tables(self) -> list[TableData]:
        """Return no tables: its values are keywords."""
        return []

    def fits_images(self) -> list[ImageData]:
        """Return its planes in the stack's exposure layout.

        The primary HDU has the keywords and no data; INHERIT tells the stack's reader so. MP_ keywords say what
        the bits of the mask are (documentation of lsst.afw.image, Exposure and Mask).
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
