"""Codes of findings about verification, certification and monitoring, the family CAL8xx."""

from __future__ import annotations

# fmt: off
ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("CAL830", "error", "a record of verification that cannot be read", "run 'curated verify' again",
     "Nobody can say what was tested, so that the calibration counts as not verified."),
    ("CAL831", "warning", "a record of verification that is void", "run 'curated verify' again, with the same exposures",
     "It speaks of another calibration, or of other tests: what it says need not hold."),
    ("CAL832", "error", "a record of verification that contradicts itself", "run 'curated verify' again; nothing in it is to be edited",
     "Its sums are not those of its results: somebody has changed one of them."),
    ("CAL833", "error", "a calibration that must be certified and is not", "verify it, then 'curated certify PATH --from DATE --by NAME --ticket T'",
     "instrument.yaml says that nothing of its type is used before an expert has looked at its verification."),
    ("CAL834", "error", "a certification that does not hold any more", "verify and certify it again",
     "Its range, or the record that it rests on, is not the one that the expert has seen."),
    ("CAL835", "error", "a waiver that has ended", "solve what it names, or write a new one with a later 'until'",
     "Somebody took responsibility for a failure until this day, and nobody does now."),
    ("CAL836", "warning", "a waiver that ends within 30 days", "solve what it names, or have it extended",
     "From that day on the check fails."),
    ("CAL837", "info", "a failure that a waiver covers", "nothing, until it ends",
     "The calibration does not fulfil all tests; a person has taken responsibility for that."),
    ("CAL838", "error", "a failure that is worse than what was waived", "look at it again; if it is acceptable, write a waiver with the new value",
     "The waiver was given for a smaller departure from the limit."),
    ("CAL839", "error", "waivers that cannot be read", "correct the entry; docs/verification.md shows one",
     "None of them counts until all can be read."),
    ("CAL840", "warning", "a waiver that covers nothing", "remove it, or correct its names",
     "It is left over, or was meant for something that is not covered now."),
    ("CAL841", "error", "a record of verification without its calibration", "move it beside its calibration, or remove it",
     "A renamed calibration leaves its record behind, and counts as not verified."),
    ("CAL843", "error", "a file of 'verification' that is none", "tables of tests are <instrument>/verification/<type>/<validstart>.yaml, waivers <instrument>/verification/waivers.yaml",
     "Tests that are not read are not run, and their calibrations pass without them."),
    ("CAL844", "error", "tests that cannot be read", "correct the row; docs/verification-tests.md explains each key",
     "None of the tests of the table is run, and nothing of its type can be verified."),
    ("CAL842", "warning", "a calibration that failed its verification", "do not certify it; mend it, or write a waiver with a reason",
     "Images that are corrected with it are likely to be worse than the limits allow."),
)
# fmt: on
