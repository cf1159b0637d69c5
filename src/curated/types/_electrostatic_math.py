"""Changes of the electrostatic distortion of the pixel grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import numpy as np

from curated.declare import Array, Bound, Comparison, Conditions, Measure, Reading
from curated.types._bfk_math import FLUX
from curated.types._detector_bounds import GAIN, keyed_bound, of_field
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


_AREA_CHANGE: dict[str, Any] = {
    "unit": "1/electron",
    "maximum": 1e-4,
    "source": "3e-6 for a pixel's own charge in pixels of 10 micrometres (Astier & Regnault 2023, A&A 670, A118); at 1e-4 the charge of a faint star would empty it.",
}


def _sizes(name: str) -> Callable[[Any], Array]:
    def values(calib: Any) -> Array:
        sizes: Array = np.abs(np.asarray(getattr(calib, name), "f8"))
        return sizes

    return values


BOUNDS = (
    Bound(
        quantity="aMatrix",
        doc="Size of a measured pixel area change.",
        values=_sizes("aMatrix"),
        **_AREA_CHANGE,
    ),
    Bound(
        quantity="aMatrixModel",
        doc="Size of a pixel area change of the model.",
        values=_sizes("aMatrixModel"),
        **_AREA_CHANGE,
    ),
    Bound(
        quantity="a00",
        doc="Measured change of the area of a pixel by its own charge.",
        values=lambda calib: np.asarray(calib.aMatrix, "f8").ravel()[:1],
        unit="1/electron",
        maximum=1e-6,
        # The stack's own synthetic files have one of the other sign.
        code="CAL370",
        place=lambda _: "aMatrix",
        source="A pixel that holds charge is smaller: -3e-6 of CCDs (Astier et al. 2019, A&A 629, A36).",
    ),
    keyed_bound(
        "boundaries",
        "Size of a shift of a pixel boundary.",
        _AREA_CHANGE,
        lambda calib: {side: np.abs(matrix) for side, matrix in calib.boundaries.items()},
        pointer=lambda key, _: (f"a{key[0].upper()}",),
    ),
    keyed_bound(
        "gain",
        "Gain of an amplifier that badAmps does not list.",
        GAIN,
        of_field("gain", lambda calib: calib.badAmps.tolist()),
    ),
)


COMPARISONS = (
    Comparison(
        quantity="aMatrix",
        values=lambda calib: {"": calib.aMatrix},
        doc="Measured pixel area changes.",
        exchange="",
    ),
    Comparison(
        quantity="boundaries",
        values=lambda calib: calib.boundaries,
        doc="Shifts of the pixel boundaries.",
        exchange="",
        place="aN",
    ),
    Comparison(quantity="gain", values=attrgetter("gain"), doc="Gains."),
)
