"""Import of a bundle into a Butler repository."""
