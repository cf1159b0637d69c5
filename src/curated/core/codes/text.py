"""Codes of the family CAL2xx: reading and schema."""

from __future__ import annotations

from curated.core.codes.info import ERROR, WARNING, CodeInfo

# fmt: off
ROWS = (
    CodeInfo("CAL201", ERROR, "the file cannot be read", "check its permissions and its size",
             "What cannot be read cannot be released."),
    CodeInfo("CAL202", ERROR, "the file is not UTF-8 text", "save it as UTF-8",
             "YAML and ECSV are UTF-8; other bytes change with the reader's locale."),
    CodeInfo("CAL203", ERROR, "merge-conflict markers", "resolve the conflict and remove the marker lines",
             "Such a file has reached the main branch of a public package before; it parses as neither side."),
    CodeInfo("CAL204", ERROR, "YAML syntax", "mend the line that is named; indentation and colons are the usual cause",
             "The file cannot be read at all."),
    CodeInfo("CAL205", ERROR, "ECSV syntax", "see the ECSV 1.0 description (astropy APE 6)",
             "The file cannot be read at all."),
    CodeInfo("CAL206", ERROR, "JSON syntax", "mend the line that is named", "The file cannot be read at all."),
    CodeInfo("CAL207", ERROR, "a YAML tag that is not allowed", "write plain mappings, lists and scalars",
             "A tag can name code to run; only tags that stand for plain data are read."),
    CodeInfo("CAL208", ERROR, "a key stands twice", "remove one of the two",
             "Readers keep the last one without a word, so an edit of the first has no effect."),
    CodeInfo("CAL209", ERROR, "the file is too large or too deeply nested to be a calibration",
             "split the file, or check how it was written",
             "Reading it would use more memory or time than any calibration needs."),
    CodeInfo("CAL210", ERROR, "a required field is missing", "add the field",
             "The calibration's class cannot be made without it."),
    CodeInfo("CAL211", ERROR, "a value of the wrong type", "write a value of the type in the message",
             "The calibration's class cannot be made from it."),
    CodeInfo("CAL212", WARNING, "an unknown field", "correct its spelling, or remove it",
             "It is not converted, so whatever it says has no effect."),
    CodeInfo("CAL213", ERROR, "a required column is missing", "add the column",
             "The calibration's class cannot be made without it."),
    CodeInfo("CAL214", ERROR, "a column of the wrong data type", "correct the datatype in the header",
             "Readers convert by the declared data type."),
    CodeInfo("CAL215", ERROR, "a wrong shape", "give as many values as the message says",
             "Arrays are read by position; one value too few shifts all the others."),
    CodeInfo("CAL216", ERROR, "a wrong unit", "use a unit that converts to the one in the message",
             "Values are converted by their unit; without a right one they are off by orders of magnitude."),
    CodeInfo("CAL217", ERROR, "a data row with a wrong number of cells", "give one cell for each column",
             "Cells are matched to columns by position."),
    CodeInfo("CAL218", ERROR, "a cell that is not of its column's data type", "correct the cell, or the datatype",
             "The cell cannot be converted."),
    CodeInfo("CAL219", WARNING, "an unknown column", "correct its name, or remove it",
             "It is not converted, so whatever it says has no effect."),
    CodeInfo("CAL220", ERROR, "a text form that the type does not have", "use one of the forms in the message",
             "The stack reads the type only from those forms."),
)
# fmt: on
