"""Conversion of checked calibrations to stamped FITS files."""

from curated.convert.file import Converted, fits_path
from curated.convert.inputs import verify_inputs
from curated.convert.package import convert_into, convert_package

__all__ = ["Converted", "convert_into", "convert_package", "fits_path", "verify_inputs"]
