"""Columns, tables and images between files and calibrations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False, repr=False)
class TextColumn:
    """A column read from an ECSV file or a FITS table.

    Parameters
    ----------
    values : `numpy.ndarray` or `list`
        One entry for each row.
    dtype : `str`
        Data type in the file, such as ``float32``.
    unit : `str`
        Unit in the file; empty for none.
    doc : `str`
        Description in the file.
    """

    values: Any
    dtype: str
    unit: str = ""
    doc: str = ""


@dataclass(slots=True, eq=False, repr=False)
class ColumnData:
    """A column to be written to a FITS table.

    Parameters
    ----------
    values : `numpy.ndarray` or `list` [`numpy.ndarray`]
        Array whose first axis are the rows, or a list of one array for each row, of varying lengths.
    unit : `str`
        Unit in the FITS standard's spelling; empty for none.
    variable : `str`
        Kind of descriptor, ``P`` or ``1Q``, if the values go into the heap; else empty.
    """

    values: Any
    unit: str = ""
    variable: str = ""


@dataclass(slots=True, eq=False, repr=False)
class TableData:
    """A table to be written to FITS.

    Parameters
    ----------
    columns : `dict` [`str`, `ColumnData`]
        Columns by name, in order.
    carries_metadata : `bool`
        Whether the header repeats the calibration's keywords.
    keywords : `dict`
        Keywords of the table itself.
    column_keywords : `tuple` [`str`]
        Roots of keywords that each column has, such as ``TCCLS``; their values are in ``keywords``.
    constant : `str`
        Name of a table that is the same in all files; empty for any other.
    """

    columns: dict[str, ColumnData]
    carries_metadata: bool = False
    keywords: dict[str, Any] = field(default_factory=dict)
    column_keywords: tuple[str, ...] = ()
    constant: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ImageData:
    """An image to be written to FITS, copied in blocks so that it is never whole in memory.

    Parameters
    ----------
    cards : `list` [`tuple`]
        Cards of the header, the structural ones first.
    datasum : `int`
        Checksum of the data; see `sum32`.
    blocks : `~collections.abc.Callable`
        Yields the data as in FITS, a multiple of 2880 bytes in all.
    """

    cards: list[tuple[str, Any]]
    datasum: int
    blocks: Callable[[], Iterator[bytes]]
