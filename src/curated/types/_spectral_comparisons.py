"""Comparisons of curves against wavelength: amplifiers with the epoch before, and curves with the product of others."""

from __future__ import annotations

from typing import Any

import numpy as np

from curated.declare import Array, Comparison
from curated.types._spectral_bounds import LONGEST, SHORTEST
from curated.types._spectral_steps import curve_fractions

_FINENESS = 1.01
"""Ratio of neighbouring wavelengths at which curves of amplifiers are compared."""


_MOST_AMPLIFIERS = 128
"""Number of amplifiers up to which each is compared with each."""


def _curves_of_amplifiers(curve: Any) -> dict[str, Array] | None:
    """Return the fractions of each amplifier at common wavelengths, whatever its samples; NaN beyond these."""
    if not 2 <= len(curve.amplifiers) <= _MOST_AMPLIFIERS or curve_fractions(curve) is None:
        return None
    grid = SHORTEST * _FINENESS ** np.arange(np.ceil(np.log(LONGEST / SHORTEST) / np.log(_FINENESS)))
    rows, wavelengths, amplifiers = curve.ordered
    ends = np.searchsorted(amplifiers, range(len(curve.amplifiers) + 1))
    fractions = curve.fractions[rows]
    return {
        name: np.interp(grid, wavelengths[start:stop], fractions[start:stop], left=np.nan, right=np.nan)
        for name, start, stop in zip(curve.amplifiers, ends[:-1], ends[1:], strict=True)
    }


def _mean_curve(curve: Any) -> dict[str, Array] | None:
    """Return the wavelengths (nm) and the fractions of the detector."""
    if curve_fractions(curve) is None:
        return None
    wavelengths, fractions = curve.samples()
    return {"wavelength": wavelengths, "fraction": fractions}


CURVE = "curve"
"""Quantity of the comparison of whole curves with products."""

COMPARISONS = (
    Comparison(
        quantity="amplifiers",
        values=_curves_of_amplifiers,
        doc="Curves of the amplifiers.",
        factor=0.0,
        place="amp_name",
    ),
    Comparison(
        quantity=CURVE,
        values=_mean_curve,
        doc="The curve, with that of the system and of its parts.",
        factor=0.0,
        exchange="",
    ),
)
