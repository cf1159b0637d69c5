"""Deferred charge: charge transfer inefficiency and traps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims
from curated.calib.mismatch import amplifier_mismatches
from curated.core.diagnostic import CuratedError, Problem
from curated.core.geometry import DetectorGeometry
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.declare.deferred import DeferredStatistics
from curated.image.pixels import Image
from curated.types import _nominal
from curated.types._cti_math import BOUNDS, COMPARISONS, MEASURES
from curated.types._rules import key_problems, node_problems

_TRAPS = 1
_MIN_COEFFICIENTS = {"linear": 1, "logistic": 2, "spline": 2}
"""Smallest number of coefficients of a trap, by its type."""


def _number(name: str, doc: str, *, since: float = 0.0, **kwargs: Any) -> Any:
    """Declare a number of each amplifier."""
    fill = np.nan if since else None
    return column(
        "f8",
        column=name,
        required=not since,
        default=dict,
        fill=fill,
        finite=False,
        since=since,
        doc=doc,
        **kwargs,
    )


def _vector(name: str, doc: str, unit: str = "") -> Any:
    """Declare a vector of each amplifier; a file without it has one NaN."""
    return column(
        "f8",
        column=name,
        shape=("*",),
        unit=unit,
        required=False,
        default=dict,
        fill=[np.nan],
        finite=False,
        since=1.2,
        doc=doc,
    )


def _trap(dtype: str, text: str, name: str, doc: str, **kwargs: Any) -> Any:
    """Declare a property of the trap of an amplifier."""
    return column(dtype, table=_TRAPS, text=text, column=name, doc=doc, **kwargs)


@calibration
class DeferredCharge(Calib):
    """Charge that is read out late: it lags in the output amplifier, at each transfer, and in traps.

    The model and its parameters are those of Snyder et al. 2021, JATIS 7, 048002. A trap is at one pixel of the
    serial register. The charge that it captures is a function of the signal: linear (at least one coefficient),
    logistic (at least two), or interpolated between nodes (``spline``: nodes, then as many values).
    """

    SPEC: ClassVar = Spec(
        name="cti",
        title="Deferred charge: charge transfer inefficiency and traps",
        obstype="CTI",
        version=1.3,
        versions=(1.1, 1.2, 1.3),
        schema="Deferred Charge",
        dimensions=("instrument", "detector"),
        nominal=_nominal.cti,
        storage_class="IsrCalib",
        calibcls="lsst.ip.isr.deferredCharge.DeferredChargeCalib",
        forms=("yaml", "json"),
        tables=(
            Table(name="AMPLIFIERS", rows="key", key_column="AMPLIFIER", fits_units="none"),
            Table(name="TRAPS", rows="key", key_column="AMPLIFIER", group="serialTraps", fits_units="none"),
        ),
        absent="undefined",
        keywords=("UNITS",),
        measures=MEASURES,
        statistics=DeferredStatistics("curated.types._statistics_by_type", "CTI"),
        bounds=BOUNDS,
        comparisons=COMPARISONS,
        plot=PlotSpec(
            kind="bars", y="globalCti", labels=("Amplifier", "Fraction of charge deferred per transfer")
        ),
    )

    signalUnits: str = column(
        "str",
        keyword="UNITS",
        required=False,
        default="electron",
        choices=("electron",),
        doc="Unit of all signals.",
    )
    driftScale: dict[str, float] = _number(
        "DRIFT_SCALE", "Fraction of a signal by which the output amplifier's offset shifts.", minimum=0
    )
    decayTime: dict[str, float] = _number(
        "DECAY_TIME", "Time constant with which that offset decays, in transfers.", minimum=0
    )
    globalCti: dict[str, float] = _number(
        "GLOBAL_CTI", "Fraction of the charge that each transfer leaves behind.", minimum=0, maximum=1
    )
    signals: dict[str, Array] = _vector("SIGNALS", "Mean signals of the flat fields.", "electron")
    inputGain: dict[str, float] = _number(
        "INPUT_GAIN", "Gain with which it was measured.", unit="electron/adu", above=0, since=1.3
    )
    serialEper: dict[str, Array] = _vector(
        "SERIAL_EPER", "Extended pixel edge response of serial transfers, at each signal."
    )
    parallelEper: dict[str, Array] = _vector(
        "PARALLEL_EPER", "Extended pixel edge response of parallel transfers, at each signal."
    )
    serialCtiTurnoff: dict[str, float] = _number(
        "SERIAL_CTI_TURNOFF",
        "Serial CTI turn-off: signal above which serial transfers defer far more charge.",
        unit="electron",
        since=1.2,
    )
    parallelCtiTurnoff: dict[str, float] = _number(
        "PARALLEL_CTI_TURNOFF",
        "Parallel CTI turn-off: signal above which parallel transfers defer far more charge.",
        unit="electron",
        since=1.2,
    )
    serialCtiTurnoffSamplingErr: dict[str, float] = _number(
        "SERIAL_CTI_TURNOFF_SAMPLING_ERR",
        "Sampling error of the serial CTI turn-off: the spacing of the signals around it.",
        unit="electron",
        since=1.2,
    )
    parallelCtiTurnoffSamplingErr: dict[str, float] = _number(
        "PARALLEL_CTI_TURNOFF_SAMPLING_ERR",
        "Sampling error of the parallel CTI turn-off: the spacing of the signals around it.",
        unit="electron",
        since=1.2,
    )
    trapSize: dict[str, float] = _trap(
        "f8", "size", "SIZE", "Largest charge that the trap holds.", unit="electron", minimum=0
    )
    trapEmissionTime: dict[str, float] = _trap(
        "f8",
        "emissionTime",
        "EMISSION_TIME",
        "Time constant with which it releases charge, in transfers.",
        above=0,
    )
    trapPixel: dict[str, int] = _trap(
        "i8", "pixel", "PIXEL", "Pixel of the serial register where it is.", minimum=0
    )
    trapType: dict[str, str] = _trap(
        "str",
        "trap_type",
        "TYPE",
        "How the captured charge depends on the signal.",
        choices=tuple(_MIN_COEFFICIENTS),
    )
    trapCoeffs: dict[str, Array] = _trap(
        "f8", "coeffs", "COEFFS", "Coefficients of that function.", shape=("*",), finite=False, padded=True
    )

    def problems(self) -> Iterator[Problem]:
        """Yield amplifiers that differ between fields, vectors that differ in length, and impossible traps."""
        differences = list(key_problems(self.FIELDS, self, 0))
        yield from differences
        if not differences:
            yield from self._length_problems()
        for name, kind in self.trapType.items():
            if name not in self.driftScale:
                detail = f"{name} has a trap, but is not one of {', '.join(self.driftScale)}"
                yield Problem("CAL308", ("serialTraps", name), detail)
            for code, detail in _trap_problems(kind, self.trapCoeffs[name]):
                yield Problem(code, ("serialTraps", name, "coeffs"), f"{name}: {detail}")

    def _length_problems(self) -> Iterator[Problem]:
        for name, signals in self.signals.items():
            for key in ("serialEper", "parallelEper"):
                count = len(getattr(self, key)[name])
                # Files of older versions have one value.
                if count not in (len(signals), 1):
                    detail = f"{key} of {name}: {count} values for {len(signals)} signals"
                    yield Problem("CAL215", (key, name), detail)

    def claims(self) -> Claims:
        """Return its amplifiers and the gains with which it was measured."""
        return Claims(
            "driftScale", list(self.driftScale), True, gains=dict(self.inputGain), gain_place="inputGain"
        )

    def mismatches(self, other: Calib | DetectorGeometry) -> Iterator[Problem]:
        """Yield differences from a detector: its identity and its amplifiers."""
        yield from super().mismatches(other)
        yield from amplifier_mismatches(self.driftScale, other, "driftScale")

    def apply(self, target: Image, **options: Any) -> Image:  # noqa: ARG002
        """Refuse: the correction is not implemented.

        Its formulas are in Snyder et al. 2021, JATIS 7, 048002. The details of the stack's correction, such as the
        order of its steps and the window of pixels from which an offset is estimated, are not published, and they
        change the result.

        Raises
        ------
        CuratedError
            Always.
        """
        raise CuratedError(
            "curated does not correct images for deferred charge",
            "use the LSST stack's DeferredChargeTask with the FITS file of this calibration",
        )


def _trap_problems(kind: str, coeffs: Array) -> Iterator[tuple[str, str]]:
    """Yield code and message for coefficients that do not fit the type of a trap."""
    # An unknown type has been reported.
    least = _MIN_COEFFICIENTS.get(kind, 0)
    if len(coeffs) < least:
        yield "CAL320", f"coefficients of a {kind} trap: {len(coeffs)} given, at least {least} expected"
    elif kind == "spline" and len(coeffs) % 2:
        yield "CAL320", f"a spline trap needs as many values as nodes; there are {len(coeffs)} coefficients"
    elif kind == "spline":
        yield from node_problems(coeffs[: len(coeffs) // 2])
