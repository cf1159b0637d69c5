"""Export of certified calibrations from a repository, or from an export directory, to a package of text."""
