"""When calibrations are in force, in the scales that people compare: UTC, TAI, MJD and the observing night."""

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
"""Decimals of an MJD; the last one is about a millisecond."""

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
        ``night``, the date on which the observatory's night began (noon to noon). The end is `None` while it is open.
        ``deprecated`` says why one is out of use: it is not in force, though it would be then; else it is `None`.
    """
    ranges = [(file, report.ranges[file.path]) for file in sorted(report.files, key=lambda file: file.path)]
    moments = {moment for _, known in ranges for moment in (known.start, known.end) if moment is not None}
    nanoseconds = tai_nanoseconds(moments)
    rows = []
    for file, known in ranges:
        instrument = instruments.get(file.key.instrument)
        offset = instrument.utc_offset if instrument is not None else 0.0
        start, end = (_said(moment, nanoseconds, offset) for moment in (known.start, known.end))
        mark = None if known.deprecation is None else str(known.deprecation)
        rows.append({"file": file.path, "start": start, "end": end, "deprecated": mark})
    return rows


def _said(
    moment: datetime | None, nanoseconds: Mapping[datetime, int], offset: float
) -> dict[str, Any] | None:
    """Return a moment in all scales; a scale whose calendar ends before it is left out."""
    if moment is None:
        return None
    elapsed = nanoseconds[moment]
    said: dict[str, Any] = {"utc": iso(moment)}
    try:
        # Days of TAI have 86400 s, so that the calendar's arithmetic is right.
        said["tai"] = iso(_EPOCH + timedelta(microseconds=round(elapsed / 1000)))
    except OverflowError:
        said["tai"] = None
    day, rest = divmod(elapsed, _DAY)
    parts = round(rest * 10**_DIGITS / _DAY)
    said["mjd_tai"] = round(_EPOCH_MJD + day + parts / 10**_DIGITS, _DIGITS)
    try:
        said["night"] = (moment + timedelta(hours=offset - 12)).date().isoformat()
    except OverflowError:
        said["night"] = None
    return said


def times_text(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield start and end of each file as the lines of one table."""
    table = [_HEAD]
    for row in rows:
        for name in ("start", "end"):
            said = row[name]
            cells = ("open", "-", "-", "-") if said is None else _cells(said)
            out_of_use = f" ({printable(row['deprecated'])})" if row["deprecated"] else ""
            table.append((name, *cells, printable(row["file"]) + out_of_use))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    # The path stands last: columns stay together however long it is.
    widths[-1] = 0
    for line in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cells(said: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return said["utc"], said["tai"] or "-", f"{said['mjd_tai']:.{_DIGITS}f}", said["night"] or "-"
