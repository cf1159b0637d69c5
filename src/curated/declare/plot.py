"""The default plot of a type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PlotSpec:
    """The default plot of a type.

    Parameters
    ----------
    kind : `str`
        ``curve``, ``boxes``, ``matrix``, ``layout``, ``image``, ``keyed`` (curves of each key) or ``bars`` (a number of
        each key).
    x, y : `str`
        Attribute names; the x of bars may be empty where y is a mapping.
    group : `str`
        Attribute that splits a curve into several.
    labels : `tuple` [`str`]
        Labels of the x axis, the y axis and the colours; those of the fields where empty.
    log : `bool`
        Whether values span orders of magnitude.
    used : `str`
        Attribute with the flags of the points of each key that were used.
    centred : `bool`
        Whether a matrix is counted from its middle, as pixel lags are.
    """

    kind: Literal["curve", "boxes", "matrix", "layout", "image", "keyed", "bars"]
    x: str = ""
    y: str = ""
    group: str = ""
    labels: tuple[str, ...] = ()
    log: bool = False
    used: str = ""
    centred: bool = False
