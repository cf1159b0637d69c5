"""Curated instrument calibrations in git: checked, converted, bundled, imported, found by time."""

from curated.version import __version__

__all__ = ["__version__"]
