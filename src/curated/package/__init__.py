"""A package of calibrations: its files, their keys and validity, its settings."""
