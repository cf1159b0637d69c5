"""Codes of values that are valid numbers, but that no instrument has."""

from __future__ import annotations

# fmt: off
ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("CAL364", "error", "a value that an instrument cannot have",
     "check the unit and the decimal point; if the value is right, write the limit and the reason into 'bounds' of instrument.yaml",
     "Such a value is an accident of units, columns or fits, and the correction with it damages every image. Types declare the bounds."),
    ("CAL365", "warning", "a step in a curve that no optics makes",
     "correct the sample; where the table ends in the light, end it with the last measured sample, or measure on to where it is dark",
     "A zero that was put at the end of a table, a missing digit or two tables joined give such a step. Interpolated, it is a wrong throughput "
     "beside it, and synthetic photometry is off by as much."),
)
# fmt: on
