"""Differential non-linearity: what each code of an analogue-to-digital converter is corrected by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims
from curated.calib.mismatch import amplifier_mismatches
from curated.core.diagnostic import CuratedError, Problem
from curated.core.geometry import DetectorGeometry, within
from curated.declare import Array, Spec, Table, column
from curated.image.pixels import Image, no_options, pixels_of, with_pixels
from curated.types._dnl_lut_math import MEASURES


@calibration
class DnlLookupTable(Calib):
    """Corrections of the codes of each amplifier's converter, whose steps are not all of the same width.

    ``lsst.ip.isr`` has a connection of the name ``dnlLUT``, but neither a class nor a form of its file yet: this form
    is of this package.
    """

    SPEC: ClassVar = Spec(
        name="dnl_lut",
        title="Corrections of the differential non-linearity of converters",
        obstype="DNL_LUT",
        dimensions=("instrument", "detector"),
        storage_class="IsrCalib",
        dataset_type="dnlLUT",
        calibcls="curated.types.dnl_lut.DnlLookupTable",
        forms=("yaml", "json", "ecsv"),
        tables=(Table(name="AMPLIFIERS", rows="key", key_column="AMPLIFIER"),),
        aliases=("dnlLUT",),
        measures=MEASURES,
    )

    firstCode: dict[str, int] = column(
        "i8",
        column="FIRST_CODE",
        unit="adu",
        required=False,
        default=dict,
        fill=0,
        minimum=0,
        doc="Code that the first correction is for.",
    )
    corrections: dict[str, Array] = column(
        "f8",
        column="CORRECTIONS",
        shape=("*",),
        unit="adu",
        doc="Number to be added to each code, from the first one on; other codes stay as they are.",
    )

    def problems(self) -> Iterator[Problem]:
        """Yield that there is no amplifier, and amplifiers of which only the first code is given."""
        if not self.corrections:
            yield Problem("CAL308", ("corrections",), "there is no amplifier")
        lacking = [name for name in self.firstCode if name not in self.corrections]
        if lacking:
            detail = f"corrections has no entry for amplifiers {', '.join(lacking)}"
            yield Problem("CAL308", ("corrections",), detail)

    def claims(self) -> Claims:
        """Return its amplifiers."""
        return Claims("corrections", list(self.corrections), True)

    def mismatches(self, other: Calib | DetectorGeometry) -> Iterator[Problem]:
        """Yield differences from a detector: its identity and its amplifiers."""
        yield from super().mismatches(other)
        yield from amplifier_mismatches(self.corrections, other, "corrections")

    def corrected(self, amplifier: str, codes: Any) -> Array:
        """Return codes of an amplifier's converter with their corrections added.

        Parameters
        ----------
        codes : array-like, any shape
            Codes as they were read (adu); they are rounded to find their corrections.

        Raises
        ------
        CuratedError
            If the amplifier has no corrections.
        """
        if amplifier not in self.corrections:
            names = ", ".join(self.corrections)
            raise CuratedError(f"amplifier {amplifier} has no corrections", f"there are some for {names}")
        table = self.corrections[amplifier]
        values = np.asarray(codes, "f8")
        places = np.rint(np.where(np.isfinite(values), values, -1.0)) - self.firstCode.get(amplifier, 0)
        is_inside = (places >= 0) & (places < len(table))
        result: Array = values.copy()
        result[is_inside] += table[places[is_inside].astype(int)]
        return result

    def apply(self, target: Image, *, detector: DetectorGeometry | None = None, **options: Any) -> Image:
        """Correct the codes of an image.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`, (rows, columns)
            The assembled image as it was read, without any other correction; it stays as it is.
        detector : `DetectorGeometry`
            Where the amplifiers are.

        Returns
        -------
        image : the kind of ``target``
            The corrected image.

        Raises
        ------
        CuratedError
            If the pixels of an amplifier are not known, or it has no corrections.
        """
        no_options(self, options)
        data = pixels_of(target)
        for amplifier in within(detector, data.shape).amplifiers:
            part = amplifier.box.slices
            data[part] = self.corrected(amplifier.name, data[part])
        return with_pixels(target, data)
