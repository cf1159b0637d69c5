"""What a calibration file is of, and when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class CalibKey:
    """What makes a calibration unique, apart from its start (DMTN-148, section 3.1).

    Parameters
    ----------
    instrument : `str`
        The instrument's directory, as the package spells it.
    type : `str`
        Name of the calibration type.
    detector, filter : `str`
        Directory names, lower case; empty where the type has no such dimension.
    """

    instrument: str
    type: str
    detector: str = ""
    filter: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.instrument, self.type, self.detector, self.filter) if part)


@dataclass(frozen=True, slots=True)
class CalibFile:
    """A discovered file: its path, its key and the start that its name gives.

    Parameters
    ----------
    path : `str`
        Path relative to the package's root, with forward slashes.
    key : `CalibKey`
        What it calibrates.
    start : `datetime.datetime`
        Start of validity, UTC, naive.
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.
    side : `str`
        Path of its ``<validstart>.inputs.yaml``; empty where it has none.
    """

    path: str
    key: CalibKey
    start: datetime
    form: str
    side: str = ""
