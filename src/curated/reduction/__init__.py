"""Frames of a detector: raw files, assembled by the geometry of its camera and corrected by the calibrations in force."""
