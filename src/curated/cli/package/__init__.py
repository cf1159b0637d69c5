"""Commands that work on a package: they check it, look into it and edit it."""
