"""Bytes of a text file to a `Source`: untrusted data, with the line of every value."""

from curated.text.reader import read
from curated.text.source import Source

__all__ = ["Source", "read"]
