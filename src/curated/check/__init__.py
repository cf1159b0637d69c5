"""Calibration files to findings: each file by itself, then the whole package."""
