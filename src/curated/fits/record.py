"""The record of a calibration's verification in its FITS file: a table with the lines of its text."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from curated.core.tables import ColumnData, TableData
from curated.fits.header import cards, escape, hdu, unescape
from curated.fits.plain_tables import read_plain_hdus
from curated.fits.provenance import SEPARATE_HDU
from curated.fits.table import table_parts

EXTNAME = "VERIFICATION"
"""EXTNAME of the table; its column LINE has the text of ``<validstart>.verify.yaml`` line by line."""

_COLUMN = "LINE"

# astropy raises these on damaged files.
DAMAGE = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
)


def record_hdus(text: str) -> list[bytes]:
    """Return the HDUs of a record, for the end of a file.

    Parameters
    ----------
    text : `str`
        The text, whose lines end with line feeds.
    """
    # Columns lose blanks at the end; what the column itself escapes is undone first when it is read.
    lines = [
        escape(line) if "\\" in line or line.endswith(" ") else line
        for line in text.removesuffix("\n").split("\n")
    ]
    structure, data = table_parts(TableData({_COLUMN: ColumnData(np.array(lines))}))
    return [SEPARATE_HDU, hdu(structure + cards([("EXTNAME", EXTNAME)]), data)]


def read_record_text(filename: str | os.PathLike[str]) -> str:
    """Return the text of the record in a FITS file; empty where there is none, or the file cannot be read."""
    try:
        with Path(filename).open("rb") as stream:
            if not stream.read(9).startswith(b"SIMPLE  ="):
                return ""
            stream.seek(0)
            hdus = read_plain_hdus(stream)
    except OSError:
        return ""
    if hdus is None:
        return "".join(f"{_unescaped(_unescaped(line))}\n" for line in _unusual_lines(filename))
    tables = [
        entry for entry in hdus if entry.is_table and entry.name == EXTNAME and _COLUMN in entry.columns
    ]
    lines = [str(line) for line in tables[-1].columns[_COLUMN][0].tolist()] if tables else []
    return "".join(f"{_unescaped(_unescaped(line))}\n" for line in lines)


def _unusual_lines(filename: str | os.PathLike[str]) -> list[str]:
    """Return the lines of the record in a file, such as one of images, that astropy is asked about."""
    from astropy.io import fits

    try:
        with Path(filename).open("rb") as stream, fits.open(stream, memmap=False) as hdus:
            if (
                EXTNAME not in hdus
                or _COLUMN not in (getattr(hdus[EXTNAME], "columns", None) or fits.ColDefs([])).names
            ):
                return []
            return [str(line) for line in hdus[EXTNAME].data[_COLUMN].tolist()]
    except (*DAMAGE, fits.VerifyError):
        return []


def _unescaped(value: str) -> str:
    return unescape(value) if "\\" in value else value
