"""One commit's calibrations as FITS, with a manifest and an export file that the Butler reads."""

from curated.bundle.builder import Bundle, build_bundle

__all__ = ["Bundle", "build_bundle"]
