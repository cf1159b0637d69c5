"""Defects: rectangles of unusable pixels."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims
from curated.calib.error import or_raise
from curated.core.diagnostic import CuratedError, Problem
from curated.core.metadata import Metadata
from curated.core.tables import TextColumn
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image, no_options, pixels_of, with_pixels
from curated.types._added_boxes import added_rows
from curated.types._defects_forms import boxes_of_regions, has_regions
from curated.types._defects_math import MEASURES

if TYPE_CHECKING:
    from curated.core.geometry import Box, DetectorGeometry


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
        is_read_by_stack=True,
        calibcls="lsst.ip.isr.defects.Defects",
        tables=(Table(name="DEFECTS", rows="free", fits_units="given"),),
        absent="omit",
        keeps_version=True,
        plot=PlotSpec(kind="boxes"),
        measures=MEASURES,
        statistics=DeferredStatistics("curated.types._statistics_by_type", "DEFECTS"),
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
        """Read tables of boxes, and the tables of FITS regions of older defects."""
        if not tables or not has_regions(tables[0]):
            return super().from_columns(metadata, tables, form)
        boxes, region_problems = boxes_of_regions(tables[0])
        calib, problems = super().from_columns(metadata, [boxes], form)
        return (None if region_problems else calib), region_problems + problems

    @classmethod
    def from_mask(cls, mask: Any, *, metadata: Mapping[str, Any] | None = None) -> Self:
        """Make defects of the bad pixels of an image.

        Parameters
        ----------
        mask : array-like, (rows, columns)
            Flags or whole numbers; a pixel is bad where it is not zero. The mask of a CCDData is one.
        metadata : `dict`, optional
            Keywords.

        Returns
        -------
        defects : `Defects`
            Maximal rectangles that cover exactly the bad pixels, whatever their order; they may overlap.

        Raises
        ------
        CuratedError
            If it is no image of flags or whole numbers.
        """
        from curated.image.rectangles import rectangles_of

        if np.ma.is_masked(mask):
            raise CuratedError(
                "a mask that is a masked array does not say whether its masked pixels are bad",
                "give mask.filled(True) or mask.filled(False)",
            )
        array = np.asarray(mask)
        if array.ndim != 2 or array.dtype.kind not in "biu":
            raise CuratedError(
                f"a mask of shape {array.shape} and data type {array.dtype} is none of pixels",
                "give a two-dimensional array of flags or whole numbers, such as 'image > limit'",
            )
        return cls._of_boxes(rectangles_of(array != 0), metadata)

    @classmethod
    def from_regions(
        cls, regions: Any, shape: tuple[int, int] | None = None, *, metadata: Mapping[str, Any] | None = None
    ) -> Self:
        """Make defects of regions in pixels, as the package ``regions`` rasterises them.

        Parameters
        ----------
        regions : `regions.PixelRegion`, `regions.Regions` or iterable of them
            A pixel is bad if its centre is inside of one of them: ``to_mask(mode="center")``. Those whose
            ``meta["include"]`` is false are taken out of the others.
        shape : `tuple` [`int`], optional
            Rows and columns of the image; what is beyond it is left out.
        metadata : `dict`, optional
            Keywords.

        Raises
        ------
        CuratedError
            If one is no region in pixels, or reaches below the first pixel and no shape is given.
        """
        from curated.image.region_masks import boxes_of_regions as boxes_of_region_objects

        return cls._of_boxes(boxes_of_region_objects(regions, shape), metadata)

    @classmethod
    def _of_boxes(cls, boxes: Array, metadata: Mapping[str, Any] | None) -> Self:
        columns = dict(zip(("x0", "y0", "width", "height"), boxes.T.tolist(), strict=True))
        return cls.fromDict({"metadata": dict(metadata or {}), **columns})

    @classmethod
    def neutral(cls, detector: DetectorGeometry) -> dict[str, Any]:
        """Return no boxes."""
        return {f.name: [] for f in cls.FIELDS}

    def with_boxes(self, boxes: Mapping[str, Box], source: str) -> Self:
        """Return defects with the boxes of amplifiers out of use added.

        Parameters
        ----------
        boxes : `dict` [`str`, `Box`]
            Pixels of the amplifiers, by name.
        source : `str`
            What says that they are out of use; the keyword BADAMPSF has it, and BADAMPS the names;
            BADAMPSN is how many rows at the end are new.
        """
        columns, keywords = added_rows(self, boxes, source)
        return replace(self, metadata=Metadata({**self.metadata, **keywords}), **columns)

    # -- rules ----------------------------------------------------------------------------------------

    def problems(self) -> Iterator[Problem]:
        """Yield columns that differ in length, and boxes that add nothing to the others."""
        lengths = {f.name: len(getattr(self, f.name)) for f in self.FIELDS}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{name} {n}" for name, n in lengths.items())
            yield Problem("CAL215", ("width",), f"the columns differ in length: {counts}")
        elif len(self.x0) > 1:
            yield from redundant_boxes(self.x0, self.y0, self.width, self.height)

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

    def content_values(self) -> dict[str, Any]:
        """Return the pixels that the boxes cover, which are all that counts; the stack rearranges boxes on reading."""
        return {"pixels": covered_pixels(self.x0, self.y0, self.width, self.height)}

    # -- images ---------------------------------------------------------------------------------------

    def mask(self, shape: tuple[int, int]) -> Array:
        """Return which pixels are bad.

        Parameters
        ----------
        shape : `tuple` [`int`]
            Rows and columns of the image.

        Returns
        -------
        mask : `numpy.ndarray`, (rows, columns), bool
            `True` inside a box.

        Raises
        ------
        CalibrationError
            If a box reaches beyond the image.
        """
        from curated.core.geometry import Box

        rows, columns = shape
        or_raise(self, list(self.fits_on(columns, rows)))
        is_bad = np.zeros(shape, bool)
        boxes = zip(
            self.x0.tolist(), self.y0.tolist(), self.width.tolist(), self.height.tolist(), strict=True
        )
        for box in boxes:
            is_bad[Box(*box).slices] = True
        return is_bad

    def flag(self, mask: Array, bit: int = 0) -> Array:
        """Return an image's bit mask with one more bit set in the bad pixels.

        Parameters
        ----------
        mask : `numpy.ndarray`, (rows, columns), integers
            The mask; it stays as it is.
        bit : `int`, optional
            Number of the bit; 0 is the plane BAD of the stack's masks (documentation of lsst.afw.image.Mask).

        Returns
        -------
        mask : `numpy.ndarray`, (rows, columns)
            Of the same dtype.

        Raises
        ------
        CalibrationError
            If a box reaches beyond the mask.
        CuratedError
            If the mask's dtype has no such bit.
        """
        dtype = mask.dtype
        if dtype.kind not in "iu" or not 0 <= bit < 8 * dtype.itemsize - (dtype.kind == "i"):
            raise CuratedError(f"a mask of {dtype} has no bit {bit}", "give one of whole numbers")
        is_bad = self.mask((mask.shape[0], mask.shape[1]))
        flagged: Array = np.where(is_bad, mask | dtype.type(1 << bit), mask)
        return flagged

    def apply(self, target: Image, *, interpolate: bool = False, **options: Any) -> Image:
        """Mark the bad pixels of an image, and replace them if asked to.

        In a CCDData the bad pixels are added to its mask. An array has no mask: there they become NaN. With
        ``interpolate`` they are replaced, as IRAF's ``fixpix`` does along lines, by the straight line between
        the nearest good pixels to the left and right in the same row, and at the end of a row by the nearest
        good pixel. A row without any good pixel becomes NaN in an array and stays as it is in a CCDData. The
        mask tells which pixels were replaced.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The assembled image of the detector; it stays as it is.
        interpolate : `bool`, optional
            Whether to replace bad pixels.

        Returns
        -------
        image : the kind of ``target``
            In a floating-point dtype.

        Raises
        ------
        CalibrationError
            If a box reaches beyond the image.
        CuratedError
            If the target is no image.
        """
        no_options(self, options)
        data = pixels_of(target)
        is_bad = self.mask((data.shape[0], data.shape[1]))
        is_array = isinstance(target, np.ndarray)
        for row in np.flatnonzero(is_bad.any(axis=1)) if interpolate or is_array else ():
            bad_columns = is_bad[row]
            good_columns = np.flatnonzero(~bad_columns)
            if interpolate and good_columns.size:
                data[row, bad_columns] = np.interp(
                    np.flatnonzero(bad_columns), good_columns, data[row, good_columns]
                )
            elif is_array:
                data[row, bad_columns] = np.nan
        mask = getattr(target, "mask", None)
        return with_pixels(target, data, is_bad if mask is None else np.asarray(mask, bool) | is_bad)


# -- redundant boxes ----------------------------------------------------------------------------------

_MAX_PAIRS = 20_000_000
"""Number of pairs of boxes up to which boxes are compared; real files have a thousandth of it."""

_CHUNK = 1_000_000


def redundant_boxes(x0: Array, y0: Array, width: Array, height: Array) -> Iterator[Problem]:
    """Yield the boxes that mask no pixel which another box does not mask.

    Parameters
    ----------
    x0, y0, width, height : `numpy.ndarray`, (rows,)
        Corner nearest to the origin and size of each box (pix).

    Yields
    ------
    problem : `Problem`
        A row that repeats an earlier one, or whose box lies inside another. The latter are not looked for if
        there are so many boxes that comparing them would take longer than the remark is worth.
    """
    boxes = np.stack([x0, y0, width, height], axis=1)
    if len(boxes) < 2:
        return
    _, first_rows, groups = np.unique(boxes, axis=0, return_index=True, return_inverse=True)
    originals = first_rows[groups.reshape(-1)]
    is_repeated = originals != np.arange(len(boxes))
    for row in np.flatnonzero(is_repeated).tolist():
        detail = f"row {row + 1} repeats row {originals[row] + 1}: {_box_text(boxes[row])}"
        yield Problem("CAL314", ("x0", row), detail)
    for row, outer in _contained_boxes(boxes, np.flatnonzero(~is_repeated)):
        inner_text, outer_text = _box_text(boxes[row]), _box_text(boxes[outer])
        yield Problem(
            "CAL315",
            ("x0", row),
            f"row {row + 1}, {inner_text}, lies inside of row {outer + 1}, {outer_text}",
        )


def _contained_boxes(boxes: Array, rows: Array) -> Iterator[tuple[int, int]]:
    """Yield the rows whose box lies inside another, each with the first such."""
    x0, y0 = boxes[rows, 0], boxes[rows, 1]
    x1, y1 = x0 + boxes[rows, 2], y0 + boxes[rows, 3]
    # A box of one pixel holds no other; most boxes are a pixel or a column.
    outer = np.flatnonzero((boxes[rows, 2] > 1) | (boxes[rows, 3] > 1))
    if not outer.size or outer.size * rows.size > _MAX_PAIRS:
        return
    step = max(1, _CHUNK // outer.size)
    for start in range(0, rows.size, step):
        part = slice(start, start + step)
        is_inside = (x0[part, None] >= x0[outer]) & (x1[part, None] <= x1[outer])
        is_inside &= (y0[part, None] >= y0[outer]) & (y1[part, None] <= y1[outer])
        # A box lies inside itself.
        is_inside &= outer != np.arange(start, min(start + step, rows.size))[:, None]
        for place in np.flatnonzero(is_inside.any(axis=1)).tolist():
            yield int(rows[start + place]), int(rows[outer[is_inside[place].argmax()]])


def _box_text(box: Array) -> str:
    return f"{box[2]} x {box[3]} pixels at {box[0]}, {box[1]}"


# -- covered pixels -----------------------------------------------------------------------------------


def covered_pixels(x0: Array, y0: Array, width: Array, height: Array) -> list[Any]:
    """Return the pixels in any of the boxes, in a form that does not depend on how boxes cover them.

    Returns
    -------
    bands : `list`
        From bottom to top, first row, end row, and the ranges of columns that are covered in these rows, (n, 2);
        neighbouring bands differ in their columns.
    """
    order = np.argsort(x0, kind="stable")
    left, bottom = x0[order], y0[order]
    right, top = left + width[order], bottom + height[order]
    edges = np.unique(np.concatenate([bottom, top])).tolist()
    bands: list[Any] = []
    for start, end in itertools.pairwise(edges):
        is_here = (bottom <= start) & (top > start)
        columns = _joined_ranges(left[is_here], right[is_here])
        if not columns.size:
            continue
        if bands and bands[-1][1] == start and np.array_equal(bands[-1][2], columns):
            bands[-1][1] = end
        else:
            bands.append([start, end, columns])
    return bands


def _joined_ranges(left: Array, right: Array) -> Array:
    """Return sorted ranges that overlap or touch as one, (n, 2)."""
    if not left.size:
        return np.zeros((0, 2), int)
    reach = np.maximum.accumulate(right)
    is_first = np.concatenate([[True], left[1:] > reach[:-1]])
    is_last = np.concatenate([is_first[1:], [True]])
    return np.stack([left[is_first], reach[is_last]], axis=1)
