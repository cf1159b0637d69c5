"""What is doubtful about kernels of the brighter-fatter effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from curated.core.diagnostic import Problem

_TOLERANCE = 1e-3
"""Difference of mirrored values, as a part of the largest, that rounding in text does not make."""


def problems(kernel: Any) -> Iterator[Problem]:
    """Yield kernels in force that are not finite, and those that are not their own mirror image.

    A kernel is the potential of charge in the central pixel; it is the same to the left and to the right, and up and
    down, but not along rows and columns (Coulton et al. 2018, AJ 155, 258, section 3).
    """
    declared = next(f for f in kernel.FIELDS if getattr(kernel, f.name) is kernel.kernels)
    place = declared.key
    for name, values in kernel.kernels.items():
        if not kernel.valid.get(name, True) or not values.size:
            continue
        largest = np.abs(values).max()
        if not np.isfinite(largest):
            wrong = int(np.count_nonzero(~np.isfinite(values)))
            # Where none may be, each value that is not finite has been reported.
            if not declared.finite:
                detail = f"{place} of {name}: {wrong} of {values.size} values are not finite"
                yield Problem("CAL328", (place, name), detail)
            continue
        for mirrored, said in ((values[:, ::-1], "left and right"), (values[::-1], "top and bottom")):
            # In parts of the largest value, so that no number is too large for the difference.
            worst = float(np.abs(values / largest - mirrored / largest).max()) if largest else 0.0
            if worst > _TOLERANCE:
                part = f"{100 * worst:.2g} % of the largest value"
                yield Problem("CAL316", (place, name), f"{place} of {name}: {said} differ by up to {part}")
