"""Forms of crosstalk calibrations: flags and sizes that their matrices need."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from curated.calib.content import Content
from curated.core.diagnostic import Problem


def _is_filled(value: Any) -> bool:
    """Say whether a value of a matrix, or of a mapping of matrices, holds anything."""
    return value is not None and (not hasattr(value, "__len__") or len(value) > 0)


def flag_problems(content: Content, names: Sequence[str]) -> Iterator[Problem]:
    """Yield a flag or a number of amplifiers that the matrices of a file need and that it lacks or denies.

    Without HAS_CROSSTALK the stack's class reads nothing else, and without NAMP it takes the matrices for those of no
    amplifier.

    Parameters
    ----------
    names : sequence [`str`]
        Fields that are matrices.
    """
    values = content.values
    present = ", ".join(name for name in names if _is_filled(values.get(name)))
    if not present and values.get("hasCrosstalk") is not True:
        return
    if values.get("nAmp") is None:
        count = _square_root(values.get("coeffs"))
        number = f": {count} for {count} x {count} coefficients" if count else ""
        detail = f"nAmp is missing beside {present or 'hasCrosstalk'}{number}"
        yield Problem("CAL350", (), detail, "add 'nAmp:' in YAML and JSON, the keyword NAMP in ECSV")
    if present and values.get("hasCrosstalk") is None:
        hint = "add 'hasCrosstalk: true' in YAML and JSON, the keyword HAS_CROSSTALK in ECSV"
        yield Problem("CAL350", (), f"hasCrosstalk is missing beside {present}", hint)
    elif values.get("hasCrosstalk") is False:
        place = content.places.get("hasCrosstalk")
        in_metadata = "hasCrosstalk" not in content.beside
        pointer = place or (("metadata", "HAS_CROSSTALK") if in_metadata else ("hasCrosstalk",))
        yield Problem("CAL351", pointer, f"hasCrosstalk is false, so {present} are not in force")


def _square_root(coefficients: Any) -> int:
    """Return the number of amplifiers of a matrix, flat or not; 0 if it is not one of a whole number of them."""
    try:
        size = np.asarray([] if coefficients is None else coefficients).size
    except (ValueError, TypeError, OverflowError, RecursionError):
        return 0
    count = math.isqrt(size)
    return count if count * count == size else 0
