"""Drafts of packages, instruments, calibrations and types: files that pass the check, with notes for a person."""
