"""Quantum efficiency of detectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from curated.calib import calibration
from curated.calib.content import Content
from curated.core.diagnostic import CuratedError, Problem
from curated.core.units import converts, length_factor
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.declare.deferred import DeferredStatistics
from curated.types import _nominal
from curated.types._spectral import SpectralCurve
from curated.types._spectral_bounds import SMOOTH_BOUNDS, is_plain
from curated.types._spectral_comparisons import COMPARISONS
from curated.types._spectral_math import MEASURES


@calibration
class QECurve(SpectralCurve):
    """Quantum efficiency against wavelength, of the detector or of each amplifier.

    The fraction of the photons on the surface whose charge is collected. Unlike transmission curves, it may differ
    between amplifiers in FITS, and it is in percent, as the stack's reader requires.
    """

    SPEC: ClassVar = Spec(
        name="qe_curve",
        title="Quantum efficiency of a detector",
        obstype="qe_curve",
        version=1.0,
        dimensions=("instrument", "detector"),
        start=_nominal.efficiency,
        storage_class="QECurve",
        is_read_by_stack=True,
        calibcls="lsst.meas.algorithms.simple_curve.Curve",
        tables=(Table(name="QE", rows="free"),),
        absent="omit",
        keywords=("MODE", "TYPE"),
        aliases=("QE_CURVE",),
        plot=PlotSpec(
            kind="curve",
            x="wavelength",
            y="efficiencies",
            group="amp_name",
            labels=("", "Quantum efficiency (%)"),
        ),
        measures=MEASURES,
        statistics=DeferredStatistics("curated.types._statistics_by_type", "QE_CURVE"),
        bounds=SMOOTH_BOUNDS,
        screen=is_plain,
        comparisons=COMPARISONS,
    )

    amp_name: Array | None = column(
        "str", column="amp_name", required=False, width=32, doc="Amplifier of the sample."
    )
    efficiencies: Array = column(
        "f",
        text="efficiency",
        column="efficiency",
        unit="%",
        needs_unit=True,
        keeps_unit=True,
        doc="Quantum efficiency.",
    )
    mode: str = column(
        "str",
        keyword="MODE",
        required=False,
        default="DETECTOR",
        choices=("DETECTOR", "AMP"),
        doc="Whether the curve is for the detector or for each amplifier; without it, amp_name decides.",
    )

    @property
    def _fraction_field(self) -> str:
        return "efficiencies"

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Fill in keywords that the stack's reader needs, and require percent as it does."""
        content.values.setdefault("mode", "AMP" if content.values.get("amp_name") is not None else "DETECTOR")
        content.metadata["TYPE"] = "QE"
        unit = content.units.get("efficiencies", "")
        if unit and unit != "%" and converts(unit, "%"):
            place = ("efficiency",) if content.form in ("ecsv", "fits") else ("units", "efficiencies")
            return [Problem("CAL216", place, f"efficiency: unit {unit!r}, expected '%'")]
        return []

    def problems(self) -> Iterator[Problem]:
        """Yield a mode without its column, samples that cannot be interpolated, and impossible efficiencies."""
        if self.mode == "AMP" and self.amp_name is None:
            yield Problem("CAL308", ("metadata", "MODE"), "MODE is AMP, but there is no amp_name")
        if self.mode == "DETECTOR" and self.amp_name is not None:
            yield Problem("CAL308", ("metadata", "MODE"), "MODE is DETECTOR, but amp_name is given")
        yield from super().problems()

    def efficiency(self, wavelengths: Any, amplifier: str | None = None) -> Array:
        """Return the efficiency at any wavelengths, interpolated linearly between samples.

        Parameters
        ----------
        wavelengths : `numpy.ndarray` or `astropy.units.Quantity`, any shape
            Wavelengths, in nm if they have no unit.
        amplifier : `str`, optional
            Name of an amplifier; by default the mean over all amplifiers is returned.

        Returns
        -------
        efficiencies : `numpy.ndarray`, shape of ``wavelengths``, float64
            Fraction of the photons, 0 to 1; 0 outside the sampled range, as for the stack's transmission curves;
            NaN at wavelengths that are NaN.

        Raises
        ------
        CuratedError
            If the curve has no such amplifier.
        """
        if amplifier is not None and amplifier not in self.amplifiers:
            names = ", ".join(self.amplifiers)
            raise CuratedError(
                f"the curve has no amplifier {amplifier!r}",
                f"it has {names}" if names else "it is the whole detector's",
            )
        if hasattr(wavelengths, "to_value"):
            angstroms = np.asarray(wavelengths.to_value("Angstrom"), "f8")
        else:
            angstroms = np.asarray(wavelengths, "f8") * length_factor("nm")
        samples = self.wavelength.astype("f8") * length_factor(self.units.get("wavelength") or "nm")
        fractions = self.efficiencies.astype("f8") * 0.01
        indices = (
            [self.amplifiers.index(amplifier)] if amplifier is not None else range(len(self.amplifiers) or 1)
        )
        rows = [self._amplifier_index == index for index in indices]
        curves = [np.interp(angstroms, samples[row], fractions[row], left=0.0, right=0.0) for row in rows]
        mean: Array = np.mean(curves, axis=0)
        return mean
