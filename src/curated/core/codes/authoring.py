"""Codes of findings about drafts and other texts that are being written, the family CAL7xx."""

from __future__ import annotations

# fmt: off
ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("CAL703", "info", "a new package without calibrations", "write the first one: 'curated new TYPE --from DATE', or 'curated add FILE'",
     "A check of nothing is an error (CAL139) unless curated.yaml says 'stage: new', as 'curated new package' writes it."),
    ("CAL704", "warning", "a package that is said to be new and has calibrations", "remove 'stage: new' from curated.yaml",
     "With that line the check would accept the loss of all calibrations."),
)
