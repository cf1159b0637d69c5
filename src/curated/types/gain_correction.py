"""Corrections of the amplifiers' gains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims
from curated.core.diagnostic import CuratedError, Problem
from curated.core.geometry import DetectorGeometry
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.image.pixels import Image, pixels_of, with_pixels

_FAR = 1.2
"""Gains drift by parts in a thousand, with temperature and voltages; an adjustment beyond this, or below
its inverse, is a gain of another kind, not a correction."""


@calibration
class GainCorrection(Calib):
    """Factors by which the gains of a detector's amplifiers have changed since they were measured.

    The gain in force is the one of the photon transfer curve (electron/adu) times the adjustment.
    """

    SPEC: ClassVar = Spec(
        name="gain_correction",
        title="Factors by which the amplifiers' gains have changed",
        obstype="gainCorrection",
        version=1.0,
        versions=(1.0,),
        schema="GainCorrection",
        dimensions=("instrument", "detector"),
        storage_class="IsrCalib",
        calibcls="lsst.ip.isr.gainCorrection.GainCorrection",
        forms=("ecsv", "yaml", "json"),
        tables=(Table(name="GAINS", rows="free"),),
        aliases=("gainCorrection",),
        plot=PlotSpec(
            kind="bars", x="ampNames", y="gainAdjustments", labels=("Amplifier", "Gain adjustment (factor)")
        ),
    )

    ampNames: Array = column("str", column="AMP_NAME", doc="Amplifiers.")
    gainAdjustments: Array = column(
        "f8", column="GAIN_ADJUSTMENT", above=0, doc="Factor of each amplifier's gain."
    )

    def problems(self) -> Iterator[Problem]:
        """Yield amplifiers that stand twice, and adjustments that are no corrections."""
        names = self.ampNames.tolist()
        if len(names) != len(self.gainAdjustments):
            detail = f"{len(names)} amplifiers, but {len(self.gainAdjustments)} adjustments"
            yield Problem("CAL215", ("gainAdjustments",), detail)
            return
        first: dict[str, int] = {}
        for row, name in enumerate(names):
            if first.setdefault(name, row) != row:
                detail = f"amplifier {name} is given in row {first[name] + 1} and in row {row + 1}"
                yield Problem("CAL306", ("ampNames", row), detail)
        values = self.gainAdjustments
        far = (values > 0) & ((values > _FAR) | (values < 1 / _FAR))
        for row in np.flatnonzero(far).tolist():
            detail = f"amplifier {names[row]}: a gain adjustment of {values[row]:g} is far from 1"
            yield Problem("CAL330", ("gainAdjustments", row), detail)

    def claims(self) -> Claims:
        """Return its amplifiers."""
        return Claims("ampNames", self.ampNames.tolist(), True)

    def apply(self, target: Image, **options: Any) -> Image:
        """Correct an image in electrons that was made with the gains before the adjustment.

        A pixel in electrons is the pixel in adu times the gain (Janesick 2001, Scientific Charge-Coupled
        Devices, section 2.3), so that it is multiplied by its amplifier's adjustment.

        Parameters
        ----------
        target : `numpy.ndarray` or `astropy.nddata.CCDData`
            The assembled image in electrons, [row, column]; it stays as it is.
        detector : `DetectorGeometry`
            Where the amplifiers are.
        invert : `bool`, optional
            Whether to divide instead, to undo the correction.

        Returns
        -------
        image : the kind of ``target``
            The corrected image. A standard deviation or variance of a CCDData is scaled with it.

        Raises
        ------
        CuratedError
            If the image is not the detector's, or an amplifier of it has no adjustment.
        """
        return self._scale(target, **options)

    def _scale(self, target: Image, detector: DetectorGeometry, invert: bool = False) -> Image:
        pixels = pixels_of(target)
        known = dict(zip(self.ampNames.tolist(), self.gainAdjustments.tolist(), strict=True))
        missing = [amplifier.name for amplifier in detector.amplifiers if amplifier.name not in known]
        if missing or not detector.amplifiers:
            listed = f"amplifier {', '.join(missing)}" if missing else "the detector"
            raise CuratedError(
                f"{listed} has no gain adjustment", f"there are some for {', '.join(known) or 'none'}"
            )
        if detector.width and pixels.shape != (detector.height, detector.width):
            found = f"{pixels.shape[1]} x {pixels.shape[0]}"
            raise CuratedError(
                f"the image has {found} pixels, detector {detector.name} {detector.width} x {detector.height}",
                "give the assembled image, without overscan",
            )
        factors = np.ones(pixels.shape)
        for amplifier in detector.amplifiers:
            factors[amplifier.box.slices] = known[amplifier.name]
        if invert:
            factors = 1 / factors
        made = with_pixels(target, (pixels * factors).astype(pixels.dtype))
        uncertainty: Any = getattr(made, "uncertainty", None)
        power = _POWERS.get(getattr(uncertainty, "uncertainty_type", ""))
        if power is not None:
            uncertainty.array = uncertainty.array * factors**power
        return made


_POWERS = {"std": 1, "var": 2, "ivar": -2}
"""How uncertainties of astropy scale with the image."""
