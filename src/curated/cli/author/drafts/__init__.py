"""The commands below ``curated new``."""
