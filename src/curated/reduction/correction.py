"""Corrections of frames: overscan, and the calibrations that come before the one that is looked at.

The order is that of ``IsrTaskLSST`` of lsst.ip.isr: differential non-linearity, overscan, crosstalk, linearity, bias, dark,
brighter-fatter effect, flat; then what is left of the sky: illumination, stray light, fringes, sky.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from curated.calib import Calib
from curated.core.diagnostic import CuratedError
from curated.core.geometry import DetectorGeometry
from curated.declare import Array
from curated.reduction.assembly import AssembledFrame

ORDER = (
    "dnl_lut",
    "crosstalk",
    "linearizer",
    "bias",
    "dark",
    "bfk",
    "flat",
    "illum",
    "straylight",
    "fringe",
    "sky",
)
"""Types in the order in which images are corrected by them."""

_PLACES = {
    # What is applied before each of the other types is looked at.
    "gains": "bias",
    "ptc": "bias",
    "cti": "bias",
    "gain_correction": "bias",
    "electrostatic": "dark",
    "defects": "flat",
    "manual_defects": "flat",
    "bad_amps": "flat",
}
"""The type in whose place of the order another type is verified, as it is in no image's correction itself."""

_RATES = frozenset({"dark", "straylight"})


@dataclass(frozen=True, slots=True, eq=False)
class CorrectedFrame:
    """A frame in the course of its correction.

    Parameters
    ----------
    pixels : `numpy.ndarray`, (rows, columns)
        Values in ``unit``.
    usable : `numpy.ndarray`, (rows, columns), of `bool`
        Pixels that no calibration calls bad.
    unit : `str`
        ``adu`` or ``electron``.
    exposure_time : `float`
        Seconds; NaN if unknown.
    overscans, parallel_overscans : `dict` [`str`, `numpy.ndarray`]
        Serial and parallel overscan (adu) of each amplifier as it was read, (rows, columns).
    """

    pixels: Array
    usable: Array
    unit: str = "adu"
    exposure_time: float = math.nan
    overscans: Mapping[str, Array] = field(default_factory=dict)
    parallel_overscans: Mapping[str, Array] = field(default_factory=dict)


def types_before(type_name: str) -> tuple[str, ...]:
    """Return the types that a frame is corrected by before a calibration of a type is looked at, in their order."""
    place = _PLACES.get(type_name, type_name)
    return ORDER[: ORDER.index(place)] if place in ORDER else ()


def subtract_overscan(frame: AssembledFrame, detector: DetectorGeometry) -> Array:
    """Return the pixels of a raw frame less the median of the serial overscan in each row.

    This is the method MEDIAN_PER_ROW of lsst.ip.isr.overscan, without a smoothing between rows.

    Parameters
    ----------
    detector : `DetectorGeometry`
        The detector, with the boxes of its amplifiers.

    Returns
    -------
    pixels : `numpy.ndarray`, (rows, columns)
        A new array; amplifiers without overscan stay as they are.
    """
    pixels = frame.pixels.copy()
    for amplifier in detector.amplifiers:
        levels = frame.levels.get(amplifier.name)
        if levels is not None:
            box = pixels[amplifier.box.slices]
            box -= levels[:, np.newaxis].astype("f4")
    return pixels


def apply_calibration(calib: Calib, frame: CorrectedFrame, detector: DetectorGeometry) -> CorrectedFrame:
    """Return a frame that a calibration was applied to.

    Parameters
    ----------
    detector : `DetectorGeometry`
        The detector, with gains where units have to be converted.

    Raises
    ------
    CuratedError
        If it does not fit the frame, or something that it needs is not known.
    """
    name = calib.SPEC.name
    frame = _in_unit(frame, _unit_needed(calib, frame), detector)
    usable = frame.usable
    mask = getattr(calib, "mask", None)
    if isinstance(mask, np.ndarray):
        usable = usable & (mask == 0)
    if name in ("defects", "manual_defects"):
        return replace(frame, usable=usable & ~calib.mask(frame.pixels.shape))  # type: ignore[attr-defined]
    options: dict[str, Any] = {}
    if name in ("dnl_lut", "crosstalk", "bfk", "gains", "ptc", "gain_correction"):
        options["detector"] = detector
    if name in ("crosstalk", "bfk"):
        options["unit"] = frame.unit
    if name in _RATES:
        if math.isnan(frame.exposure_time):
            raise CuratedError(
                f"{name} needs the time of the exposure",
                "name its keyword under 'headers: duration:' in instrument.yaml",
            )
        options["dark_time" if name == "dark" else "exposure_time"] = frame.exposure_time
    pixels = calib.apply(frame.pixels, **options)
    unit = "electron" if name in ("gains", "ptc") else frame.unit
    return replace(frame, pixels=pixels, usable=usable, unit=unit)


def mark_bad(calibs: Sequence[Calib], frame: CorrectedFrame) -> CorrectedFrame:
    """Return a frame whose pixels that defects list are not usable."""
    usable = frame.usable
    for calib in calibs:
        usable = usable & ~calib.mask(frame.pixels.shape)  # type: ignore[attr-defined]
    return replace(frame, usable=usable)


def _unit_needed(calib: Calib, frame: CorrectedFrame) -> str:
    """Return the unit that a frame must have for a calibration."""
    if calib.SPEC.name in ("gains", "ptc"):
        return "adu"
    if calib.SPEC.name == "gain_correction":
        return "electron"
    unit = str(getattr(calib, "unit", "") or getattr(calib, "linearityUnits", "") or "").partition("/")[0]
    return unit if unit in ("adu", "electron") else frame.unit


def _in_unit(frame: CorrectedFrame, unit: str, detector: DetectorGeometry) -> CorrectedFrame:
    """Return a frame in another unit, by the gain of each amplifier."""
    if unit == frame.unit:
        return frame
    pixels = frame.pixels.copy()
    for amplifier in detector.amplifiers:
        if not math.isfinite(amplifier.gain):
            raise CuratedError(
                f"the gain of amplifier {amplifier.name} of {detector.name} is not known",
                "add a calibration of type gains, or a camera with gains",
            )
        box = pixels[amplifier.box.slices]
        box *= np.float32(amplifier.gain if unit == "electron" else 1.0 / amplifier.gain)
    return replace(frame, pixels=pixels, unit=unit)
