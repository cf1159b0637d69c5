"""Find the instruments of a bundle or a package among those of a repository."""
