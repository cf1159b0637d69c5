"""The header of an ECSV table of exposures: its delimiter, and the time scales of its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from curated.core.diagnostic import CuratedError

_DELIMITER = re.compile(r"^ *delimiter: *(['\"]?)(?P<delimiter>.)\1 *$", re.MULTILINE)
_TIME = re.compile(r"(?P<column>[\w.\-]+):\s{1,99}?\{?__class__: astropy\.time\.core\.Time\b")
_SCALE = re.compile(r"\bscale: *['\"]?(?P<scale>\w+)")
_SCALES = ("utc", "tai")


def read_ecsv_header(lines: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Read what a table of exposures needs of an ECSV header (astropy APE 6).

    The header is searched for these few entries instead of being parsed as YAML, whose tags make objects of any class.

    Parameters
    ----------
    lines : sequence [`str`]
        The lines of the header, with their ``# ``.

    Returns
    -------
    delimiter : `str`
        Blank or comma.
    scales : `dict` [`str`, `str`]
        Time scale, ``utc`` or ``tai``, of each column that astropy wrote as a time.

    Raises
    ------
    CuratedError
        If a column of times has another scale, or is stored as two numbers.
    """
    text = "\n".join(line.removeprefix("#").rstrip("\n") for line in lines)
    delimiter = _DELIMITER.search(text)
    times = list(_TIME.finditer(text))
    scales: dict[str, str] = {}
    for index, match in enumerate(times):
        end = times[index + 1].start() if index + 1 < len(times) else len(text)
        _add_scale(scales, match["column"], text[match.end() : end])
    return delimiter["delimiter"] if delimiter else " ", scales


def _add_scale(scales: dict[str, str], column: str, text: str) -> None:
    if "jd1:" in text or "jd2:" in text:
        raise CuratedError(
            f"the times of column {column!r:.60} are stored as two numbers",
            "write them as text: Time.format = 'isot' before the table is written",
        )
    match = _SCALE.search(text)
    if match is None:
        return
    if match["scale"] not in _SCALES:
        raise CuratedError(
            f"the times of column {column!r:.60} have the scale {match['scale']:.20}",
            "convert them to UTC or TAI",
        )
    scales[column] = match["scale"]
