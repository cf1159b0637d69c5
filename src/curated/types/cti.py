"""Charge transfer inefficiency: charge that is read out later than it should."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Claims
from curated.calib.keyed_tables import key_problems
from curated.calib.mismatch import amplifier_mismatches
from curated.core.diagnostic import CuratedError, Problem
from curated.core.geometry import DetectorGeometry
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.image.pixels import Image
from curated.types._linearity_rules import node_problems

_TRAPS = 1
_FEWEST = {"linear": 1, "logistic": 2, "spline": 2}
"""Fewest coefficients of a trap, by its type."""


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


def _signals(name: str, doc: str) -> Any:
    """Declare a vector of each amplifier, of which a file without it has one NaN."""
    return column(
        "f8",
        column=name,
        shape=("*",),
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
    """Charge that is read out later than it should: in the output amplifier, at each transfer, in traps.

    The model and its parameters are those of Snyder et al. 2021, JATIS 7, 048002. A trap holds charge at one
    pixel of the serial register: linearly with the signal (at least one coefficient), as a logistic curve (at least
    two), or interpolated between nodes (``spline``: nodes, then as many values).
    """

    SPEC: ClassVar = Spec(
        name="cti",
        title="Deferred charge: charge transfer inefficiency and traps",
        obstype="CTI",
        version=1.3,
        versions=(1.1, 1.2, 1.3),
        schema="Deferred Charge",
        dimensions=("instrument", "detector"),
        storage_class="IsrCalib",
        calibcls="lsst.ip.isr.deferredCharge.DeferredChargeCalib",
        forms=("yaml", "json"),
        tables=(
            Table(name="AMPLIFIERS", rows="key", key_column="AMPLIFIER"),
            Table(name="TRAPS", rows="key", key_column="AMPLIFIER", group="serialTraps"),
        ),
        absent="undefined",
        keywords=("UNITS",),
        plot=PlotSpec(
            kind="bars", y="globalCti", labels=("Amplifier", "Charge left behind at each transfer")
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
        "DRIFT_SCALE", "Part of a signal by which the output amplifier's offset drifts.", minimum=0
    )
    decayTime: dict[str, float] = _number(
        "DECAY_TIME", "Time in which that offset decays (transfers).", minimum=0
    )
    globalCti: dict[str, float] = _number(
        "GLOBAL_CTI", "Part of the charge that each transfer leaves behind.", minimum=0, maximum=1
    )
    signals: dict[str, Array] = _signals("SIGNALS", "Signals of the flat fields (electron).")
    inputGain: dict[str, float] = _number("INPUT_GAIN", "Gain (electron/adu).", above=0, since=1.3)
    serialEper: dict[str, Array] = _signals(
        "SERIAL_EPER", "Extended pixel edge response of serial transfers, at each signal."
    )
    parallelEper: dict[str, Array] = _signals(
        "PARALLEL_EPER", "Extended pixel edge response of parallel transfers, at each signal."
    )
    serialCtiTurnoff: dict[str, float] = _number(
        "SERIAL_CTI_TURNOFF",
        "Signal above which serial transfers leave far more behind (electron).",
        since=1.2,
    )
    parallelCtiTurnoff: dict[str, float] = _number(
        "PARALLEL_CTI_TURNOFF",
        "Signal above which parallel transfers leave far more behind (electron).",
        since=1.2,
    )
    serialCtiTurnoffSamplingErr: dict[str, float] = _number(
        "SERIAL_CTI_TURNOFF_SAMPLING_ERR", "How far apart the signals around it are (electron).", since=1.2
    )
    parallelCtiTurnoffSamplingErr: dict[str, float] = _number(
        "PARALLEL_CTI_TURNOFF_SAMPLING_ERR", "How far apart the signals around it are (electron).", since=1.2
    )
    trapSize: dict[str, float] = _trap(
        "f8", "size", "SIZE", "Most charge that the trap holds (electron).", minimum=0
    )
    trapEmissionTime: dict[str, float] = _trap(
        "f8", "emissionTime", "EMISSION_TIME", "Time in which it lets charge go (transfers).", above=0
    )
    trapPixel: dict[str, int] = _trap(
        "i8", "pixel", "PIXEL", "Pixel of the serial register that it is at.", minimum=0
    )
    trapType: dict[str, str] = _trap(
        "str", "trap_type", "TYPE", "How it fills with the signal.", choices=tuple(_FEWEST)
    )
    trapCoeffs: dict[str, Array] = _trap(
        "f8", "coeffs", "COEFFS", "Coefficients of how it fills.", shape=("*",), finite=False, padded=True
    )

    def problems(self) -> Iterator[Problem]:
        """Yield amplifiers that differ between fields, vectors of differing length, traps that cannot be."""
        differing = list(key_problems(self.FIELDS, self, 0))
        yield from differing
        if not differing:
            yield from self._lengths()
        for name, kind in self.trapType.items():
            if name not in self.driftScale:
                detail = f"{name} has a trap, but is not one of {', '.join(self.driftScale)}"
                yield Problem("CAL308", ("serialTraps", name), detail)
            for code, words in _trap_problems(kind, self.trapCoeffs[name]):
                yield Problem(code, ("serialTraps", name, "coeffs"), f"{name}: {words}")

    def _lengths(self) -> Iterator[Problem]:
        for name, signals in self.signals.items():
            for key in ("serialEper", "parallelEper"):
                found = len(getattr(self, key)[name])
                # One value is what a file of an older version has.
                if found != len(signals) and found != 1:
                    detail = f"{key} of {name}: {found} values for {len(signals)} signals"
                    yield Problem("CAL215", (key, name), detail)

    def claims(self) -> Claims:
        """Return its amplifiers and the gains that it was made with."""
        return Claims(
            "driftScale", list(self.driftScale), True, gains=dict(self.inputGain), gain_place="inputGain"
        )

    def mismatches(self, other: Calib | DetectorGeometry) -> Iterator[Problem]:
        """Yield why it cannot be used with a detector: another one, other amplifiers."""
        yield from super().mismatches(other)
        yield from amplifier_mismatches(self.driftScale, other, "driftScale")

    def apply(self, target: Image, **options: Any) -> Image:  # noqa: ARG002
        """Refuse: the correction is not implemented.

        Its formulas are in Snyder et al. 2021, JATIS 7, 048002; what the stack does beyond them (the window of
        pixels whose offset is looked at, the order of the steps) is not published, and another order gives another
        image.

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
    # A type that is not one of them is reported as such.
    fewest = _FEWEST.get(kind, 0)
    if len(coeffs) < fewest:
        yield "CAL320", f"coefficients of a {kind} trap: {len(coeffs)} given, at least {fewest} expected"
    elif kind == "spline" and len(coeffs) % 2:
        yield "CAL320", f"a spline trap needs as many values as nodes; there are {len(coeffs)} coefficients"
    elif kind == "spline":
        yield from node_problems(coeffs[: len(coeffs) // 2])
