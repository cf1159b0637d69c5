"""The version of curated, which is stamped into the files that it writes."""

__version__ = "0.1.0"
