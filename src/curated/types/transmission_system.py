"""Throughput of the whole system at a detector through a filter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from curated.calib import calibration
from curated.calib.error import or_raise
from curated.core.diagnostic import CuratedError
from curated.core.metadata import IDENTITY, has_value
from curated.types._spectral_bounds import SYSTEM_BOUNDS
from curated.types._transmission import TransmissionCurve, transmission_spec


@calibration
class SystemTransmission(TransmissionCurve):
    """Throughput of the whole system at a detector through a filter."""

    SPEC: ClassVar = transmission_spec(
        "transmission_system",
        "System",
        "Throughput of the whole system",
        ("instrument", "detector", "physical_filter"),
        SYSTEM_BOUNDS,
        factors=(
            ("transmission_optics",),
            ("transmission_filter_detector", "transmission_filter"),
            ("transmission_sensor", "qe_curve"),
            ("transmission_atmosphere",),
        ),
    )


def product(curves: Iterable[TransmissionCurve]) -> SystemTransmission:
    """Return the throughput of several elements in a row: the product of their curves.

    The throughputs are multiplied at each wavelength where one of the curves has a sample, all interpolated by
    `TransmissionCurve.throughput_at`. Between these wavelengths the product is interpolated linearly as well, an error
    of second order in the spacing of the samples. The product covers the range that the curves have in common.

    Parameters
    ----------
    curves : iterable [`TransmissionCurve`]
        Curves of one instrument, and of at most one detector and one filter.

    Returns
    -------
    curve : `SystemTransmission`
        In nm and as fractions, with the keywords that identify instrument, detector and filter, but without
        CALIBDATE: a person decides when it is valid.

    Raises
    ------
    CalibrationError
        If curves belong to different instruments, detectors or filters.
    CuratedError
        If there is no curve, or they have no range of wavelengths in common.
    """
    factors = list(curves)
    if not factors:
        raise CuratedError("a product of no curves")
    keywords: dict[str, Any] = {"OBSTYPE": SystemTransmission.SPEC.obstype}
    for i, curve in enumerate(factors):
        for other in factors[:i]:
            or_raise(curve, list(curve.mismatches(other)))
        keywords |= {k: v for k in IDENTITY if k != "CALIB_ID" and has_value(v := curve.metadata.get(k))}
    grids = [curve.samples()[0] for curve in factors]
    low, high = max(grid[0] for grid in grids), min(grid[-1] for grid in grids)
    if not low < high:
        ranges = ", ".join(f"{grid[0]:g} to {grid[-1]:g} nm" for grid in grids)
        raise CuratedError(f"the curves have no range of wavelengths in common: {ranges}")
    union = np.unique(np.concatenate(grids))
    wavelength = union[(union >= low) & (union <= high)]
    throughput = np.prod([curve.throughput_at(wavelength) for curve in factors], axis=0)
    tree = {
        "metadata": keywords,
        "wavelength": wavelength,
        "throughput": throughput,
        "units": {"wavelength": "nm"},
    }
    return SystemTransmission.fromDict(tree)
