"""Currents of the photodiode that watches the light of an exposure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Content
from curated.core.diagnostic import CuratedError, Problem
from curated.core.tables import TextColumn
from curated.core.units import factor
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.types._order import increasing

_METHODS = ("DIRECT_SUM", "TRIMMED_SUM", "CHARGE_SUM", "MEAN")

_TIMES, _CURRENTS = ("TIME", "Elapsed Time", "RNUM"), ("CURRENT", "Signal")
"""Columns of the stack and of the observatory's files; of several the last is taken, as the stack does."""

_INSTRUMENTS = {
    **dict.fromkeys((("Electrometer_index_201", "AuxTel"),), "LATISS"),
    **dict.fromkeys(((f"Electrometer_index_{n}", "MainTel") for n in (101, 102, 103)), "LSSTCam"),
}
"""Instruments by what the observatory's files call INSTRUME and LOCATN."""


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
        storage_class="IsrCalib",
        # The stack's own dataset type `photodiode` is one for each exposure.
        dataset_type="photodiode_record",
        calibcls="lsst.ip.isr.photodiode.PhotodiodeCalib",
        forms=("yaml", "ecsv", "json"),
        tables=(Table(name="SAMPLES", rows="one"),),
        keywords=("INTEGRATION_METHOD",),
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
        doc="Currents; with CHARGE_SUM the charge of the interval that ends at each time.",
    )
    integrationMethod: str = column(
        "str",
        keyword="INTEGRATION_METHOD",
        text="integrationMethod",
        required=False,
        default="DIRECT_SUM",
        choices=_METHODS,
        doc="How the charge is to be found.",
    )

    @classmethod
    def from_columns(
        cls, metadata: Mapping[str, Any], tables: list[Mapping[str, TextColumn]], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Read the stack's row of vectors, and the observatory's row for each sample."""
        given = dict(tables[0]) if tables else {}
        for names in (_TIMES, _CURRENTS):
            for name in [n for n in names if n in given][:-1]:
                del given[name]
        for name, read in given.items():
            if name in _TIMES + _CURRENTS and not any(map(_is_vector, read.values)):
                given[name] = TextColumn([np.asarray(read.values)], read.dtype, read.unit, read.doc)
        return super().from_columns(metadata, [given], form)

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Give files of the observatory the OBSTYPE and the instrument that they mean."""
        metadata = content.metadata
        metadata.setdefault("OBSTYPE", cls.SPEC.obstype)
        place = metadata.pop("LOCATN", None)
        known = (metadata.get("INSTRUME"), place)
        if known in _INSTRUMENTS:
            metadata["INSTRUME"] = _INSTRUMENTS[known]
        return []

    def problems(self) -> Iterator[Problem]:
        """Yield samples that cannot be integrated."""
        times, currents = self.timeSamples, self.currentSamples
        if len(times) != len(currents):
            yield Problem("CAL215", ("currentSamples",), f"{len(times)} times, but {len(currents)} currents")
        elif len(times) < 2:
            yield Problem("CAL215", ("timeSamples",), f"samples: {len(times)}; integration needs two")
        yield from increasing("timeSamples", times)

    def integrate(self, method: str = "") -> float:
        """Return the charge that the light released in the photodiode.

        Parameters
        ----------
        method : `str`, optional
            ``DIRECT_SUM``: the integral of the current over time by the trapezoidal rule.
            ``CHARGE_SUM``: each sample is the charge since the sample before, and the charge of the dark
            current is subtracted. The dark current is that of the samples outside of the light: all but
            those from the first to the last whose current is above the lowest by more than a twentieth of
            the range, and two more on both sides (github.com/lsst/ip_isr, pull requests 264 and 266).
            What the file says where it is not given.

        Returns
        -------
        charge : `float`
            Charge in coulomb, with the sign of the current.

        Raises
        ------
        CuratedError
            If the method has no published definition, or the samples do not reach beyond the light.
        """
        method = method or self.integrationMethod
        times = self.timeSamples * factor(self.units.get("timeSamples") or "s", "s")
        samples = self.currentSamples * factor(self.units.get("currentSamples") or "A", "A")
        if method == "DIRECT_SUM":
            return float(np.sum((samples[1:] + samples[:-1]) / 2 * np.diff(times)))
        if method == "CHARGE_SUM":
            return _charge_sum(samples[1:], np.diff(times))
        raise CuratedError(
            f"integration method {method!r} has no definition here", "give DIRECT_SUM or CHARGE_SUM"
        )


def _charge_sum(charges: Array, intervals: Array) -> float:
    """Return the sum of charges less that of the dark current."""
    currents = charges / intervals
    lit = np.flatnonzero(currents - currents.min() > np.ptp(currents) / 20)
    dark = np.ones(len(charges), bool)
    if lit.size:
        dark[max(lit[0] - 2, 0) : lit[-1] + 3] = False
    if not dark.any():
        raise CuratedError("all samples are in the light", "CHARGE_SUM needs samples before or after it")
    baseline = charges[dark].sum() / intervals[dark].sum()
    return float(np.sum(charges - baseline * intervals))


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim > 0)
