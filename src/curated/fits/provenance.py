"""Provenance in FITS files, in the form of lsst.ip.isr.IsrProvenance, and the record of verification after it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from curated.core.metadata import IDENTITY
from curated.core.tables import ColumnData, TableData, TextColumn
from curated.fits.header import Card, cards, escape, hdu, needs_escape, unescape
from curated.fits.plain_tables import read_plain_hdus
from curated.fits.table import table_parts
from curated.provenance.record import INPUT_DATASET, LONG_KEY, RESERVED, Provenance

EXTNAME = "PROVENANCE"
DATASETS = "INPUT_DATASETS"
"""EXTNAME of the table of Butler datasets that a calibration was made of: thousands would be too many for a keyword."""

SEPARATOR = "SEPARATE"
"""EXTNAME of the empty image before the table: IsrCalib.readFits reads tables up to the first HDU that is not one."""

_CONSTRUCTION, _EDITS, _CERTIFICATIONS = "CONSTRUC", "EDITS", "CERTIFIC"
"""Keywords of the table that hold the rest of the record as JSON."""

_PARTS = (("construction", _CONSTRUCTION), ("edits", _EDITS), ("certifications", _CERTIFICATIONS))

_SEPARATOR = cards(
    [("XTENSION", "IMAGE"), ("BITPIX", 8), ("NAXIS", 0), ("PCOUNT", 0), ("GCOUNT", 1), ("EXTNAME", SEPARATOR)]
)
SEPARATE_HDU = hdu(_SEPARATOR, b"")
"""The empty image before tables that no reader of the stack looks for."""

_UNITS = {"exposure_time": "s"}


def provenance_hdus(provenance: Provenance, metadata: Mapping[str, Any], name: str) -> list[bytes]:
    """Return the HDUs of a calibration's provenance, for the end of its file; none if there is no provenance.

    Parameters
    ----------
    provenance : `Provenance`
        Record of the calibration.
    metadata : `dict`
        Keywords of the calibration.
    name : `str`
        Name of its type.
    """
    if not provenance:
        return []
    structure, data = table_parts(_table(provenance))
    header: list[Card] = [("EXTNAME", EXTNAME), *_cards(provenance, metadata, name)]
    hdus = [SEPARATE_HDU, hdu(structure + cards(header), data)]
    datasets = provenance.construction.input_datasets
    if datasets:
        columns = {
            key: ColumnData(np.array([_escaped(dataset.get(key, "")) for dataset in datasets]))
            for key in INPUT_DATASET.keys
            if any(key in dataset for dataset in datasets)
        }
        structure, data = table_parts(TableData(columns))
        hdus.append(hdu(structure + cards([("EXTNAME", DATASETS)]), data))
    return hdus


def _table(provenance: Provenance) -> TableData:
    inputs = provenance.inputs
    columns: dict[str, ColumnData] = {}
    for name in inputs[0].data_id if inputs else ():
        columns[name] = ColumnData(np.array([_escaped(entry.data_id[name]) for entry in inputs]))
    for name in RESERVED:
        values: list[Any] = [getattr(entry, name) for entry in inputs]
        if name == "date" and any(values):
            columns[name] = ColumnData(np.array(values))
        elif name != "date" and any(v is not None for v in values):
            numbers = np.array([math.nan if v is None else v for v in values], dtype="f8")
            columns[name] = ColumnData(numbers, _UNITS.get(name, ""))
    return TableData(columns)


def _escaped(value: Any) -> Any:
    """Escape a text whose blanks at the end would be lost; the reader undoes it after the escapes of the column."""
    return escape(value) if isinstance(value, str) and ("\\" in value or needs_escape(value)) else value


def _cards(provenance: Provenance, metadata: Mapping[str, Any], name: str) -> list[Card]:
    identity = {key: metadata.get(key) for key in (*IDENTITY, "CALIBDATE")}
    keywords: dict[str, Any] = {
        "OBSTYPE": "IsrProvenance",
        "IsrProvenance_SCHEMA": "NO SCHEMA",
        "IsrProvenance_VERSION": 0,
        **{key: value for key, value in identity.items() if value not in (None, "")},
        "CALIBCLS": "lsst.ip.isr.calibType.IsrProvenance",
        "calibType": name,
    }
    construction = {key: value for key, value in provenance.construction.plain().items() if key != LONG_KEY}
    if construction:
        keywords[_CONSTRUCTION] = json.dumps(construction)
    if provenance.edits:
        keywords[_EDITS] = json.dumps([edit.plain() for edit in provenance.edits])
    if provenance.certifications:
        keywords[_CERTIFICATIONS] = json.dumps([entry.plain() for entry in provenance.certifications])
    return list(keywords.items())


def read_provenance(
    header: Any, columns: dict[str, TextColumn], datasets: dict[str, TextColumn]
) -> dict[str, Any]:
    """Return the record in the header and the columns of a provenance table, as YAML would hold it: untrusted data.

    Parameters
    ----------
    datasets : `dict` [`str`, `TextColumn`]
        Columns of the table of input datasets; empty if there is none.
    """
    record: dict[str, Any] = {}
    inputs = [_input(row) for row in _rows(columns)]
    if inputs:
        record["inputs"] = inputs
    for key, keyword in _PARTS:
        if keyword in header:
            record[key] = _parsed(header[keyword])
    if datasets:
        entries = [{k: v for k, v in row.items() if not _is_blank(v)} for row in _rows(datasets)]
        construction = record.setdefault("construction", {})
        if isinstance(construction, dict):
            construction[LONG_KEY] = entries
    return record


def _rows(columns: dict[str, TextColumn]) -> Iterator[dict[str, Any]]:
    rows = zip(*(column.values.tolist() for column in columns.values()), strict=True)
    for row in rows:
        yield {
            k: unescape(v) if isinstance(v, str) and "\\" in v else v
            for k, v in zip(columns, row, strict=True)
        }


def _input(row: dict[str, Any]) -> dict[str, Any]:
    values = {name: row.pop(name) for name in RESERVED if name in row and not _is_blank(row[name])}
    return {"data_id": {k: v for k, v in row.items() if k not in RESERVED}, **values}


def _is_blank(value: Any) -> bool:
    return (isinstance(value, str) and value == "") or (isinstance(value, float) and math.isnan(value))


def _parsed(text: Any) -> Any:
    """Return the data of a JSON text; anything else as it is, for the check to refuse."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return text


# -- the record of verification ---------------------------------------------------------------------------

VERIFICATION = "VERIFICATION"
"""EXTNAME of the table; its column LINE has the text of ``<validstart>.verify.yaml`` line by line."""

_LINE = "LINE"

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
    structure, data = table_parts(TableData({_LINE: ColumnData(np.array(lines))}))
    return [SEPARATE_HDU, hdu(structure + cards([("EXTNAME", VERIFICATION)]), data)]


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
        entry for entry in hdus if entry.is_table and entry.name == VERIFICATION and _LINE in entry.columns
    ]
    lines = [str(line) for line in tables[-1].columns[_LINE][0].tolist()] if tables else []
    return "".join(f"{_unescaped(_unescaped(line))}\n" for line in lines)


def _unusual_lines(filename: str | os.PathLike[str]) -> list[str]:
    """Return the lines of the record in a file, such as one of images, that astropy is asked about."""
    from astropy.io import fits

    try:
        with Path(filename).open("rb") as stream, fits.open(stream, memmap=False) as hdus:
            if (
                VERIFICATION not in hdus
                or _LINE not in (getattr(hdus[VERIFICATION], "columns", None) or fits.ColDefs([])).names
            ):
                return []
            return [str(line) for line in hdus[VERIFICATION].data[_LINE].tolist()]
    except (*DAMAGE, fits.VerifyError):
        return []


def _unescaped(value: str) -> str:
    return unescape(value) if "\\" in value else value
