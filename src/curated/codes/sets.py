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
    CodeInfo("CAL408", WARNING, "starts with and without an offset from UTC in one directory",
             "rename the files so that all starts have an offset, or none of them (UTC)",
             "Here a start without one is UTC; the stack cannot put such starts in order, and fails with a TypeError."),
    CodeInfo("CAL409", INFO, "an instrument whose starts are spelled with and without an offset from UTC",
             "rename the files of one kind: without an offset a start is UTC",
             "Each directory is read as it is meant; people who compare the names are misled."),
    CodeInfo("CAL410", ERROR, "an image without a side file", "add the side file that names it, or remove the image",
             "Only side files become calibrations; an image alone is believed to be in use and is not released."),
    CodeInfo("CAL411", WARNING, "an image that does not say its unit", "add 'unit:' to the side file",
             "The unit in the message is assumed."),
    CodeInfo("CAL412", INFO, "a start before 1972", "use 1970-01-01 for what has always held, or a start of 1972 or later",
             "Until 1972 UTC ran at another rate than TAI, 8 to 10 s behind it, so that the start has an odd fraction of a second "
             "in a repository. 1970-01-01 itself is how packages say that a calibration has always held, and is left alone."),
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
    CodeInfo("CAL420", WARNING, "edited in place: results of past dates change",
             "give new values a file of their own with a later start; where the old ones were wrong, note the edit in 'edits'",
             "Data of these dates were reduced with the old values, and reducing them again gives other results. That can be "
             "meant, which a note of the edit says, so it is no error. One state of a package does not show it: "
             "check --since does, for this code and those up to CAL425."),
    CodeInfo("CAL421", INFO, "a calibration takes over past dates from another", "see that it is meant for data that were taken then",
             "Data of these dates were reduced with the other one. A start in the past is how a better calibration "
             "supersedes one; a mistyped start does the same. Past is what starts before the commit that is compared with."),
    CodeInfo("CAL422", WARNING, "the validity of past dates changed", "see that both ends of the range are meant",
             "Data of dates that are in only one of the two ranges were reduced with another calibration, or with none."),
    CodeInfo("CAL423", WARNING, "removed: another calibration is in force instead",
             "keep it, unless it was wrong for these dates; to replace it, add a file with a later start",
             "The calibration before it extends over its dates, where that was superseded."),
    CodeInfo("CAL424", WARNING, "removed: nothing is in force any more", "keep it, or add what takes its place",
             "Exposures of these dates find no calibration. It can be meant that they do not, so it is no error."),
    CodeInfo("CAL425", INFO, "the validity of later dates changed", "see that both ends of the range are meant",
             "No date before the commit that is compared with is concerned."),
    CodeInfo("CAL430", WARNING, "an expected type has no calibration", "add its calibrations, or take it out of 'expected:'",
             "What nobody misses in a review is missed at the first image that needs it."),
    CodeInfo("CAL431", WARNING, "an expected calibration is missing",
             "add it, or list the detectors and filters that have one in 'expected:'",
             "Images of that detector or filter find no calibration."),
)
# fmt: on
