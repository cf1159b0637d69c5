"""Commands that look at a package."""
