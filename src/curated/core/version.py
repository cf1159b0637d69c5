"""The version that is stamped into every file that this package writes."""

__version__ = "0.1.0"
