"""Which calibration is in force at a time, in any commit, and what changes do to the results of past dates."""
