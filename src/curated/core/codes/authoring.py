"""Codes of findings about drafts and other texts that are being written, the family CAL7xx."""

from __future__ import annotations

# fmt: off
ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("CAL703", "info", "a new package without calibrations", "write the first one: 'curated new TYPE --from DATE', or 'curated add FILE'",
     "A check of nothing is an error (CAL139) unless curated.yaml says 'stage: new', as 'curated new package' writes it."),
    ("CAL704", "warning", "a package that is said to be new and has calibrations", "remove 'stage: new' from curated.yaml",
     "With that line the check would accept the loss of all calibrations."),
    ("CAL705", "warning", "keywords that together contradict the path",
     "move the file to where its keywords say; if the path is right, 'curated fix --trust-path' corrects them",
     "A file in a wrong place is applied to another detector, filter or time; with its keywords corrected nobody would notice."),
    ("CAL706", "warning", "a keyword whose value nothing tells",
     "write it, or declare it in instrument.yaml; 'curated fix' then writes it into the other files",
     "A guess would be believed: what neither path, instrument nor the other files say, only a person knows."),
    ("CAL707", "warning", "a text that only a person can correct", "make the change by hand",
     "'curated fix' changes single values and no other byte; where that is not possible it changes nothing."),
    ("CAL708", "warning", "an image that tells nothing", "put the image beside its side file, whole and unpacked",
     "Size, hash and statistics are those of an image that can be read."),
)
