"""An epoch: a calibration of a package, and when it is in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from curated.core.keys import CalibFile
from curated.core.times import iso
from curated.package.validity import Range


@dataclass(frozen=True, slots=True)
class Epoch:
    """A calibration and when it is in force.

    Parameters
    ----------
    type, instrument, detector, filter : `str`
        The type's name, and the names of the directories; empty where there is none.
    start : `datetime.datetime`
        First moment, UTC.
    end : `datetime.datetime` or `None`
        First moment after it, UTC; `None` while nothing ends it.
    path : `str`
        Its file, relative to the package's root.
    deprecated : `str`
        Who took it out of use, when and why; empty if it is in use. One that is out of use is never in force.
    """

    type: str
    instrument: str
    detector: str
    filter: str
    start: datetime
    end: datetime | None
    path: str
    deprecated: str = ""

    def __str__(self) -> str:
        valid = f"{iso(self.start)} to {iso(self.end) if self.end else 'open'}"
        return f"{self.path}: {self.deprecated or valid}"

    @classmethod
    def of(cls, file: CalibFile, valid: Range) -> Epoch:
        """Return the epoch of a file and its range."""
        key = file.key
        names = (key.type, key.instrument, key.detector, key.filter)
        return cls(*names, valid.start, valid.end, file.path, str(valid.deprecation or ""))
