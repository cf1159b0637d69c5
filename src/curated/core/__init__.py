"""Diagnostics and their codes, times, units, metadata, geometry, atomic files and processes."""
