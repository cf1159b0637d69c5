"""Rules that several types share: amplifiers agree between fields, samples and spline nodes increase."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from curated.core.diagnostic import Pointer, Problem
from curated.declare import Array, Field


def key_problems(fields: tuple[Field, ...], calib: object, table: int) -> Iterator[Problem]:
    """Yield the mappings of a ``key`` table that lack amplifiers which others have.

    Parameters
    ----------
    fields : `tuple` [`Field`]
        Fields of the type.
    table : `int`
        Index of the table.
    """
    own_fields = [f for f in fields if f.table == table and not (f.keyword or f.common)]
    mappings = {f.key: getattr(calib, f.name) or {} for f in own_fields}
    keys = dict.fromkeys(key for mapping in mappings.values() for key in mapping)
    for name, mapping in mappings.items():
        missing = ", ".join(key for key in keys if key not in mapping)
        if missing:
            yield Problem("CAL308", (name,), f"{name} has no entry for amplifiers {missing}")


def order_problems(name: str, values: Array, table: str = "", *, strict: bool = True) -> Iterator[Problem]:
    """Yield each value that is not above the one before it, of nodes or times that have to increase.

    Parameters
    ----------
    name : `str`
        Field, as the file names it.
    values : `numpy.ndarray`, (N,)
        Nodes or times in the order of the file.
    table : `str`, optional
        Name of its table if each value stands in a record of its own.
    strict : `bool`, optional
        Whether two equal values are wrong as well.
    """
    steps = np.diff(values)
    for i in np.flatnonzero(~(steps > 0) if strict else steps < 0).tolist():
        before, after = values[i].item(), values[i + 1].item()
        place: Pointer = (table, i + 1, name) if table else (name, i + 1)
        label = f"{table} {i + 2} {name}" if table else f"{name} value {i + 2}"
        yield Problem("CAL331", place, f"{label}: {after!r} after {before!r}")


def node_problems(nodes: Array) -> Iterator[tuple[str, str]]:
    """Yield code and message for the nodes of a spline that do not increase; NaN stands for no spline at all."""
    if np.isfinite(nodes).all() and (np.diff(nodes) <= 0).any():
        place = int(np.flatnonzero(np.diff(nodes) <= 0)[0])
        yield "CAL322", f"node {place + 2} is {nodes[place + 1]:g} after {nodes[place]:g}"
