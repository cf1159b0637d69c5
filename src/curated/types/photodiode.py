"""Currents of the photodiode that monitors the light of an exposure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Content
from curated.core.diagnostic import CuratedError, Problem
from curated.core.tables import TextColumn
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.types import _nominal
from curated.types._photodiode_math import BOUNDS, MEASURES
from curated.types._rules import order_problems

_METHODS = ("DIRECT_SUM", "TRIMMED_SUM", "CHARGE_SUM", "MEAN")

_TIMES, _CURRENTS = ("TIME", "Elapsed Time", "RNUM"), ("CURRENT", "Signal")
"""Column names in files of the stack and of the observatory; the last that is present is read, as the stack does."""

_INSTRUMENTS = {
    **dict.fromkeys((("Electrometer_index_201", "AuxTel"),), "LATISS"),
    **dict.fromkeys(((f"Electrometer_index_{n}", "MainTel") for n in (101, 102, 103)), "LSSTCam"),
}
"""Instruments by INSTRUME and LOCATN of the observatory's files."""


@calibration
class Photodiode(Calib):
    """Current of a photodiode against time, during one exposure."""

    SPEC: ClassVar = Spec(
        name="photodiode",
        title="Current of a photodiode during an exposure",
        obstype="PHOTODIODE",
        version=1.0,
        versions=(1.0,),
        schema="Photodiode",
        dimensions=("instrument",),
        start=_nominal.photodiode,
        storage_class="IsrCalib",
        # The stack's own dataset type `photodiode` is one for each exposure.
        dataset_type="photodiode_record",
        calibcls="lsst.ip.isr.photodiode.PhotodiodeCalib",
        forms=("yaml", "ecsv", "json"),
        tables=(Table(name="SAMPLES", rows="one", fits_units="given"),),
        keywords=("INTEGRATION_METHOD",),
        measures=MEASURES,
        bounds=BOUNDS,
        plot=PlotSpec(kind="curve", x="timeSamples", y="currentSamples", labels=("Time (s)", "Current (A)")),
    )

    timeSamples: Array = column(
        "f8", column="TIME", aliases=_TIMES[1:], shape=("*",), unit="s", doc="Times of the samples."
    )
    currentSamples: Array = column(
        "f8",
        column="CURRENT",
        aliases=_CURRENTS[1:],
        shape=("*",),
        unit="A",
        doc="Currents; for CHARGE_SUM the charges of the intervals that end at the times.",
    )
    integrationMethod: str = column(
        "str",
        keyword="INTEGRATION_METHOD",
        text="integrationMethod",
        required=False,
        default="DIRECT_SUM",
        choices=_METHODS,
        doc="How the charge is integrated; see `Photodiode.integrate`.",
    )

    @classmethod
    def from_columns(
        cls, metadata: Mapping[str, Any], tables: list[Mapping[str, TextColumn]], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Read the stack's row of vectors, or the observatory's row for each sample."""
        columns = dict(tables[0]) if tables else {}
        for names in (_TIMES, _CURRENTS):
            for name in [n for n in names if n in columns][:-1]:
                del columns[name]
        for name, samples in columns.items():
            if name in _TIMES + _CURRENTS and not any(map(_is_vector, samples.values)):
                row = [np.asarray(samples.values)]
                columns[name] = TextColumn(row, samples.dtype, samples.unit, samples.doc)
        return super().from_columns(metadata, [columns], form)

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Give files of the observatory their OBSTYPE and the instrument's name."""
        metadata = content.metadata
        metadata.setdefault("OBSTYPE", cls.SPEC.obstype)
        electrometer = (metadata.get("INSTRUME"), metadata.pop("LOCATN", None))
        if electrometer in _INSTRUMENTS:
            metadata["INSTRUME"] = _INSTRUMENTS[electrometer]
        return []

    def problems(self) -> Iterator[Problem]:
        """Yield samples that cannot be integrated."""
        times, currents = self.timeSamples, self.currentSamples
        if len(times) != len(currents):
            yield Problem("CAL215", ("currentSamples",), f"{len(times)} times, but {len(currents)} currents")
        elif len(times) < 2:
            yield Problem("CAL215", ("timeSamples",), f"samples: {len(times)}; integration needs two")
        yield from order_problems("timeSamples", times)

    def integrate(self, method: str = "") -> float:
        """Return the charge that the light released in the photodiode.

        Parameters
        ----------
        method : `str`, optional
            That of the file if empty. ``DIRECT_SUM``: the integral of the current over time by the trapezoidal
            rule. ``CHARGE_SUM``: each sample is the charge since the previous one, and the charge of the dark
            current is subtracted. The dark current is taken from the samples outside the light: all except those
            between the first and the last whose current exceeds the lowest by more than a twentieth of the range,
            and two more on either side (github.com/lsst/ip_isr, pull requests 264 and 266).

        Returns
        -------
        charge : `float`
            Charge in coulomb, with the sign of the current.

        Raises
        ------
        CuratedError
            If the method has no published definition, or there are no samples outside the light.
        """
        method = method or self.integrationMethod
        times, samples = self.timeSamples, self.currentSamples
        if method == "DIRECT_SUM":
            return float(np.sum((samples[1:] + samples[:-1]) / 2 * np.diff(times)))
        if method == "CHARGE_SUM":
            return _charge_sum(samples[1:], np.diff(times))
        raise CuratedError(
            f"integration method {method!r} has no definition here", "give DIRECT_SUM or CHARGE_SUM"
        )


def _charge_sum(charges: Array, intervals: Array) -> float:
    """Return the sum of the charges without that of the dark current."""
    currents = charges / intervals
    lit = np.flatnonzero(currents - currents.min() > np.ptp(currents) / 20)
    is_dark = np.ones(len(charges), bool)
    if lit.size:
        is_dark[max(lit[0] - 2, 0) : lit[-1] + 3] = False
    if not is_dark.any():
        raise CuratedError("all samples are in the light", "CHARGE_SUM needs samples before or after it")
    dark_current = charges[is_dark].sum() / intervals[is_dark].sum()
    return float(np.sum(charges - dark_current * intervals))


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim > 0)
