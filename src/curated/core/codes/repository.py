"""Codes of the family CAL0xx: repository and configuration."""

from __future__ import annotations

from curated.core.codes.info import ERROR, WARNING, CodeInfo

# fmt: off
ROWS = (
    CodeInfo("CAL001", ERROR, "curated.yaml is not valid", "see 'curated schema write' for its schema",
             "The file names the calibration directory and the silenced codes; a wrong one hides findings."),
    CodeInfo("CAL002", ERROR, "instrument.yaml is not valid", "see docs/instrument.md for its form",
             "Detector numbers and names of the repository come from this file."),
    CodeInfo("CAL003", WARNING, "a silenced code has expired", "mend the finding, or renew the date with a new reason",
             "A silencing is a promise to come back; an expired one is reported until somebody does."),
    CodeInfo("CAL004", WARNING, "a silencing that silences nothing", "remove the entry from curated.yaml",
             "It would hide the next finding of that code without anybody having looked at it."),
    CodeInfo("CAL005", WARNING, "keys for an instrument that the package does not have",
             "correct the name in curated.yaml: it is that of the instrument's directory",
             "What is said there has no effect, and nobody would notice."),
)
# fmt: on
