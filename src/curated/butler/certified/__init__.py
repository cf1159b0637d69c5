"""Certified datasets of a Butler repository."""
