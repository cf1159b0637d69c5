"""Codes of findings about metrics and their control charts, of the family CAL8xx."""

from __future__ import annotations

# fmt: off
ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("CAL880", "error", "a file of metrics in a wrong place", "move it to metrics/<type>/<statistic>/<year>-<month>.csv of its instrument",
     "It is not read, and what it says is missing from all charts."),
    ("CAL881", "error", "a file of metrics that is not of its form",
     "restore it from git, and add metrics by 'curated monitor --add' only",
     "It is not read: nobody knows what a file that is wrong in one line has in the others."),
    ("CAL882", "error", "a number of a metric that is none", "remove the row: what could not be measured has none",
     "It would be in the mean of a chart, and hide what comes after it."),
    ("CAL883", "error", "a name in a metric that is not of its form",
     "correct it; names have letters, digits, blanks and _ . : + ~ # ( ) / -, and begin with a letter, a digit, . or _",
     "Names are printed, drawn and opened in spreadsheets, which take some texts for formulas."),
    ("CAL884", "error", "two values of one metric", "see which one was measured, and remove the other row",
     "A file was measured once; with two values, one of the two rows is of something else."),
    ("CAL885", "warning", "a metric in the file of another month", "move the row",
     "The same metric may be in its own month as well, and would count twice."),
    ("CAL886", "info", "rows of metrics out of order or repeated", "nothing; the next 'curated monitor --add' to the file sorts them",
     "A merge of two branches leaves the rows of one after those of the other."),
    ("CAL887", "warning", "a metric with several units", "see which unit is right; units that convert to each other are converted",
     "Values in units that do not convert are charted apart, as if they were two metrics."),
    ("CAL888", "warning", "values that were left out of a reference", "see what happened in these nights",
     "They are so far from the others that charts would not see anything for as long as they count."),
    ("CAL889", "warning", "values that were all equal, and are not any more", "see whether the number was measured before, or what has changed",
     "No chart can judge it: values without any spread do not say how large a spread is usual."),
    ("CAL890", "info", "series that are too short for a chart", "nothing; they are charted once there are enough values since the last restart",
     "Each certification and each event begins a new reference."),
)
# fmt: on
