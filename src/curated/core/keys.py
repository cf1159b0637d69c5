"""The key of a calibration, and a file with its key and start."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class CalibKey:
    """Instrument, type, detector and filter: the identity of a calibration but for its start (DMTN-148, section 3.1).

    Parameters
    ----------
    instrument : `str`
        The instrument's directory, as the package spells it.
    type : `str`
        Name of the calibration type.
    detector, filter : `str`
        Directory names in lower case; empty if the type has no such dimension.
    """

    instrument: str
    type: str
    detector: str = ""
    filter: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.instrument, self.type, self.detector, self.filter) if part)


@dataclass(frozen=True, slots=True)
class CalibFile:
    """A calibration file: its path, its key and the start in its name.

    Parameters
    ----------
    path : `str`
        Path relative to the package's root, with forward slashes.
    key : `CalibKey`
        Instrument, type, detector and filter.
    start : `datetime.datetime`
        Start of validity, UTC, naive.
    form : `str`
        ``ecsv``, ``yaml`` or ``json``.
    side : `str`
        Path of the ``<validstart>.inputs.yaml`` beside it; empty if there is none.
    is_compared : `bool`
        Whether rules compare its values with those of other files of the package.
    """

    path: str
    key: CalibKey
    start: datetime
    form: str
    side: str = ""
    is_compared: bool = field(default=False, compare=False)
