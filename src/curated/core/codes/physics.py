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
    ("CAL366", "warning", "values ten times larger or smaller than in the epoch before",
     "check the unit and the decimal point against the epoch before; if the change is real, say why in a note of the edit",
     "Detectors drift by per cent between epochs. A factor of ten is a unit, an exponent, or another quantity."),
    ("CAL367", "warning", "amplifiers whose values were exchanged against the epoch before",
     "check the order of the amplifiers against the raw data; if the epoch before was wrong, deprecate it or say so in a note of the edit",
     "Values of one amplifier are applied to another. Both files look right; either of them can be the wrong one."),
    ("CAL368", "warning", "a throughput of the system that is not the product of its parts",
     "make it again from the parts in force, or correct the part that is wrong; 'bounds' of instrument.yaml changes the tolerance, with a reason",
     "Whoever uses the system's curve and whoever multiplies its parts get different fluxes for the same star."),
    ("CAL369", "info", "a comparison between files that was not made", "mend the errors of the file that the message names, and check again",
     "A rule on several files needs all of them."),
    ("CAL370", "warning", "a level, a correction or a peak that instruments in use do not have",
     "check the unit and the fit; if the value is right, write the limit and the reason into 'bounds' of instrument.yaml",
     "Fits of single amplifiers fail, and their values are still used where nobody lists the amplifier as bad."),
    ("CAL371", "warning", "flats of several detectors that are not at their normalisation",
     "write the level that all of them were divided by into 'normalisation'; 'bounds' of instrument.yaml changes the tolerance, with a reason",
     "A flat of a focal plane is divided by one number, so that detectors differ, but their middle is at that number. Where it is not, "
     "all images of the epoch are scaled, and zero points with them."),
    ("CAL372", "info", "a header that astro_metadata_translator knows and could not read",
     "correct the header, or say in 'headers' of instrument.yaml which keywords count",
     "Detector, filter and times come from other keywords then, and may be others."),
    ("CAL374", "error", "an image without a good pixel", "make it again, or correct its mask",
     "Whatever it is applied to is lost."),
    ("CAL375", "warning", "a dark signal that detectors in use do not have",
     "check 'dark_time:', the unit, and whether bias and overscan were subtracted",
     "It is scaled by the dark time of each image; a wrong rate takes more from it than the sky gives."),
    ("CAL380", "error", "an amplifier that goes out of use while defects are in force",
     "start a new epoch of the defects at that time, with 'curated epoch FILE --from TIME'",
     "A file of defects is one dataset, with one set of boxes for its whole range; those of an amplifier out of use are added to it. "
     "An amplifier would be masked while it was good, or used while it was bad."),
    ("CAL381", "error", "an amplifier out of use whose pixels are not known",
     "correct the names of detector and amplifier, or add a 'camera' calibration, which has the boxes of all amplifiers",
     "Nothing can be masked without its pixels."),
    ("CAL382", "warning", "an amplifier out of use that nothing masks", "add a file of defects of the detector for that time; it may have no rows",
     "The boxes of amplifiers out of use go into the defects of their detector."),
    ("CAL383", "error", "an amplifier out of use without a reason, or with times that are none", "give a reason, and times in ISO 8601, the first before the second",
     "Who comes later has to know whether it can be used again."),
)
# fmt: on
