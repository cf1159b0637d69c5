"""Verification: tests of calibrations as data, their results, the records of both, and waivers."""
