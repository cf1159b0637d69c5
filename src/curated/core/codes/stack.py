"""Codes of findings about what the LSST stack reads beside curated, of the family CAL3xx."""

from __future__ import annotations

# fmt: off
ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("CAL358", "warning", "an end that the stack does not see",
     "start another calibration then, such as a copy of the one that is meant to be in force; or fill the stack's "
     "repository from bundles",
     "'butler write-curated-calibrations' takes the start of the next file of the directory as the end of each. Exposures after VALIDEND "
     "get this calibration from the stack, and none from curated. It is reported where curated.yaml has 'readers: [stack]'."),
    ("CAL359", "warning", "a deprecated calibration that the stack uses",
     "delete the file, which git keeps, where the stack reads it; or fill its repository from bundles",
     "'butler write-curated-calibrations' certifies every file of a directory, from its start to the next one. Exposures of these dates get "
     "the deprecated calibration from the stack, and from curated what covers it. It is reported where curated.yaml has 'readers: [stack]'."),
    ("CAL360", "error", "a file that is no camera file of the stack", "put the file of a dataset 'camera' there, unpacked",
     "Every task of instrument signature removal reads it; one that cannot be read stops all of them."),
    ("CAL361", "error", "a camera file that contradicts instrument.yaml", "correct instrument.yaml, or take the instrument's own camera file",
     "Pipelines take detectors and amplifiers of the camera file for those of the calibrations."),
    ("CAL362", "warning", "a detector that only the camera file or only instrument.yaml has", "add it where it lacks",
     "Calibrations of a detector that the camera lacks are never used."),
)
