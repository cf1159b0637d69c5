"""Start and end of calibrations in UTC, TAI, MJD and observing nights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from curated.check.report import Report
from curated.core.times import iso, tai_nanoseconds
from curated.package.instrument import Instrument
from curated.report.text import printable

_EPOCH, _EPOCH_MJD = datetime(1970, 1, 1), 40587
_DAY = 86_400_000_000_000
_DIGITS = 8
"""Decimals of an MJD; the last is about a millisecond."""

_HEAD = ("", "UTC", "TAI", "MJD (TAI)", "night", "file")


def validity_times(report: Report, instruments: Mapping[str, Instrument]) -> list[dict[str, Any]]:
    """Return start and end of the files of a report.

    Parameters
    ----------
    report : `Report`
        Result of a check.
    instruments : `dict` [`str`, `Instrument`]
        All instruments of the package, by directory.

    Returns
    -------
    times : `list` [`dict`]
        For each file its ``file``, ``start`` and ``end``; these have ``utc`` and ``tai`` (ISO 8601), ``mjd_tai`` and
        ``night``, the date on which the observatory's night began (noon to noon). An open end is `None`.
        ``deprecated`` is the reason why a file is out of use, or `None`; the range is then the one that it would have.
    """
    ranges = [(file, report.ranges[file.path]) for file in sorted(report.files, key=lambda file: file.path)]
    moments = {moment for _, valid in ranges for moment in (valid.start, valid.end) if moment is not None}
    nanoseconds = tai_nanoseconds(moments)
    rows = []
    for file, valid in ranges:
        instrument = instruments.get(file.key.instrument)
        offset = instrument.utc_offset if instrument is not None else 0.0
        start, end = (_scales(moment, nanoseconds, offset) for moment in (valid.start, valid.end))
        mark = None if valid.deprecation is None else str(valid.deprecation)
        rows.append({"file": file.path, "start": start, "end": end, "deprecated": mark})
    return rows


def _scales(
    moment: datetime | None, nanoseconds: Mapping[datetime, int], offset: float
) -> dict[str, Any] | None:
    """Return a moment in all scales; `None` in those whose calendar ends before it."""
    if moment is None:
        return None
    elapsed = nanoseconds[moment]
    scales: dict[str, Any] = {"utc": iso(moment)}
    try:
        # All days of TAI have 86400 s, as those of `datetime`.
        scales["tai"] = iso(_EPOCH + timedelta(microseconds=round(elapsed / 1000)))
    except OverflowError:
        scales["tai"] = None
    day, rest = divmod(elapsed, _DAY)
    parts = round(rest * 10**_DIGITS / _DAY)
    scales["mjd_tai"] = round(_EPOCH_MJD + day + parts / 10**_DIGITS, _DIGITS)
    try:
        scales["night"] = (moment + timedelta(hours=offset - 12)).date().isoformat()
    except OverflowError:
        scales["night"] = None
    return scales


def times_text(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a table with start and end of each file."""
    table = [_HEAD]
    for row in rows:
        for name in ("start", "end"):
            cells = ("open", "-", "-", "-") if row[name] is None else _cells(row[name])
            out_of_use = f" ({printable(row['deprecated'])})" if row["deprecated"] else ""
            table.append((name, *cells, printable(row["file"]) + out_of_use))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    # The path is the last column, so that a long one does not spread the others.
    widths[-1] = 0
    for line in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cells(scales: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return scales["utc"], scales["tai"] or "-", f"{scales['mjd_tai']:.{_DIGITS}f}", scales["night"] or "-"
