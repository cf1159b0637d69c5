"""Codes of findings about limits of changes, exposures, and images that were made with calibrations, of the family CAL4xx."""

from __future__ import annotations

# fmt: off
ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("CAL446", "error", "a change beyond its limit that no note names",
     "if it is intended, name the measure in a new note in 'edits' of the file, or in a trailer 'Calibration-Change: "
     "TYPE.MEASURE' of a commit that changes the file; otherwise correct the file, or the limit",
     "'limits:' in curated.yaml or instrument.yaml, or --max, says how large a change may be before somebody has to say "
     "that it is meant. Only check --since and diff find it, since they compare two states of a package."),
    ("CAL447", "warning", "a change to which no limit could be applied",
     "mend the calibration that cannot be read; if that is the old one, look at 'curated show' of the new one",
     "What cannot be read cannot be measured, and a large change would pass unseen."),
    ("CAL450", "error", "a row of a table of exposures that cannot be read", "correct the row, or remove it",
     "What a change does to this exposure is not known."),
    ("CAL451", "error", "an exposure without a time that can be read",
     "write ISO 8601 in UTC, an MJD, or a night such as 20240401; --column and --time-scale say which column, and its scale",
     "Which calibrations are in force for it depends on its time."),
    ("CAL452", "error", "an exposure with an unknown name", "correct the name; --instrument I leaves other instruments out",
     "Its calibrations are not known, which is not the same as that none are in force."),
    ("CAL453", "info", "exposures without a filter", "give the filters",
     "Which calibrations of filters are in force for them is not known; all others are counted."),
    ("CAL454", "info", "a calibration that changes within a night", "give the times of the exposures",
     "Of these exposures only the night is known, and its middle was taken as their time."),
    ("CAL455", "warning", "a change that cannot be measured", "mend the calibration",
     "That it has an effect on the exposures is assumed."),
    ("CAL460", "error", "a file whose header cannot be read", "name FITS files that are whole, packed with gzip or fpack or not at all",
     "Nothing is known of the calibrations that were applied; that is not the same as that they are in force."),
    ("CAL461", "warning", "an image that does not say which calibrations were applied",
     "process it with doHeaderProvenance, the default of the stack's instrument signature removal; a raw image has none",
     "Whether it has to be processed again cannot be told."),
    ("CAL462", "warning", "a keyword of provenance with several values", "ask who wrote the header; the first value was taken",
     "Readers take the first or the last of them, and would name different calibrations."),
    ("CAL463", "warning", "an image without the time of its exposure", "add DATE-BEG or MJD-BEG, and TIMESYS, to its header",
     "Which calibration is in force for it cannot be told; a time in another scale than UTC or TAI does not count."),
    ("CAL480", "warning", "an exposure was taken in another state of the camera than its calibration",
     "use a calibration of this state; 'match:' in instrument.yaml says which keywords matter",
     "Another sequencer file or voltage changes gains, noise and crosstalk: the calibration is not one of this exposure's camera."),
    ("CAL481", "info", "a keyword of the camera's state that cannot be compared", "add the keyword to the calibrations",
     "Only exposure and calibration together tell whether the state was the same."),
    ("CAL482", "warning", "a calibration changes during an exposure", "move the start of the calibration to a time between exposures",
     "Two calibrations are in force in the time of the exposure; Butler calls such a lookup ambiguous and refuses it."),
    ("CAL483", "info", "an exposure without a filter", "give the filter with --filter, or say in instrument.yaml where headers have it",
     "Calibrations that differ between filters are left out of the answer."),
)
# fmt: on
