"""FITS files of tables, of the stack and of this package, to keywords and columns."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from curated.core.diagnostic import CuratedError
from curated.core.tables import TextColumn
from curated.core.units import text_unit
from curated.fits.butler_header import butler_construction
from curated.fits.foreign_keywords import foreign_keywords
from curated.fits.header import ESCAPED, unescape
from curated.fits.plain_tables import PlainHdu, read_plain_hdus
from curated.fits.provenance import DATASETS, EXTNAME, VERIFICATION, read_provenance

_STRUCTURAL = frozenset(
    "SIMPLE BITPIX NAXIS NAXIS1 NAXIS2 EXTEND XTENSION PCOUNT GCOUNT TFIELDS THEAP EXTNAME EXTVER LONGSTRN "
    "CHECKSUM DATASUM".split()
)
# astropy raises these on damaged files.
_DAMAGE = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    NameError,
    ArithmeticError,
    AssertionError,
    MemoryError,
)
_PER_COLUMN = ("TTYPE", "TFORM", "TUNIT", "TDIM", "TNULL", "TSCAL", "TZERO", "TDISP", "TCCLS", "TDOC")


def read_fits(
    filename: str | os.PathLike[str], table_keywords: tuple[str, ...] = ()
) -> tuple[dict[str, Any], dict[str, dict[str, TextColumn]]]:
    """Read a FITS file of tables.

    Parameters
    ----------
    filename : path-like
        A file of the stack, which has its keywords in HDU 1, or one of ours, with the keywords in the primary HDU.
    table_keywords : `tuple` [`str`], optional
        Keywords that stand in the header of another table; see `Spec.table_keywords`.

    Returns
    -------
    metadata : `dict`
        Keywords; `None` for those without a value, a list for repeated ones. The provenance is among them, as
        in the metadata of ECSV: ``inputs``, ``construction`` and ``edits``.
    tables : `dict` [`str`, `dict`]
        Columns by table, which is EXTNAME or number, and name.

    Raises
    ------
    CuratedError
        If the file is not a FITS file.
    """
    try:
        with Path(filename).open("rb") as stream:
            if not stream.read(9).startswith(b"SIMPLE  ="):
                # astropy unpacks archives in memory, whatever their size.
                reason = "it does not begin with SIMPLE"
                raise CuratedError(
                    f"{filename} cannot be read as FITS: {reason}", "unpack it if it is packed"
                )
            stream.seek(0)
            hdus = read_plain_hdus(stream)
    except OSError as error:
        raise CuratedError(f"{filename} cannot be read as FITS: {error}") from error
    if hdus is None:
        hdus = _read_unusual_hdus(filename)
    try:
        return _contents(hdus, table_keywords)
    except _DAMAGE as error:
        raise CuratedError(f"{filename} cannot be read as FITS: {error}") from error


def _contents(
    hdus: list[PlainHdu], table_keywords: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, dict[str, TextColumn]]]:
    """Return keywords and columns of the HDUs of a file; see `read_fits`."""
    headers, constructions = zip(*(_keywords(hdu.cards) for hdu in hdus[:2]), strict=True)
    tables = [hdu for hdu in hdus[1:] if hdu.is_table]
    record, datasets = (next((hdu for hdu in tables if hdu.name == n), None) for n in (EXTNAME, DATASETS))
    others = {
        key: _unescaped_text(hdu.keywords[key.upper()])
        for hdu in tables
        for key in table_keywords
        if key.upper() in hdu.keywords
    }
    columns = {
        hdu.name or str(i + 1): _columns(hdu)
        for i, hdu in enumerate(tables)
        if hdu is not record and (hdu is not datasets or record is None) and hdu.name != VERIFICATION
    }
    if record is not None:
        others |= read_provenance(record.keywords, _columns(record), _columns(datasets) if datasets else {})
    # A file that was made of a text has the provenance of that one.
    if "construction" not in others and not any("REPOSHA1" in header for header in headers):
        construction = {key: value for part in reversed(constructions) for key, value in part.items()}
        others |= {"construction": construction} if construction else {}
    if "OBSTYPE" in headers[0] or len(headers) == 1:
        return {**headers[0], **others}, columns
    return {**headers[0], **headers[1], **others}, columns


def _read_unusual_hdus(filename: str | os.PathLike[str]) -> list[PlainHdu]:
    """Read a file with astropy.

    Raises
    ------
    CuratedError
        If it cannot be read.
    """
    from astropy.io import fits

    try:
        with Path(filename).open("rb") as stream, fits.open(stream, memmap=False) as hdus:
            return [_unusual_hdu(hdu, isinstance(hdu, fits.BinTableHDU)) for hdu in hdus]
    except (*_DAMAGE, fits.VerifyError) as error:
        raise CuratedError(f"{filename} cannot be read as FITS: {error}") from error


def _unusual_hdu(hdu: Any, is_table: bool) -> PlainHdu:
    cards = [(card.keyword, _plain_value(card.value)) for card in hdu.header.cards]
    keywords: dict[str, Any] = {}
    for key, value in cards:
        keywords.setdefault(key.upper(), value)
    if not is_table:
        return PlainHdu(False, cards, keywords)
    columns = {
        column.name: (_native(hdu.data[column.name], len(hdu.data)), column.unit or "")
        for column in hdu.columns
    }
    return PlainHdu(True, cards, {**keywords, "EXTNAME": hdu.name}, columns)


def _native(values: Any, rows: int) -> Any:
    """Return the values of a column of astropy in the byte order of the machine."""
    if len(values) != rows:
        # Vectors without elements: astropy loses the rows of some of them.
        values = np.zeros((rows, 0), values.dtype)
    if values.dtype.kind in "SU":
        # Bytes are what astropy leaves of columns that are not ASCII.
        texts = [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values.reshape(-1)]
        return np.array(texts, dtype=str).reshape(values.shape)
    if values.dtype.kind == "O":
        return [np.asarray(v).astype(np.asarray(v).dtype.newbyteorder("=")) for v in values]
    return values.astype(values.dtype.newbyteorder("="))


def _keywords(cards: Iterable[tuple[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the keywords of a header that are statements about the calibration, and what Butler says of its construction."""
    metadata: dict[str, Any] = {}
    for key, value in cards:
        if key in _STRUCTURAL or key == "" or (key.startswith(_PER_COLUMN) and key[-1].isdigit()):
            continue
        name = "comments" if key == "COMMENT" else key
        if name in metadata:
            previous = metadata[name]
            metadata[name] = [*previous, value] if isinstance(previous, list) else [previous, value]
        else:
            metadata[name] = [value] if name == "comments" else value
    for key in str(metadata.pop(ESCAPED, "")).split(","):
        name = "comments" if key == "COMMENT" else key
        if name in metadata:
            metadata[name] = _unescaped(metadata[name])
    foreign = foreign_keywords(metadata)
    construction = butler_construction(metadata) if foreign else {}
    for key in foreign:
        # Of the dataset that the file was, and of the form of the file; neither is true of what is made of it.
        del metadata[key]
    return metadata, construction


def _unescaped_text(value: Any) -> Any:
    """Return a text of a table without its escapes; another program's text may have backslashes that are none."""
    if not isinstance(value, str) or "\\" not in value:
        return value
    try:
        return unescape(value)
    except UnicodeDecodeError:
        return value


def _unescaped(value: Any) -> Any:
    if isinstance(value, list):
        return [_unescaped(item) for item in value]
    return unescape(value) if isinstance(value, str) else value


def _plain_value(value: Any) -> Any:
    """Return the value of a card of astropy, `None` for one without a value."""
    from astropy.io.fits.card import Undefined

    if isinstance(value, Undefined):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _columns(table: PlainHdu) -> dict[str, TextColumn]:
    columns = {}
    for name, (values, unit) in table.columns.items():
        if hasattr(values, "dtype") and values.dtype.kind == "U" and "\\" in "".join(values.flat):
            texts = [_unescaped_text(str(value)) for value in values.flat]
            columns[name] = _column(np.array(texts, dtype=str).reshape(values.shape), unit)
        else:
            columns[name] = _column(values, unit)
    return columns


def _column(values: Any, unit: str) -> TextColumn:
    kind = values.dtype.name if hasattr(values, "dtype") else "object"
    return TextColumn(values, kind, text_unit(unit))
