"""Exposures: what their headers say, and whether their calibrations were made in the same state of the camera."""
