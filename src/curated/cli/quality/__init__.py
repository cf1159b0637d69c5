"""Commands for the quality of calibrations: verification, certification, monitoring."""
