"""Certified calibrations back to text: a package, made of what a repository or an export directory holds."""
