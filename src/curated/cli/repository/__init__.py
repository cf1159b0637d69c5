"""Commands that change or read a Butler repository."""
