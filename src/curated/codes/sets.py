"""Codes of the family CAL4xx: validity and sets."""

from __future__ import annotations

from curated.codes.info import ERROR, INFO, WARNING, CodeInfo

# fmt: off
ROWS = (
    CodeInfo("CAL401", ERROR, "two files of one key start at the same time", "keep one of them",
             "Which one is in force would depend on the order in which they are read."),
    CodeInfo("CAL402", ERROR, "VALIDEND is not after the start", "correct VALIDEND, or the file name",
             "The range would be empty, and is imported as empty without a word."),
    CodeInfo("CAL403", ERROR, "validity ranges overlap", "end the earlier one at the later one's start",
             "Two calibrations in force at once make every lookup there ambiguous."),
    CodeInfo("CAL404", INFO, "a hole in validity", "close it if data were taken then",
             "Exposures in the hole find no calibration."),
    CodeInfo("CAL405", WARNING, "outside of the times that a repository can hold", "use times from 1970 to 2100",
             "The repository clamps such times, so the range that it holds is another one."),
    CodeInfo("CAL406", WARNING, "two epochs of one key share their CALIBDATE", "make CALIBDATE the start of each epoch",
             "The run collection is named by CALIBDATE; the later one is given a run of its own."),
    CodeInfo("CAL407", ERROR, "a date that cannot be read", "write it as ISO 8601, such as 2024-01-31T00:00:00",
             "Validity is decided by it."),
    CodeInfo("CAL410", ERROR, "an image without a side file", "add the side file that names it, or remove the image",
             "Only side files become calibrations; an image alone is believed to be in use and is not released."),
    CodeInfo("CAL411", WARNING, "an image that does not say its unit", "add 'unit:' to the side file",
             "The unit in the message is assumed."),
    CodeInfo("CAL415", ERROR, "an input later than the calibration's creation",
             "correct the input's date, or CALIB_CREATION_DATE and CALIB_CREATION_TIME",
             "A calibration cannot be made of exposures that were not taken yet; one of the two was copied."),
    CodeInfo("CAL416", ERROR, "keywords that disagree with the provenance record",
             "remove the keywords; headers get them from the record",
             "A header would say one thing and the table beside it another."),
    CodeInfo("CAL417", WARNING, "changed since it was added, without a note of the edit",
             "add {name, date, what} to 'edits' in the file, or in the .inputs.yaml file beside it",
             "DMTN-148, section 4.7: manual edits are noted with a name and a date."),
    CodeInfo("CAL418", ERROR, "inputs of different dimensions", "give all inputs the same keys, with values of the same kind",
             "Data IDs are the rows of one table, a column for each dimension."),
)
# fmt: on
