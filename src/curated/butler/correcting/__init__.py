"""Corrections in a Butler repository: ranges recertified, releases retracted."""
