"""Scrubbing: what a repository holds, compared with what was imported; the repository is only read."""
