"""Measurement: statistics of calibrations and of the frames that they were applied to, and what tests make of them."""
