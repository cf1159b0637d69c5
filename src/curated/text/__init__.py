"""Text files: untrusted bytes to a `Source` with the line of every value, and calibrations back to text."""

from curated.text.reader import read
from curated.text.source import Source

__all__ = ["Source", "read"]
