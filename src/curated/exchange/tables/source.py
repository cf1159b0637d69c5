"""Tables in files of other programs: text with any separator, and whatever astropy reads, as plain columns."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from curated.calib.arrays import decoded
from curated.core.diagnostic import Problem, brief
from curated.exchange.foreign import ForeignError, ForeignFile
from curated.exchange.hdus import open_hdus
from curated.exchange.tables.source_table import SourceColumn, SourceTable
from curated.exchange.tables.text_table import read_text_table
from curated.exchange.tables.units import spelled, split_name

_LARGEST = 256 << 20
_LARGEST_GUESS = 1 << 18
"""Bytes of the largest text whose form astropy may guess, which it reads some thirty times."""

_MOST_COLUMNS = 4096
"""Columns of a table that astropy reads as text: its time grows with their square."""

_REFERENCE = re.compile(rb"<\s*STREAM\b[^>]*\bhref\b|<!ENTITY|<!DOCTYPE", re.I)
_WITH_NUMBER = re.compile(rb"^[^#\n]*[0-9]", re.M)
_FAILURES = (
    *(OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError),
    *(RecursionError, MemoryError, NotImplementedError, ImportError, RuntimeError),
)
"""What astropy raises on files that it cannot read."""


def is_table(file: ForeignFile) -> bool:
    """Say by the start of a file whether it may hold a table."""
    head = file.head
    if head.startswith(b"SIMPLE  ="):
        return True
    if b"\0" in head or head.lstrip().startswith((b"{", b"global", b"image;", b"physical;")):
        return False
    return _WITH_NUMBER.search(head) is not None


def read_table(file: ForeignFile, hdu: str = "", *, may_be_empty: bool = False) -> SourceTable:
    """Read the table of a file.

    Parameters
    ----------
    hdu : `str`, optional
        Name or number of the HDU, or of the table; empty for the only one.
    may_be_empty : `bool`, optional
        Whether a table without rows says something.

    Raises
    ------
    ForeignError
        If there is no table, if there are several, or if it cannot be read.
    """
    table = _read_any(file, hdu)
    if not table.count and not may_be_empty:
        raise ForeignError(Problem("CAL720", (), "the table has no rows"))
    return table


def _read_any(file: ForeignFile, hdu: str) -> SourceTable:
    if file.size > _LARGEST:
        raise ForeignError(
            Problem("CAL720", (), f"{file.size} bytes are more than a table of a calibration has")
        )
    head = file.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"\x1f\x8b", b"BZh", b"PK", b"\xfd7zXZ")):
        raise ForeignError(Problem("CAL720", (), "the file is packed", "unpack it"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if head.startswith(b"SIMPLE  ="):
            return _astropy_table(*_fits_table(file, hdu))
        text = file.text
        if not text.strip():
            raise ForeignError(Problem("CAL720", (), "the file is empty"))
        if head.startswith(b"<") and b"VOTABLE" in head.upper():
            return _astropy_table(*_votable(text, hdu))
        if hdu:
            raise ForeignError(Problem("CAL715", (), "a table in a text is the only one", "leave --hdu out"))
        form = _text_form(head)
        if form:
            return _ascii(text, form)
        table = read_text_table(text)
        if not isinstance(table, SourceTable):
            return _guessed(text, table)
        return table


def _guessed(text: str, problems: tuple[Problem, ...]) -> SourceTable:
    """Return a table in another form that astropy recognises; one column is what it makes of anything."""
    if any(problem.code != "CAL720" for problem in problems):
        raise ForeignError(*problems)
    try:
        table = _ascii(text, "")
    except ForeignError:
        raise ForeignError(*problems) from None
    if len(table.columns) < 2 or any("," in name or ";" in name for name in table.columns):
        raise ForeignError(*problems)
    return table


def _text_form(head: bytes) -> str:
    if head.startswith(b"# %ECSV"):
        return "ecsv"
    if re.match(rb"=+(?: +=+)*[ ]*\n", head):
        return "rst"
    if b"Byte-by-byte Description" in head:
        return "mrt"
    if head.startswith(b"\\") or re.match(rb"\|[^|\n]*(\|[^|\n]*)*\|\s*\n", head):
        return "ipac" if _is_ipac(head) else "fixed_width"
    return ""


def _is_ipac(head: bytes) -> bool:
    """Say whether a table between bars is one of IPAC, whose rows have no bars."""
    rows = [line for line in head.splitlines() if line.strip() and not line.startswith((b"\\", b"|"))]
    return head.startswith(b"\\") or bool(rows)


def _ascii(text: str, form: str) -> SourceTable:
    from astropy.io import ascii as astropy_ascii

    widest = max((line.count("|") + line.count("= ") for line in text.splitlines()[:200]), default=0)
    if widest > _MOST_COLUMNS or (not form and len(text) > _LARGEST_GUESS):
        raise ForeignError(
            Problem(
                "CAL720", (), "the table is larger than one of a calibration is", "save it as CSV or ECSV"
            )
        )
    options: dict[str, Any] = {"format": form} if form else {"guess": True}
    try:
        table = (
            astropy_ascii.read(text.splitlines(), fast_reader={"use_fast_converter": False}, **options)
            if not form
            else astropy_ascii.read(text.splitlines(), **options)
        )
    except Exception as error:  # astropy's readers raise anything on text that is none of theirs
        raise ForeignError(Problem("CAL720", (), f"the table cannot be read: {brief(str(error))}")) from error
    return _astropy_table(table, dict(table.meta), _lines_of_rows(text) if form == "ecsv" else ())


def _lines_of_rows(text: str) -> tuple[int, ...]:
    numbers = [i for i, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    return tuple(numbers[1:])


def _fits_table(file: ForeignFile, name: str) -> tuple[Any, dict[str, Any], tuple[int, ...]]:
    from astropy.io import fits
    from astropy.table import Table

    try:
        with open_hdus(file) as hdus:
            tables = [
                (str(hdu.name or index), index)
                for index, hdu in enumerate(hdus)
                if isinstance(hdu, (fits.BinTableHDU, fits.TableHDU))
            ]
            index = _chosen(tables, name, "HDU")
            if hdus[index].header.get("ZTABLE"):
                raise ForeignError(
                    Problem("CAL720", (), "the table is compressed in tiles", "unpack it with funpack")
                )
            header = {**_cards(hdus[0].header), **_cards(hdus[index].header)}
            table = Table.read(hdus, hdu=index, format="fits", mask_invalid=False, unit_parse_strict="silent")
    except (*_FAILURES, fits.VerifyError) as error:
        raise ForeignError(
            Problem("CAL720", (), f"the FITS file cannot be read: {brief(str(error))}")
        ) from error
    return table, header, ()


def _cards(header: Any) -> dict[str, Any]:
    return {
        key: value
        for key, value in header.items()
        if key and isinstance(value, (str, int, float, bool)) and key not in ("COMMENT", "HISTORY")
    }


def _votable(text: str, name: str) -> tuple[Any, dict[str, Any], tuple[int, ...]]:
    from astropy.io import votable

    data = text.encode()
    if _REFERENCE.search(data):
        # astropy would fetch it, from wherever the file says.
        raise ForeignError(
            Problem("CAL720", (), "the VOTable refers to another file", "save it with its data inside")
        )
    try:
        document = votable.parse(io.BytesIO(data), verify="ignore")
        tables = [(str(t.ID or t.name or i), t) for i, t in enumerate(document.iter_tables(), 1)]
        chosen = _chosen(tables, name, "table")
        params = {str(p.name or p.ID): _plain(p.value) for p in (*document.params, *chosen.params)}
        for resource in document.resources:
            params |= {str(p.name or p.ID): _plain(p.value) for p in resource.params}
        return chosen.to_table(use_names_over_ids=True), params, ()
    except _FAILURES as error:
        raise ForeignError(
            Problem("CAL720", (), f"the VOTable cannot be read: {brief(str(error))}")
        ) from error


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _chosen(entries: list[tuple[str, Any]], name: str, what: str) -> Any:
    """Return the only entry, or the one of a name or number."""
    if not entries:
        raise ForeignError(Problem("CAL720", (), f"the file has no table{'' if what == 'table' else ' HDU'}"))
    labels = ", ".join(key for key, _ in entries[:20])
    if name:
        matches = [value for key, value in entries if name.lower() in (key.lower(), _number_of(value))]
        if not matches:
            detail = f"there is no table {name!r}"
            raise ForeignError(Problem("CAL720", (), detail, f"there are {labels}"))
        if len(matches) > 1:
            detail = f"{len(matches)} tables are called {name!r}"
            raise ForeignError(Problem("CAL715", (), detail, "choose one with --hdu NUMBER"))
        return matches[0]
    if len(entries) > 1:
        detail = f"the file has {len(entries)} tables: {labels}"
        raise ForeignError(Problem("CAL715", (), detail, "choose one with --hdu"))
    return entries[0][1]


def _number_of(entry: Any) -> str:
    """Return the number of an HDU; empty for a table of another form."""
    return str(entry) if isinstance(entry, int) else ""


def _astropy_table(table: Any, metadata: Mapping[str, Any], lines: tuple[int, ...] = ()) -> SourceTable:
    if not table.colnames:
        raise ForeignError(Problem("CAL720", (), "the table has no columns"))
    return SourceTable(columns=dict(_astropy_columns(table)), metadata=metadata, lines=lines)


def _astropy_columns(table: Any) -> Iterator[tuple[str, SourceColumn]]:
    """Yield the columns of a table of astropy."""
    for name in table.colnames:
        column = table[name]
        if not hasattr(column, "unit"):
            # Times and positions, of which no calibration is made.
            yield name, SourceColumn(values=np.array([str(item) for item in column], dtype=str))
            continue
        mask = np.asarray(getattr(column, "mask", False))
        if mask.dtype.kind != "b" or not mask.shape:
            mask = np.zeros(len(column), bool)
        missing = (
            np.flatnonzero(mask.reshape(len(column), -1).any(axis=1)) if len(column) else np.zeros(0, int)
        )
        values = np.asarray(getattr(column, "value", column))
        try:
            values = decoded(values)
        except ValueError as error:
            raise ForeignError(Problem("CAL720", (), f"column {name}: {error}")) from error
        if values.dtype.kind == "O":
            values = _plain_objects(name, values, missing.tolist())
        values = values.astype(values.dtype.newbyteorder("="))
        plain_name, unit = split_name(name)
        if column.unit is not None and str(column.unit) != "":
            unit = spelled(str(column.unit))
        elif column.unit is not None:
            unit = ""
        yield plain_name, SourceColumn(values=values, unit=unit, missing=tuple(missing.tolist()))


def _plain_objects(name: str, values: Any, missing: list[int]) -> Any:
    """Return objects as texts or numbers; vectors of different lengths stay objects."""
    present = [value for i, value in enumerate(values.tolist()) if i not in missing]
    if all(isinstance(value, (str, bytes)) for value in present):
        texts = ["" if i in missing else _text(value) for i, value in enumerate(values.tolist())]
        return np.array(texts, dtype=str)
    if all(isinstance(value, (np.ndarray, list, tuple)) for value in present):
        return values
    try:
        return np.array(values.tolist(), dtype=float)
    except (TypeError, ValueError) as error:
        raise ForeignError(Problem("CAL720", (), f"column {name} holds neither numbers nor texts")) from error


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace").rstrip() if isinstance(value, bytes) else value
