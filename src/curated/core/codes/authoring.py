"""Codes of findings about drafts and other texts that are being written, the family CAL7xx."""

from __future__ import annotations

# fmt: off
ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("CAL700", "warning", "a draft that nobody has completed",
     "replace the values that DRAFT names by measured ones, and remove the keyword DRAFT",
     "'curated new' writes nominal values, which pass every rule. Nobody has measured them; images would be corrected with numbers that mean nothing."),
    ("CAL703", "info", "a new package without calibrations", "write the first one: 'curated new TYPE --from DATE', or 'curated add FILE'",
     "A check of nothing is an error (CAL139) unless curated.yaml says 'stage: new', as 'curated new package' writes it."),
    ("CAL704", "warning", "a package that is said to be new and has calibrations", "remove 'stage: new' from curated.yaml",
     "With that line the check would accept the loss of all calibrations."),
    ("CAL740", "error", "a text that cannot be brought into canonical form", "write it as the message says, or leave it out of 'curated fmt'",
     "It may be correct; but its layout is one that no program can change without risking what it says."),
    ("CAL710", "error", "a file of another program that cannot be read", "see what wrote it, and whether it is whole; 'curated add --list' lists what can be read",
     "Nothing is written of a file that is understood in part."),
    ("CAL711", "error", "a part of a foreign file that cannot be used", "correct it, or remove it from the file",
     "What is left out without a word would be missing from the calibration."),
    ("CAL712", "error", "coordinates whose convention is not clear", "convert them to pixels of the trimmed image, or say what they are with --origin, --trimmed or --untrimmed",
     "A list that counts from another pixel than it is read with marks good pixels and leaves bad ones, by one or by the overscan."),
    ("CAL713", "error", "a foreign image that has not the size of its detector", "trim it, or say what differs with --untrimmed or --transposed",
     "Its pixels would be taken for others of the detector."),
    ("CAL714", "error", "a value that the foreign file does not give", "give it: --unit, or --set NAME=VALUE",
     "To assume it would be to guess; units and times scale everything that is calibrated."),
    ("CAL715", "error", "a foreign file with several parts that fit", "choose one with --hdu",
     "Any of them could be meant."),
    ("CAL716", "warning", "a part of a foreign file that is left out", "see that nothing of it is needed",
     "The calibration has no place for it."),
    ("CAL717", "warning", "a foreign file that may follow another convention", "compare with the image; --origin, --untrimmed and --transposed settle it",
     "It fits as it was read, but its values would be more usual in the other convention."),
    ("CAL718", "info", "values that were converted", "nothing is to be done",
     "The foreign file has them in another unit or precision than the calibration."),
)
# fmt: on
