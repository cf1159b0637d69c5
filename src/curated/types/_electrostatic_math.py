"""Changes of the electrostatic distortion of the pixel grid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from curated.declare import Conditions, Measure, Reading
from curated.types._bfk_math import FLUX
from curated.types._keyed_changes import (
    AMPLIFIER_SET,
    AMPLIFIER_SET_DOCS,
    keyed_measure,
    number_measure,
    set_measures,
)


def _largest(old: Any, new: Any) -> float:
    """Return the largest absolute difference of two matrices of lags, from lag 0 on; beyond the end they are zero."""
    shape = [max(sides) for sides in zip(old.shape, new.shape, strict=True)]
    first, second = np.zeros(shape), np.zeros(shape)
    first[: old.shape[0], : old.shape[1]] = old
    second[: new.shape[0], : new.shape[1]] = new
    with np.errstate(all="ignore"):
        sizes = np.abs(second - first)
    is_same = (first == second) | (np.isnan(first) & np.isnan(second))
    return float(np.where(is_same, 0.0, sizes).max(initial=0.0))


def _areas(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    yield Reading(FLUX * _largest(old.aMatrixModel, new.aMatrixModel))
    before, after = old.aMatrixModelByFilter, new.aMatrixModelByFilter
    for name, matrix in before.items():
        if name in after:
            yield Reading(FLUX * _largest(matrix, after[name]), of={"filter": str(name)})


def _shifts(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    for side, matrix in old.boundaries.items():
        yield Reading(FLUX * _largest(matrix, new.boundaries[side]), of={"boundary": side})


MEASURES = (
    Measure(
        name="area_change_at_100ke",
        unit="",
        doc="Largest abs(new - old) of a pixel area change of the model times 100,000 electrons: a fraction of the area.",
        compute=_areas,
        notable=1e-3,
    ),
    Measure(
        name="boundary_change_at_100ke",
        unit="pix",
        doc="Largest abs(new - old) of a shift of a pixel boundary times 100,000 electrons.",
        compute=_shifts,
        notable=1e-3,
    ),
    number_measure(
        "area_sum_change",
        "%",
        "Relative change of the sum of the pixel area changes of the model.",
        lambda calib: calib.aMatrixModelSum,
        notable=5,
    ),
    keyed_measure(
        "gain_change",
        "%",
        "Relative change of the gain of an amplifier.",
        lambda calib: calib.gain,
        notable=0.5,
    ),
    *set_measures(AMPLIFIER_SET, AMPLIFIER_SET_DOCS, lambda calib: calib.gain),
)
