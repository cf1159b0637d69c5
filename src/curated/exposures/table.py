"""Files with tables of exposures: CSV, ECSV, JSON lines or Parquet, told apart by their content."""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np

from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.regular_files import FileTree, UnsafeFileError
from curated.exposures.batch import NO_NIGHT, NO_TIME, Array, Batch, Cells, Exposures, TableOptions
from curated.exposures.delimited import read_delimited
from curated.exposures.json_lines import read_json_lines
from curated.exposures.moments import is_date, read_mjd, read_night, read_plain_times, read_times
from curated.exposures.parquet import read_parquet

_GZIP = b"\x1f\x8b"
_REFUSED = {
    b"SIMPLE  =": "a FITS file",
    b"SQLite format 3": "a database of SQLite",
    b"PK\x03\x04": "a spreadsheet or another archive",
    b"\x89HDF": "an HDF5 file",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"<": "XML or HTML",
    b"ARROW1": "a Feather file",
}
_MISSING = frozenset({"", "nan", "nat", "null", "none", "--", "n/a", "<na>"})
_MOST_TEXTS = 1 << 17


def read_exposures(filename: str | os.PathLike[str], options: TableOptions | None = None) -> Iterator[Batch]:
    """Yield the exposures of a table, a few at a time: memory does not grow with the number of rows.

    The content tells the form: CSV, with the names of columns in the first line and commas, semicolons, tabs or bars
    between cells; ECSV; JSON lines; each of them also compressed by gzip; or Parquet. `curated.exposures.columns.ROLES`
    has the names of columns that are known. Needed is a time, an MJD or a night; a missing detector stands for all
    detectors.

    Parameters
    ----------
    options : `TableOptions`, optional
        Names of columns, and time scale.

    Yields
    ------
    batch : `Batch`
        Exposures, and problems (``CAL450``, ``CAL451``) of the rows that could not be read, and of columns (``CAL373``).

    Raises
    ------
    CuratedError
        If the file cannot be read, is none of these forms, or lacks a column; pyarrow may be missing.
    """
    options = options or TableOptions()
    path = os.fspath(filename)
    try:
        with _opened(path) as file:
            stream, reader = _form(file)
            reading = _Reading()
            for cells in reader(stream, options):
                yield reading.batch(cells)
    except CuratedError as error:
        raise CuratedError(f"{path}: {error.message}", error.hint) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CuratedError(f"{path}: the compressed file is damaged: {error}", "compress it again") from error
    except OSError as error:
        raise CuratedError(f"{path}: {error.strerror or error}", "name a file that can be read") from error


def _opened(path: str) -> BinaryIO:
    """Open a file that is neither a directory nor a pipe, which might wait for ever."""
    if not path:
        raise CuratedError("the name of the file is empty", "name a file with a table, or a repository")
    if stat.S_ISFIFO(os.stat(path).st_mode):
        # That of a shell's <(...) leads to no place in a directory.
        raise CuratedError("is a named pipe", "write the table into a file, and name that")
    parent, name = os.path.split(os.path.realpath(path))
    try:
        with FileTree(parent) as tree:
            return os.fdopen(tree.open(name), "rb")
    except UnsafeFileError as error:
        raise CuratedError(str(error.strerror), "name a file with a table, or a repository") from error


def _form(file: BinaryIO) -> tuple[BinaryIO, Callable[[BinaryIO, TableOptions], Iterator[Cells]]]:
    """Return the content of a file, and what reads it."""
    head = file.read(16)
    file.seek(0)
    stream: Any = file
    if head.startswith(_GZIP):
        stream = io.BufferedReader(gzip.GzipFile(fileobj=file))
        head = stream.peek(16)[:16]
        if head.startswith(_GZIP):
            raise CuratedError("it is compressed twice", "decompress it")
    if not head:
        raise CuratedError("the file is empty", "write the names of the columns into its first line")
    for start, what in _REFUSED.items():
        if head.startswith(start):
            raise CuratedError(f"it is {what}", "write the table as CSV, ECSV, JSON lines or Parquet")
    if head.startswith(b"PAR1"):
        if stream is not file:
            raise CuratedError(
                "a Parquet file within gzip is not read", "decompress it; Parquet compresses itself"
            )
        return stream, read_parquet
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return stream, read_json_lines if text.startswith((b"{", b"[")) else read_delimited


class _Reading:
    """Makes values of cells; texts that stand in many rows are read once."""

    def __init__(self) -> None:
        self._texts = _Texts()
        self._nights: dict[Any, int | str] = {}

    def batch(self, cells: Cells) -> Batch:
        """Return the exposures of some rows."""
        count = len(cells.rows)
        times = np.full(count, NO_TIME, dtype=np.int64)
        nights = np.full(count, NO_NIGHT, dtype=np.int32)
        faults: dict[int, str] = {}
        if "night" in cells.values:
            self._read_nights(cells.values["night"], nights, faults)
        if "mjd" in cells.scales:
            _read_mjds(cells.values["mjd"], cells.scales["mjd"], times, faults)
        if "time" in cells.scales:
            _read_times(cells.values["time"], cells.scales["time"], times, nights, faults)
        for index in np.flatnonzero((times == NO_TIME) & (nights == NO_NIGHT)):
            faults.setdefault(int(index), "neither a time nor a night")
        texts = {
            role: self._names(cells.values.get(role), count) for role in ("instrument", "detector", "filter")
        }
        texts["id"] = _ids(_plain(cells.values.get("id"))) or [""] * count
        rows = np.asarray(cells.rows, dtype=np.int64)
        problems = [
            *cells.problems,
            *(Problem("CAL451", (), fault, line=int(rows[index])) for index, fault in faults.items()),
        ]
        if faults:
            keep = np.ones(count, dtype=bool)
            keep[list(faults)] = False
            rows, times, nights = rows[keep], times[keep], nights[keep]
            texts = {
                role: [t for t, k in zip(column, keep, strict=True) if k] for role, column in texts.items()
            }
        exposures = Exposures(
            rows, times, nights, texts["instrument"], texts["detector"], texts["filter"], texts["id"]
        )
        return Batch(exposures, sorted(problems, key=lambda problem: problem.line or 0))

    def _names(self, cells: Sequence[Any] | Array | None, count: int) -> list[str]:
        """Return names, empty where there is none."""
        values = _plain(cells)
        if not values:
            return [""] * count
        if len(self._texts) > _MOST_TEXTS:
            self._texts.clear()
        try:
            return list(map(self._texts.__getitem__, values))
        except TypeError:  # lists and objects of JSON
            return [_text(cell) for cell in values]

    def _read_nights(self, cells: Sequence[Any] | Array, nights: Array, faults: dict[int, str]) -> None:
        if len(self._nights) > _MOST_TEXTS:
            self._nights.clear()
        for index, cell in enumerate(_plain(cells)):
            text = cell if isinstance(cell, str) else _text(cell)
            night = self._nights.get(text)
            if night is None:
                night = self._nights[text] = _night(text)
            if isinstance(night, str):
                faults[index] = night
            else:
                nights[index] = night


def _read_times(
    cells: Sequence[Any] | Array, scale: str, times: Array, nights: Array, faults: dict[int, str]
) -> None:
    """Read times; a date alone is a night."""
    if isinstance(cells, np.ndarray):
        if cells.dtype.kind == "f":
            _read_mjds(cells, scale, times, faults)
            return
        cells = ["" if np.isnat(cell) else str(cell) for cell in cells]
    plain_times = read_plain_times(cells, scale)
    if plain_times is not None:
        times[:] = plain_times
        return
    texts = [cell.strip() if isinstance(cell, str) else _text(cell) for cell in cells]
    places = np.array([i for i, text in enumerate(texts) if text.lower() not in _MISSING], dtype=np.int64)
    if len(places) < len(texts):
        texts = [texts[place] for place in places]
    values, wrong = read_times(texts, scale)
    times[places] = values
    for index, fault in wrong.items():
        times[places[index]] = NO_TIME
        faults[int(places[index])] = fault
    for index in [index for index, text in enumerate(texts) if is_date(text)]:
        place = places[index]
        if index not in wrong:
            times[place] = NO_TIME
            nights[place] = read_night(texts[index]) if nights[place] == NO_NIGHT else nights[place]


def _read_mjds(cells: Sequence[Any] | Array, scale: str, times: Array, faults: dict[int, str]) -> None:
    if not isinstance(cells, np.ndarray) or cells.dtype.kind != "f":
        cells, wrong = _numbers(cells)
        faults.update(wrong)
    days = np.asarray(cells, dtype=np.float64)
    places = np.flatnonzero(~np.isnan(days))
    values, wrong = read_mjd(days[places], scale)
    times[places] = values
    for index, fault in wrong.items():
        times[places[index]] = NO_TIME
        faults[int(places[index])] = fault


def _numbers(cells: Sequence[Any] | Array) -> tuple[list[float], dict[int, str]]:
    """Return numbers, NaN for missing ones, and what is wrong with the others."""
    numbers: list[float] = []
    faults: dict[int, str] = {}
    for index, cell in enumerate(cells):
        try:
            numbers.append(float(cell))
        except (TypeError, ValueError, OverflowError):
            numbers.append(np.nan)
            if _text(cell):
                faults[index] = f"{brief(cell)} is no MJD"
    return numbers, faults


def _plain(cells: Sequence[Any] | Array | None) -> Sequence[Any]:
    if cells is None:
        return ()
    return cells.tolist() if isinstance(cells, np.ndarray) else cells


class _Texts(dict[Any, str]):
    """Cells as names; each is made once."""

    def __missing__(self, cell: Any) -> str:
        text = self[cell] = _text(cell)
        return text


def _ids(cells: Sequence[Any]) -> list[str]:
    """Return cells as names of exposures, which are mostly different."""
    if not all(isinstance(cell, str) for cell in cells):
        return [_text(cell) for cell in cells]
    texts = [cell.strip() for cell in cells]
    return texts if _MISSING.isdisjoint(map(str.lower, texts)) else [_text(text) for text in texts]


def _text(cell: Any) -> str:
    """Return a cell as a name; a missing one is empty."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        cell = int(cell)
    text = cell.strip() if isinstance(cell, str) else "" if cell is None else str(cell)
    return "" if text.lower() in _MISSING else text


def _night(text: str) -> int | str:
    if _text(text) == "":
        return NO_NIGHT
    try:
        return read_night(text)
    except ValueError as error:
        return str(error)
