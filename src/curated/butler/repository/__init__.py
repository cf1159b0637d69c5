"""Butler repositories: opening, creation, locks, files."""
