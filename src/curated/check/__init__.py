"""The check of calibration files: each file by itself, then the whole package."""
