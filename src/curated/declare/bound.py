"""Bounds: which values of a quantity are physically plausible, and where they come from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from curated.core.diagnostic import Pointer
from curated.core.similar import similar_name
from curated.declare.field import Array

Numbers = Array | Mapping[str, Any] | None
"""Values of any shape, by amplifier or another key if it is a mapping; `None` where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Bound:
    """Limits of one quantity of a calibration type, beyond which the calibration is in error.

    ``bounds:`` in ``instrument.yaml`` changes them for an instrument, with a reason.

    Parameters
    ----------
    quantity : `str`
        Name of the quantity; by default the place of findings in the text as well.
    values : callable
        Returns the values of a calibration in ``unit``, without or with NaN for those that do not count; see
        `Numbers`.
    doc : `str`
        What the quantity is, in one sentence.
    source : `str`
        Where the limits come from: a publication, or the real calibrations that they leave room for.
    unit : `str`
        Unit of values and limits; empty for a pure number.
    minimum, maximum : `float`, optional
        Least and largest plausible value.
    finite : `bool`
        Whether infinite values are beyond the limits; of levels they say that one was not reached, and do not count.
    code : `str`
        Code of the finding.
    milder : `str`
        Code of the type's own finding about values that are merely unusual, which is left out beside an error.
    place : callable, optional
        Returns the key or column of a calibration's text where findings are reported.
    pointer : callable, optional
        Returns the place of a value in the text, of its key and its index in the array, where ``place`` is not enough.
    label : callable, optional
        Returns what people call the place of a value, of a calibration, the key and the index of the value.
    """

    quantity: str
    values: Callable[[Any], Numbers]
    doc: str
    source: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    finite: bool = False
    code: str = "CAL364"
    milder: str = ""
    place: Callable[[Any], str] | None = None
    pointer: Callable[[str, tuple[int, ...]], Pointer] | None = None
    label: Callable[[Any, str, tuple[int, ...]], str] | None = None


@dataclass(frozen=True, slots=True)
class InstrumentBound:
    """Limits of a quantity for one instrument; `None` for the type's own."""

    type: str
    quantity: str
    reason: str
    minimum: float | None = None
    maximum: float | None = None


def bound_fault(
    name: str, bounds: tuple[Bound, ...], quantity: str, minimum: float | None, maximum: float | None
) -> tuple[str, str] | None:
    """Return key and message of what is wrong with an instrument's limits of a quantity; `None` for nothing.

    Parameters
    ----------
    name : `str`
        Name of the type.
    bounds : `tuple` [`Bound`]
        Bounds that the type declares.
    """
    declared = {bound.quantity: bound for bound in bounds}
    if quantity not in declared:
        similar = similar_name(quantity, declared)
        remedy = f"did you mean {similar}?" if similar else f"these are: {', '.join(declared) or 'none'}"
        return "quantity", f"{quantity[:80]!r} is not a quantity with bounds of {name}; {remedy}"
    if minimum is None and maximum is None:
        return "quantity", "neither minimum nor maximum is set"
    for key, limit in (("minimum", minimum), ("maximum", maximum)):
        if limit is not None and not math.isfinite(limit):
            return key, f"{limit:g} is no limit: to allow any value, give a large number"
    least = declared[quantity].minimum if minimum is None else minimum
    largest = declared[quantity].maximum if maximum is None else maximum
    if least is not None and largest is not None and least > largest:
        if minimum is not None and maximum is not None:
            return "minimum", f"{minimum:g} is above the maximum, {maximum:g}"
        key, text = ("minimum", "maximum") if maximum is None else ("maximum", "minimum")
        limits = (least, largest) if maximum is None else (largest, least)
        side = "above" if maximum is None else "below"
        return key, f"{limits[0]:g} is {side} the {text} of the type, {limits[1]:g}; set both"
    return None
