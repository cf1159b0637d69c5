"""Codes of findings about images that were made with calibrations, of the family CAL4xx."""

from __future__ import annotations

# fmt: off
ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("CAL460", "error", "a file whose header cannot be read", "name FITS files that are whole, packed with gzip or fpack or not at all",
     "Nothing is known of the calibrations that were applied; that is not the same as that they are in force."),
    ("CAL461", "warning", "an image that does not say which calibrations were applied",
     "process it with doHeaderProvenance, the default of the stack's instrument signature removal; a raw image has none",
     "Whether it has to be processed again cannot be told."),
    ("CAL462", "warning", "a keyword of provenance with several values", "ask who wrote the header; the first value was taken",
     "Readers take the first or the last of them, and would name different calibrations."),
    ("CAL463", "warning", "an image without the time of its exposure", "add DATE-BEG or MJD-BEG, and TIMESYS, to its header",
     "Which calibration is in force for it cannot be told; a time in another scale than UTC or TAI does not count."),
)
# fmt: on
