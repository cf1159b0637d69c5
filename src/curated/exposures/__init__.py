"""Tables of exposures, and which of them a change of calibrations affects."""
