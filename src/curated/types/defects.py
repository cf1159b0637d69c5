"""Defects: rectangles of unusable pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims
from curated.calib.error import or_raise
from curated.core.diagnostic import CuratedError, Problem
from curated.core.tables import TextColumn
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.image.pixels import Image, no_options, pixels_of, with_pixels
from curated.types._boxes import repeated
from curated.types._regions import boxes_of, is_regions

if TYPE_CHECKING:
    from curated.core.geometry import DetectorGeometry


@calibration
class Defects(Calib):
    """Rectangles of unusable pixels.

    The stack merges touching boxes when it reads them; here they stay as the person wrote them.
    """

    SPEC: ClassVar = Spec(
        name="defects",
        title="Rectangles of unusable pixels",
        obstype="defects",
        version=2.0,
        dimensions=("instrument", "detector"),
        storage_class="Defects",
        calibcls="lsst.ip.isr.defects.Defects",
        tables=(Table(name="DEFECTS", rows="free"),),
        absent="omit",
        keeps_version=True,
        plot=PlotSpec(kind="boxes"),
    )

    x0: Array = column(
        "i8", column="x0", unit="pix", minimum=0, doc="First column of the box, counted from zero."
    )
    y0: Array = column(
        "i8", column="y0", unit="pix", minimum=0, doc="First row of the box, counted from zero."
    )
    width: Array = column("i8", column="width", unit="pix", above=0, doc="Columns of the box.")
    height: Array = column("i8", column="height", unit="pix", above=0, doc="Rows of the box.")

    @classmethod
    def from_columns(
        cls, metadata: Mapping[str, Any], tables: list[Mapping[str, TextColumn]], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Take tables of FITS regions as well, in which older defects come."""
        if not tables or not is_regions(tables[0]):
            return super().from_columns(metadata, tables, form)
        boxes, found = boxes_of(tables[0])
        made, problems = super().from_columns(metadata, [boxes], form)
        return (None if found else made), found + problems

    @classmethod
    def neutral(cls, detector: DetectorGeometry) -> dict[str, Any]:
        """Return no box at all."""
        return {f.name: [] for f in cls.FIELDS}

    def problems(self) -> Iterator[Problem]:
        """Yield boxes of columns that are not all given, and boxes that add nothing to the others."""
        lengths = {f.name: len(getattr(self, f.name)) for f in self.FIELDS}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name} {n}" for name, n in lengths.items())
            yield Problem("CAL215", ("width",), f"the columns differ in length: {listed}")
        elif len(self.x0) > 1:
            yield from repeated(self.x0, self.y0, self.width, self.height)

    def fits_on(self, width: int, height: int) -> Iterator[Problem]:
        """Yield boxes that reach beyond the detector."""
        right, top = self.x0 + self.width, self.y0 + self.height
        for row in np.flatnonzero((right > width) | (top > height)).tolist():
            box = f"columns {self.x0[row]} to {right[row] - 1}, rows {self.y0[row]} to {top[row] - 1}"
            yield Problem("CAL307", ("x0", row), f"row {row + 1}: {box} on a detector of {width} x {height}")

    def claims(self) -> Claims | None:
        """Return how far its boxes reach."""
        if not self.x0.size:
            return None
        right, top = self.x0 + self.width, self.y0 + self.height
        # The row that reaches farthest, as columns and rows are alike on most detectors.
        return Claims(reach=[int(right.max()), int(top.max()), int(np.maximum(right, top).argmax())])

    def mask(self, shape: tuple[int, int]) -> Array:
        """Return which pixels are bad.

        Parameters
        ----------
        shape : `tuple` [`int`]
            Rows and columns of the image.

        Returns
        -------
        mask : `numpy.ndarray`, (rows, columns), bool
            `True` inside of a box.

        Raises
        ------
        CalibrationError
            If a box reaches beyond the image.
        """
        from curated.core.geometry import Box

        rows, columns = shape
        or_raise(self, list(self.fits_on(columns, rows)))
        bad = np.zeros(shape, bool)
        boxes = zip(
            self.x0.tolist(), self.y0.tolist(), self.width.tolist(), self.height.tolist(), strict=True
        )
        for box in boxes:
            bad[Box(*box).slices] = True
        return bad

    def flag(self, mask: Array, bit: int = 0) -> Array:
        """Return a mask of bits, such as those of images, with one more bit set in the bad pixels.

        Parameters
        ----------
        mask : `numpy.ndarray`, (rows, columns), of whole numbers
            The bits that are there already; it stays as it is.
        bit : `int`, optional
            The bit; 0 is the plane BAD of the stack's masks (documentation of lsst.afw.image.Mask).

        Returns
        -------
        mask : `numpy.ndarray`, (rows, columns)
            Of the same type.

        Raises
        ------
        CalibrationError
            If a box reaches beyond the mask.
        CuratedError
            If the mask has no such bit.
        """
        kind = mask.dtype
        if kind.kind not in "iu" or not 0 <= bit < 8 * kind.itemsize - (kind.kind == "i"):
            raise CuratedError(f"a mask of {kind} has no bit {bit}", "give one of whole numbers")
        bad = self.mask((mask.shape[0], mask.shape[1]))
        flagged: Array = np.where(bad, mask | kind.type(1 << bit), mask)
        return flagged

    def apply(self, target: Image, *, interpolate: bool = False, **options: Any) -> Image:
        """Mark the bad pixels of an image, and replace them where that is asked for.

        A CCDData has a mask for them: it is its own one, or'ed with this one. An array has none: there bad
        pixels become NaN. With ``interpolate`` they become the straight line between the nearest good pixels
        to the left and right in the same row, at the end of a row the nearest good pixel, as IRAF's ``fixpix``
        does along lines; a row without a good pixel has NaN in an array, and stays as it is in a CCDData. The
        mask says which pixels were replaced.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The assembled image of the detector; it stays as it is.
        interpolate : `bool`, optional
            Whether bad pixels are replaced.

        Returns
        -------
        image : the kind of ``target``
            In a floating-point type.

        Raises
        ------
        CalibrationError
            If a box reaches beyond the image.
        CuratedError
            If the target is no image.
        """
        no_options(self, options)
        data = pixels_of(target)
        bad = self.mask((data.shape[0], data.shape[1]))
        plain = isinstance(target, np.ndarray)
        for row in np.flatnonzero(bad.any(axis=1)) if interpolate or plain else ():
            wrong = bad[row]
            good = np.flatnonzero(~wrong)
            if interpolate and good.size:
                data[row, wrong] = np.interp(np.flatnonzero(wrong), good, data[row, good])
            elif plain:
                data[row, wrong] = np.nan
        known = getattr(target, "mask", None)
        return with_pixels(target, data, bad if known is None else np.asarray(known, bool) | bad)
