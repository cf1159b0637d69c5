"""Files of other programs: what they say read into calibrations, and calibrations written for them."""
