"""What the table of codes says of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is; only errors make a check fail."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CodeInfo:
    """One row of the code table.

    Parameters
    ----------
    code : `str`
        ``CAL`` and three digits; the first names the family.
    severity : `Severity`
        How bad it is.
    title : `str`
        What is wrong, in a few words.
    hint : `str`
        How to mend it.
    why : `str`
        What goes wrong downstream if it is left alone.
    """

    code: str
    severity: Severity
    title: str
    hint: str
    why: str


ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
