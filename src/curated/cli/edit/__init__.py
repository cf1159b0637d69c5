"""Commands that change a package."""
