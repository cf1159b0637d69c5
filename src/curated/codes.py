"""The table of all codes: how bad a finding is, why it matters and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is; only errors make a check fail."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
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


FAMILIES = {
    "0": "repository and configuration",
    "1": "path and identity",
    "2": "reading and schema",
    "3": "rules of the calibration type",
    "4": "validity and sets",
    "5": "FITS",
    "6": "bundle and import",
}

_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

# fmt: off
_ROWS = (
    CodeInfo("CAL001", _E, "curated.yaml is not valid", "see 'curated schema write' for its schema",
             "The file names the calibration directory and the silenced codes; a wrong one hides findings."),
    CodeInfo("CAL002", _E, "instrument.yaml is not valid", "see docs/instrument.md for its form",
             "Detector numbers and names of the repository come from this file."),
    CodeInfo("CAL003", _W, "a silenced code has expired", "mend the finding, or renew the date with a new reason",
             "A silencing is a promise to come back; an expired one is reported until somebody does."),
    CodeInfo("CAL004", _W, "a silencing that silences nothing", "remove the entry from curated.yaml",
             "It would hide the next finding of that code without anybody having looked at it."),
    CodeInfo("CAL101", _E, "the file name is not a date-time", "name it like 20240131T000000.ecsv (UTC)",
             "The name is the start of validity; without it nobody can say when the calibration applies."),
    CodeInfo("CAL102", _E, "the file is not at the depth of its type", "move it to the path in the message",
             "Which directories exist follows from the dimensions of the type: detector, filter, both or none."),
    CodeInfo("CAL103", _E, "unknown calibration type", "'curated types' lists the types and their aliases",
             "A type decides how the file is read and which dataset type of the repository it becomes."),
    CodeInfo("CAL104", _E, "unknown detector", "add it to instrument.yaml, or correct the directory name",
             "A repository refuses a dataset of a detector that the instrument does not have."),
    CodeInfo("CAL105", _E, "unknown filter", "add it to instrument.yaml, or correct the directory name",
             "A repository refuses a dataset of a filter that the instrument does not have."),
    CodeInfo("CAL106", _E, "a link leads out of the package", "commit the file itself instead of a link",
             "What a link points to is not in the commit, so it is not in the release either."),
    CodeInfo("CAL107", _W, "a file that looks like a calibration is skipped",
             "rename it to end in .ecsv, .yaml or .json, or move it out of the calibration directories",
             "Files that are ignored silently are believed to be in use."),
    CodeInfo("CAL108", _E, "INSTRUME does not match the directory", "correct INSTRUME, or move the file",
             "The stack compares them, ignoring case, and refuses the whole package at import."),
    CodeInfo("CAL109", _E, "OBSTYPE does not match the directory", "correct OBSTYPE, or move the file",
             "The stack compares them, ignoring case, and refuses the whole package at import."),
    CodeInfo("CAL110", _E, "the detector does not match the directory",
             "correct DETECTOR and DET_NAME, or move the file",
             "A calibration applied to another detector is worse than none."),
    CodeInfo("CAL111", _E, "FILTER does not match the directory", "correct FILTER, or move the file",
             "A calibration applied to another filter is worse than none."),
    CodeInfo("CAL112", _E, "a date in the file does not match its name",
             "make CALIBDATE and VALIDSTART agree with the file name, or rename the file",
             "The name says when validity starts; a date that differs shows that one of them was forgotten."),
    CodeInfo("CAL113", _E, "a required keyword is missing", "add the keyword to the metadata",
             "INSTRUME, OBSTYPE and CALIBDATE identify every calibration, DETECTOR and FILTER those that have one."),
    CodeInfo("CAL114", _W, "CALIB_ID disagrees with the other keywords", "correct CALIB_ID, or remove it",
             "People and older tools search by CALIB_ID; one that names another instrument misleads them."),
    CodeInfo("CAL115", _E, "two spellings of one keyword disagree", "keep the canonical spelling only",
             "Readers take either; the stack refuses the file with 'Too many values found'."),
    CodeInfo("CAL116", _E, "a detector has two numbers, or a number two detectors",
             "make DETECTOR the same in all files of the detector",
             "The number is the key of the repository; with two, lookups find the wrong detector."),
    CodeInfo("CAL117", _W, "RAFTNAME and SLOTNAME disagree with DET_NAME", "correct the three keywords",
             "A detector name of the form RAFT_SLOT repeats both; a difference shows a copied header."),
    CodeInfo("CAL118", _E, "a keyword for a dimension that the type does not have", "remove the keyword",
             "The stack refuses a DETECTOR or FILTER where the path has no such level."),
    CodeInfo("CAL201", _E, "the file cannot be read", "check its permissions and its size",
             "What cannot be read cannot be released."),
    CodeInfo("CAL202", _E, "the file is not UTF-8 text", "save it as UTF-8",
             "YAML and ECSV are UTF-8; other bytes change with the reader's locale."),
    CodeInfo("CAL203", _E, "merge-conflict markers", "resolve the conflict and remove the marker lines",
             "Such a file has reached the main branch of a public package before; it parses as neither side."),
    CodeInfo("CAL204", _E, "YAML syntax", "mend the line that is named; indentation and colons are the usual cause",
             "The file cannot be read at all."),
    CodeInfo("CAL205", _E, "ECSV syntax", "see the ECSV 1.0 description (astropy APE 6)",
             "The file cannot be read at all."),
    CodeInfo("CAL206", _E, "JSON syntax", "mend the line that is named", "The file cannot be read at all."),
    CodeInfo("CAL207", _E, "a YAML tag that is not allowed", "write plain mappings, lists and scalars",
             "A tag can name code to run; only tags that stand for plain data are read."),
    CodeInfo("CAL208", _E, "a key stands twice", "remove one of the two",
             "Readers keep the last one without a word, so an edit of the first has no effect."),
    CodeInfo("CAL209", _E, "the file is too large or too deeply nested to be a calibration",
             "split the file, or check how it was written",
             "Reading it would use more memory or time than any calibration needs."),
    CodeInfo("CAL210", _E, "a required field is missing", "add the field",
             "The calibration's class cannot be made without it."),
    CodeInfo("CAL211", _E, "a value of the wrong type", "write a value of the type in the message",
             "The calibration's class cannot be made from it."),
    CodeInfo("CAL212", _W, "an unknown field", "correct its spelling, or remove it",
             "It is not converted, so whatever it says has no effect."),
    CodeInfo("CAL213", _E, "a required column is missing", "add the column",
             "The calibration's class cannot be made without it."),
    CodeInfo("CAL214", _E, "a column of the wrong data type", "correct the datatype in the header",
             "Readers convert by the declared data type."),
    CodeInfo("CAL215", _E, "a wrong shape", "give as many values as the message says",
             "Arrays are read by position; one value too few shifts all the others."),
    CodeInfo("CAL216", _E, "a wrong unit", "use a unit that converts to the one in the message",
             "Values are converted by their unit; without a right one they are off by orders of magnitude."),
    CodeInfo("CAL217", _E, "a data row with a wrong number of cells", "give one cell for each column",
             "Cells are matched to columns by position."),
    CodeInfo("CAL218", _E, "a cell that is not of its column's data type", "correct the cell, or the datatype",
             "The cell cannot be converted."),
    CodeInfo("CAL219", _W, "an unknown column", "correct its name, or remove it",
             "It is not converted, so whatever it says has no effect."),
    CodeInfo("CAL220", _E, "a text form that the type does not have", "use one of the forms in the message",
             "The stack reads the type only from those forms."),
    CodeInfo("CAL301", _E, "a value out of range", "correct the value",
             "It cannot be a measurement of that quantity."),
    CodeInfo("CAL302", _E, "a value that is not finite", "replace NaN or infinity by a number",
             "It would spread through every pixel that it is applied to."),
    CodeInfo("CAL303", _E, "wavelengths do not increase", "sort the rows by wavelength, each once",
             "Interpolation needs strictly increasing wavelengths."),
    CodeInfo("CAL304", _W, "a throughput outside 0 to 1", "check the value and the unit",
             "A passive element neither amplifies nor takes light away twice; noise may do it by a little."),
    CodeInfo("CAL305", _E, "a value that is not a whole number", "write a whole number",
             "It would be cut off without a word."),
    CodeInfo("CAL306", _E, "a key stands twice in a table", "keep one row for each key",
             "Only one of the two can be in force."),
    CodeInfo("CAL307", _E, "outside of the detector", "correct the coordinates",
             "Pixels outside of the detector cannot be masked; the box belongs to another detector."),
    CodeInfo("CAL308", _E, "values that contradict each other", "make them agree",
             "A reader that takes the other one gets another calibration."),
    CodeInfo("CAL309", _E, "CALIBCLS names a class of another type", "correct CALIBCLS, or move the file",
             "The stack constructs the class that the file names."),
    CodeInfo("CAL310", _E, "a version that is not known", "use a version in the message",
             "Versions differ in which fields they have and what they mean."),
    CodeInfo("CAL311", _E, "amplifiers do not share their wavelengths", "sample all amplifiers at the same wavelengths",
             "The detector's curve is the mean over its amplifiers, sample by sample."),
    CodeInfo("CAL312", _W, "a crosstalk matrix with a non-zero diagonal", "set the diagonal to zero",
             "An amplifier does not cross-talk with itself; the diagonal would rescale its own signal."),
    CodeInfo("CAL313", _W, "a transmission curve with samples that are not numbers",
             "leave the amplifier out, or give it the mean of the others",
             "The detector's curve is the mean over its amplifiers; one without numbers leaves none."),
    CodeInfo("CAL401", _E, "two files of one key start at the same time", "keep one of them",
             "Which one is in force would depend on the order in which they are read."),
    CodeInfo("CAL402", _E, "VALIDEND is not after the start", "correct VALIDEND, or the file name",
             "The range would be empty, and is imported as empty without a word."),
    CodeInfo("CAL403", _E, "validity ranges overlap", "end the earlier one at the later one's start",
             "Two calibrations in force at once make every lookup there ambiguous."),
    CodeInfo("CAL404", _I, "a hole in validity", "close it if data were taken then",
             "Exposures in the hole find no calibration."),
    CodeInfo("CAL405", _W, "outside of the times that a repository can hold", "use times from 1970 to 2100",
             "The repository clamps such times, so the range that it holds is another one."),
    CodeInfo("CAL406", _W, "two epochs of one key share their CALIBDATE", "make CALIBDATE the start of each epoch",
             "The run collection is named by CALIBDATE; the later one is given a run of its own."),
    CodeInfo("CAL407", _E, "a date that cannot be read", "write it as ISO 8601, such as 2024-01-31T00:00:00",
             "Validity is decided by it."),
    CodeInfo("CAL501", _I, "text that FITS cannot hold as it is", "keep to printable ASCII if other readers matter",
             "It is written with escapes (\\\\u00e9); our reader turns them back, others show the escapes."),
    CodeInfo("CAL502", _E, "a metadata value that FITS cannot hold", "write a finite number, text or a boolean",
             "Headers hold numbers, text and booleans only; the value would be lost."),
    CodeInfo("CAL610", _E, "the bundle's manifest is not valid", "make the bundle again with 'curated bundle'",
             "The manifest decides what is imported, and as what."),
    CodeInfo("CAL611", _E, "a bundle of an unknown version", "import it with the version of curated that made it",
             "What a newer manifest means cannot be guessed."),
    CodeInfo("CAL612", _E, "a path that leads out of the bundle", "do not import this bundle; ask where it comes from",
             "A bundle that names files outside of itself could bring any file into the repository."),
    CodeInfo("CAL613", _E, "a file of the bundle is missing", "copy the bundle again, or make it again",
             "A dataset without its file would be found and could not be read."),
    CodeInfo("CAL614", _E, "a file of the bundle has changed", "copy the bundle again, or make it again",
             "The manifest's hash is all that ties the file to the commit that it is said to come from."),
    CodeInfo("CAL615", _E, "a UUID that does not follow from its dataset", "make the bundle again with 'curated bundle'",
             "Deterministic UUIDs let two sites, and two imports, agree on what is the same."),
    CodeInfo("CAL620", _E, "an instrument, detector or filter differs from the repository's",
             "correct instrument.yaml, or the repository's record; it is never overwritten",
             "A calibration of another detector or band would be applied."),
    CodeInfo("CAL621", _W, "a limit of the instrument differs from the repository's",
             "correct instrument.yaml if the repository is right; its record is kept",
             "Nothing of a calibration depends on it, but one of the two is out of date."),
    CodeInfo("CAL622", _E, "a detector without a full name in the repository",
             "give the detector its full name in the repository",
             "Butler names files by it: all detectors of a run would share one file, and overwrite it silently."),
    CodeInfo("CAL623", _E, "a dataset type is defined differently in the repository",
             "use a repository whose dataset types are the stack's, or rename its own",
             "Readers of the repository expect what it has defined."),
    CodeInfo("CAL624", _E, "a collection of another kind has the name", "import with another --label, or with --no-chain",
             "A name stands for one collection of one kind."),
    CodeInfo("CAL625", _E, "the repository has another content under the same name",
             "import with another --label; a released label must not be used again",
             "Lookups would go on to return the old content under the new commit's name."),
    CodeInfo("CAL626", _E, "validity ranges of the bundle overlap", "correct the package and make the bundle again",
             "Two calibrations in force at once make every lookup there ambiguous; Butler does not notice."),
    CodeInfo("CAL627", _E, "a validity range overlaps one that the repository has",
             "import with another --label, or decertify what is there",
             "Two calibrations in force at once make every lookup there ambiguous; Butler does not notice."),
    CodeInfo("CAL628", _W, "the repository's formatter cannot be imported here; curated's was recorded",
             "import where the LSST stack is set up if the stack is to read this repository without curated",
             "A formatter is recorded for good with each dataset and reads it ever after."),
    CodeInfo("CAL629", _E, "the formatter of a shared repository cannot be imported here",
             "import where the LSST stack is set up",
             "The stack could not read datasets for which another formatter was recorded."),
    CodeInfo("CAL630", _I, "a file was missing in the repository and is put back",
             "find out what removed it; two imports of 'butler import' do",
             "The dataset was found by lookups and could not be read."),
    CodeInfo("CAL631", _E, "a file that a direct import refers to is gone",
             "put the earlier bundle back in its place, or import with another --label and --transfer copy",
             "In direct mode the repository holds no copy of its own."),
)
# fmt: on

CODES: dict[str, CodeInfo] = {row.code: row for row in _ROWS}


def code_info(code: str) -> CodeInfo:
    """Return the row of a code.

    Raises
    ------
    KeyError
        If there is no such code.
    """
    return CODES[code]
