"""Rules of the check."""
