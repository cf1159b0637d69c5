"""Checked calibrations to stamped FITS files."""

from curated.convert.package import convert_package
from curated.convert.place import convert_into
from curated.convert.written import Converted, fits_path

__all__ = ["Converted", "convert_into", "convert_package", "fits_path"]
