"""Images of other programs, with their masks and variances."""
