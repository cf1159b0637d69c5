"""Bundles: the calibrations of one commit as FITS files, with a manifest and an export file for Butler."""

from curated.bundle.builder import Bundle, build_bundle

__all__ = ["Bundle", "build_bundle"]
