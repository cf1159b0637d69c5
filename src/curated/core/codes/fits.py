"""Codes of the family CAL5xx: FITS."""

from __future__ import annotations

from curated.core.codes.info import ERROR, INFO, WARNING, CodeInfo

# fmt: off
ROWS = (
    CodeInfo("CAL501", INFO, "text that FITS cannot hold as it is", "keep to printable ASCII if other readers matter",
             "It is written with escapes (\\\\u00e9); our reader turns them back, others show the escapes."),
    CodeInfo("CAL502", ERROR, "a keyword or value that FITS cannot hold", "write a finite number, text or a boolean",
             "Headers hold numbers, text and booleans only; the value would be lost."),
    CodeInfo("CAL503", WARNING, "a date keyword that the FITS standard does not allow so",
             "write YYYY-MM-DD or YYYY-MM-DDThh:mm:ss.sss, in UTC and without an offset",
             "DATE, and all names that start with DATE, are reserved; programs that verify FITS files refuse others."),
)
# fmt: on
