"""The table of all codes: how bad a finding is, why it matters and how to mend it."""

from __future__ import annotations

from curated.core.codes import check, release
from curated.core.codes.info import CodeInfo, Severity

__all__ = ["CODES", "FAMILIES", "CodeInfo", "Severity", "code_info"]

FAMILIES = {
    "0": "repository and configuration",
    "1": "path and identity",
    "2": "reading and schema",
    "3": "rules of the calibration type",
    "4": "validity and sets",
    "5": "FITS",
    "6": "bundle and import",
}

CODES: dict[str, CodeInfo] = {row.code: row for row in (*check.ROWS, *release.ROWS)}


def code_info(code: str) -> CodeInfo:
    """Return the row of a code.

    Raises
    ------
    KeyError
        If there is no such code.
    """
    return CODES[code]
