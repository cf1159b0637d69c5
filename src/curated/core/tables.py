"""Columns, tables and images between files and calibrations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False, repr=False)
class TextColumn:
    """A column of an ECSV file, or of a FITS table, as it was read.

    Parameters
    ----------
    values : `numpy.ndarray` or `list`
        One entry for each row.
    dtype : `str`
        Data type that the file declares, such as ``float32``.
    unit : `str`
        Unit that the file declares, empty for none.
    doc : `str`
        Its description in the file.
    """

    values: Any
    dtype: str
    unit: str = ""
    doc: str = ""


@dataclass(slots=True, eq=False, repr=False)
class ColumnData:
    """A column on its way into a FITS table, a row for each entry of the first axis.

    Parameters
    ----------
    values : `numpy.ndarray` or `list` [`numpy.ndarray`]
        An array of fixed shape a row, or a list of arrays of varying length.
    unit : `str`
        Unit in the FITS standard's spelling, empty for none.
    variable : `str`
        Kind of descriptor, ``P`` or ``1Q``, where the values go into the heap.
    """

    values: Any
    unit: str = ""
    variable: str = ""


@dataclass(slots=True, eq=False, repr=False)
class TableData:
    """A table on its way into FITS.

    Parameters
    ----------
    columns : `dict` [`str`, `ColumnData`]
        Its columns in order.
    carries_metadata : `bool`
        Whether the calibration's keywords stand in its header.
    keywords : `dict`
        Keywords of the table itself.
    column_keywords : `tuple` [`str`]
        Keywords that each column has one of, such as ``TCCLS``; their values are in ``keywords``.
    constant : `str`
        Name of a table that is the same in all files, empty for any other.
    """

    columns: dict[str, ColumnData]
    carries_metadata: bool = False
    keywords: dict[str, Any] = field(default_factory=dict)
    column_keywords: tuple[str, ...] = ()
    constant: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ImageData:
    """An image on its way into FITS; its pixels are copied in blocks, never held.

    Parameters
    ----------
    cards : `list` [`tuple`]
        Cards of its header, the structural ones first.
    datasum : `int`
        Ones-complement sum of its 32-bit words.
    blocks : `~collections.abc.Callable`
        Yields its data as FITS has it, a multiple of 2880 bytes in all.
    """

    cards: list[tuple[str, Any]]
    datasum: int
    blocks: Callable[[], Iterator[bytes]]
