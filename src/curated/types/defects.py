"""Defects: rectangles of unusable pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.diagnostic import Problem
from curated.spec import Array, PlotSpec, Spec, Table, column


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

    def problems(self) -> Iterator[Problem]:
        """Yield boxes of columns that are not all given."""
        lengths = {f.name: len(getattr(self, f.name)) for f in self.FIELDS}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name} {n}" for name, n in lengths.items())
            yield Problem("CAL215", ("width",), f"the columns differ in length: {listed}")

    def fits_on(self, width: int, height: int) -> Iterator[Problem]:
        """Yield boxes that reach beyond the detector."""
        right, top = self.x0 + self.width, self.y0 + self.height
        for row in np.flatnonzero((right > width) | (top > height)).tolist():
            box = f"columns {self.x0[row]} to {right[row] - 1}, rows {self.y0[row]} to {top[row] - 1}"
            yield Problem("CAL307", ("x0", row), f"row {row + 1}: {box} on a detector of {width} x {height}")
