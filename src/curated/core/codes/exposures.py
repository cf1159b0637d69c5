"""Rows of the code table: exposures and what was used for them."""

from __future__ import annotations

# fmt: off
ROWS = (
    ("CAL450", "error", "a row of a table of exposures that cannot be read", "correct the row, or remove it",
     "What a change does to this exposure is not known."),
    ("CAL451", "error", "an exposure without a time that can be read",
     "write ISO 8601 in UTC, an MJD, or a night such as 20240401; --column and --time-scale say which column, and its scale",
     "Which calibrations are in force for it depends on its time."),
)
# fmt: on
