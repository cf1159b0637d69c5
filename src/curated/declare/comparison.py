"""Comparisons: which values of a calibration are compared with those of other files of its package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Exchange = Literal["", "keys", "matrix"]
"""What can be exchanged by accident: nothing, values of keys, or rows and columns of a matrix."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Comparison:
    """Values that are compared with those of the epoch before.

    Parameters
    ----------
    quantity : `str`
        Name of the quantity.
    values : callable
        Returns a number, or numbers of one length, by amplifier or another key; NaN for those that do not count.
        `None` where there are none.
    doc : `str`
        What is compared, in one sentence.
    factor : `float`
        Factor from which a change is a finding (CAL366); 0 for none.
    exchange : `str`
        What can be exchanged (CAL367); see `Exchange`.
    place : `str`
        Key or column of the text where findings are reported; the quantity if empty.
    is_shared : `bool`
        Whether it is compared with the values of the other detectors at the same time, not with the epoch before.
    """

    quantity: str
    values: Callable[[Any], Mapping[str, Any] | None]
    doc: str
    factor: float = 10.0
    exchange: Exchange = "keys"
    place: str = ""
    is_shared: bool = False
