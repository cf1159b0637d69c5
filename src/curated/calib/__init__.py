"""Calibrations: the base of all types, and how their values are read, checked and written."""

from curated.calib.base import Calib, calibration
from curated.calib.error import CalibrationError

__all__ = ["Calib", "CalibrationError", "calibration"]
