"""Bounds of what optical and near-infrared detectors have: gains, noise, full wells, levels, times."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from curated.declare import Bound
from curated.declare.bound import Numbers

_WELLS = "Janesick 2001, Scientific Charge-Coupled Devices, chapter 4"

GAIN: dict[str, Any] = {
    "unit": "electron/adu",
    "minimum": 0.01,
    "maximum": 30.0,
    "finite": True,
    "source": f"Wells of 10,000 to 2,000,000 electron ({_WELLS}) over converters of 16 to 18 bits; instruments in use have 0.3 to 15, those that multiply electrons 0.01 and more.",
}
"""Limits of gains. Converters of 12 bits and less can be beyond them."""

NOISE: dict[str, Any] = {
    "unit": "electron",
    "minimum": 0.03,
    "maximum": 200.0,
    "finite": True,
    "source": "Skipper CCDs reach 0.07 (Tiffenberg et al. 2017, PRL 119, 131802), detectors read fast 100 (Kepler Instrument Handbook, KSCI-19033).",
}
"""Limits of the read noise."""

FULL_WELL: dict[str, Any] = {
    "unit": "electron",
    "minimum": 1000.0,
    "maximum": 3e6,
    "source": f"Some 1,000 electron per square micrometre of a pixel ({_WELLS}), of pixels of 2 to 50 micrometres.",
}
"""Limits of signals at which a pixel saturates, or its response changes."""

LEVEL: dict[str, Any] = {
    "unit": "adu",
    "minimum": 100.0,
    "maximum": float(2**20),
    "source": "Converters have 8 to 18 bits; sums of reads two more.",
}
"""Limits of the same signals as they are read out."""


def keyed_bound(
    quantity: str,
    doc: str,
    limits: Mapping[str, Any],
    values: Callable[[Any], Numbers],
    **more: Any,
) -> Bound:
    """Return a bound of a quantity that each amplifier has.

    Parameters
    ----------
    limits : `dict`
        Unit, limits and source, such as `GAIN`.
    values : callable
        Returns its values by amplifier.
    **more
        Further arguments of `Bound`.
    """
    return Bound(quantity=quantity, doc=doc, values=values, **{**limits, **more})


def of_field(name: str, bad: Callable[[Any], Collection[str]] = lambda _: ()) -> Callable[[Any], Numbers]:
    """Return a function that returns a field by amplifier, without the amplifiers that cannot be used.

    Parameters
    ----------
    bad : callable, optional
        Returns the amplifiers that cannot be used.
    """

    def values(calib: Any) -> dict[str, Any]:
        bad_names = set(bad(calib))
        mapping = getattr(calib, name) or {}
        return {key: value for key, value in mapping.items() if key not in bad_names}

    return values


def products(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    """Return the products of the numbers of the amplifiers that have both; NaN unless both are positive."""
    pairs = {key: (value, second[key]) for key, value in first.items() if key in second}
    return {key: a * b if a > 0 and b > 0 else math.nan for key, (a, b) in pairs.items()}
