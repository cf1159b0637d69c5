"""Changes of the inputs of a product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from curated.declare import Conditions, Measure, Reading


def inputs(calib: Any) -> Counter[Any]:
    """Return how often each input is listed, by its data ID."""
    return Counter(frozenset(data_id.items()) for data_id in calib.data_id_list)


def _gained(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    before, after = inputs(old), inputs(new)
    yield Reading((after - before).total(), before.total(), after.total())


def _lost(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    before, after = inputs(old), inputs(new)
    yield Reading((before - after).total(), before.total(), after.total())


MEASURES = (
    Measure(
        name="inputs_gained",
        unit="",
        doc="Number of inputs that only the new calibration lists.",
        compute=_gained,
        notable=1,
        additive=True,
    ),
    Measure(
        name="inputs_lost",
        unit="",
        doc="Number of inputs that only the old calibration lists.",
        compute=_lost,
        notable=1,
        additive=True,
    ),
)
