"""Commands with which people write calibrations: new ones, edits, and what other programs have."""
