"""The key of a calibration, and a file with its key and start."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
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
    record : `str`
        Path of the ``<validstart>.verify.yaml`` beside it; empty if there is none.
    is_compared : `bool`
        Whether rules compare its values with those of other files of the package.
    shared : `str`
        Path of the file that holds it for several detectors or filters; ``path`` is then where a copy of its own would
        be. Empty for a file of its own.
    """

    path: str
    key: CalibKey
    start: datetime
    form: str
    side: str = ""
    record: str = ""
    is_compared: bool = field(default=False, compare=False)
    shared: str = ""

    @property
    def source(self) -> str:
        """Path of the file that there is."""
        return self.shared or self.path

    @property
    def texts(self) -> list[str]:
        """Paths of all texts that there are of it: its own, its provenance and the record of its verification."""
        return [path for path in (self.source, self.side, self.record) if path]


def stored(files: Iterable[CalibFile]) -> list[CalibFile]:
    """Return the files that there are, each once, for what edits them: with their own path and the first of their keys."""
    return [replace(copies[0], path=copies[0].source) for copies in by_source(files)]


def by_source(files: Iterable[CalibFile]) -> list[tuple[CalibFile, ...]]:
    """Return files in groups that the same file on disk stands for, in the order of their first members."""
    groups: dict[str, list[CalibFile]] = {}
    for file in files:
        groups.setdefault(file.source, []).append(file)
    return [tuple(group) for group in groups.values()]
