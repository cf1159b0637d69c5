"""The table of all codes: how severe a finding is, why it matters and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from curated.core.codes import (
    authoring,
    check,
    monitoring,
    package,
    physics,
    release,
    review,
    stack,
    verification,
)

__all__ = ["CODES", "FAMILIES", "CodeInfo", "Severity", "code_info"]


class Severity(StrEnum):
    """The severity of a finding; only errors make a check fail."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CodeInfo:
    """One row of the code table.

    Parameters
    ----------
    code : `str`
        ``CAL`` and three digits; the first digit is that of the family.
    severity : `Severity`
        ``error``, ``warning`` or ``info``.
    title : `str`
        The fault in a few words.
    hint : `str`
        How to mend it.
    why : `str`
        The consequences if it is not mended.
    """

    code: str
    severity: Severity
    title: str
    hint: str
    why: str


FAMILIES = {
    "0": "repository and configuration",
    "1": "path and identity",
    "2": "reading and schema",
    "3": "rules of the calibration type",
    "4": "validity and sets",
    "5": "FITS",
    "6": "bundle and import",
    "7": "drafts and authoring",
    "8": "verification and monitoring",
}
"""Titles of the families by the first digit of their codes."""

CODES = {
    code: CodeInfo(code, Severity(severity), title, hint, why)
    for code, severity, title, hint, why in (
        *package.ROWS,
        *check.ROWS,
        *review.ROWS,
        *stack.ROWS,
        *physics.ROWS,
        *release.ROWS,
        *authoring.ROWS,
        *verification.ROWS,
        *monitoring.ROWS,
    )
}
"""Rows of the table by code."""


def code_info(code: str) -> CodeInfo:
    """Return the row of a code.

    Raises
    ------
    KeyError
        If there is no such code.
    """
    return CODES[code]
