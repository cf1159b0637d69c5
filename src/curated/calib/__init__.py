"""Calibrations: the base class of all types, and how values are read, checked and written by their declaration."""

from curated.calib.base import Calib, calibration
from curated.calib.error import CalibrationError

__all__ = ["Calib", "CalibrationError", "calibration"]
