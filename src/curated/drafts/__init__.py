"""Drafts of packages, instruments and calibrations, for a person to complete: files that pass the check as they are."""
