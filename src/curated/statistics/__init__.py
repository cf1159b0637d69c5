"""Statistics of pixels and of curves, with their standard errors; numpy alone, each with its formula and source."""
