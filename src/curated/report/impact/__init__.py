"""What a change does to exposures: a summary, and rows of affected exposures."""
