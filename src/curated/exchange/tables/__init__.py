"""Tables of other programs: curves, numbers for each amplifier, matrices, and calibrations of the stack."""
