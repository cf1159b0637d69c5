"""Calibrations of other systems, brought into a new package with their ranges of validity and an account of what is lost."""
