"""A part of a table of exposures, as cells and as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from curated.core.diagnostic import Problem

Array = np.ndarray[Any, Any]

ROWS = 1 << 16
"""Rows of a part: enough for numpy, and little memory."""

NO_TIME = int(np.iinfo(np.int64).min)
"""Time of an exposure of which only the night is known."""

NO_NIGHT = int(np.iinfo(np.int32).min)
"""Night of an exposure of which only the time is known."""


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How a table of exposures is read.

    Parameters
    ----------
    columns : `dict` [`str`, `str`]
        Names of columns by what they are for, such as ``{"time": "obs_start"}``; see `curated.exposures.columns.ROLES`.
    scale : `str`
        Time scale of times and dates, ``utc`` or ``tai``; that of the column if empty.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    scale: str = ""


class Cells(NamedTuple):
    """Cells of some rows as the file has them.

    Parameters
    ----------
    rows : `list` [`int`]
        Line of each row, or its number where the file has no lines; one-based.
    values : `dict` [`str`, sequence]
        Cells of each row, by what their column is for. A missing cell is `None` or empty.
    scales : `dict` [`str`, `str`]
        Time scale, ``utc`` or ``tai``, of the columns of times.
    problems : `list` [`Problem`]
        Rows that could not be read, and are not among ``rows``.
    """

    rows: Sequence[int]
    values: Mapping[str, Sequence[Any] | Array]
    scales: Mapping[str, str]
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True, eq=False)
class Exposures:
    """Some exposures, one for each row of a table; a row with a detector is one image of an exposure.

    Parameters
    ----------
    rows : `numpy.ndarray`, (N,), int64
        Line or number of the row.
    times : `numpy.ndarray`, (N,), int64
        Nanoseconds since 1970-01-01 TAI; `NO_TIME` where only the night is known.
    nights : `numpy.ndarray`, (N,), int32
        Days from 1970-01-01 to the date on which the night began; `NO_NIGHT` where the table does not say it.
    instruments, detectors, filters, ids : `list` [`str`], (N,)
        Names as the table has them; empty where it has none.
    """

    rows: Array
    times: Array
    nights: Array
    instruments: Sequence[str]
    detectors: Sequence[str]
    filters: Sequence[str]
    ids: Sequence[str]

    def __len__(self) -> int:
        return len(self.rows)


class Batch(NamedTuple):
    """A part of a table.

    Parameters
    ----------
    exposures : `Exposures`
        Those that could be read.
    problems : `list` [`Problem`]
        One for each row that could not; ``line`` is the line or number of the row.
    """

    exposures: Exposures
    problems: Sequence[Problem] = ()
