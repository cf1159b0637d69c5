"""The rule that nodes and times increase."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from curated.core.diagnostic import Pointer, Problem
from curated.declare import Array


def increasing(name: str, values: Array, table: str = "", *, strict: bool = True) -> Iterator[Problem]:
    """Yield each value that is not above the one before it.

    Parameters
    ----------
    name : `str`
        Field, as the file names it.
    values : `numpy.ndarray`, (N,)
        Its values.
    table : `str`, optional
        Name of its table, where each value is in a record of its own.
    strict : `bool`, optional
        Whether two equal values are an error too.
    """
    steps = np.diff(values)
    for i in np.flatnonzero(~(steps > 0) if strict else steps < 0).tolist():
        before, after = values[i].item(), values[i + 1].item()
        place: Pointer = (table, i + 1, name) if table else (name, i + 1)
        label = f"{table} {i + 2} {name}" if table else f"{name} value {i + 2}"
        yield Problem("CAL331", place, f"{label}: {after!r} after {before!r}")
