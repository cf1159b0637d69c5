"""Metrics: numbers that say how good a product or a frame is, and the names of the files that keep them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from curated.core.diagnostic import Problem, brief
from curated.registry import find_type, similar_type

DIRECTORY = "metrics"
"""Directory of an instrument with its metrics, ``metrics/<type>/<statistic>/<year>-<month>.csv``."""

ENDING = ".csv"

FIRST_MJD, LAST_MJD = 40587.0, 88069.0
"""MJD of the starts of 1970 and 2100, between which times of metrics are."""

NAME = re.compile(
    r"(?:[A-Za-z0-9_.][A-Za-z0-9_.:+~#() /-]{0,78}[A-Za-z0-9_.:+~#()/-]|[A-Za-z0-9_.])?", re.ASCII
)
"""A name of a detector, amplifier, filter or exposure; a spreadsheet takes none for a formula."""

UNIT = re.compile(r"(?:[A-Za-z0-9%(][A-Za-z0-9_.*/()^ -]{0,39})?", re.ASCII)
SHA256 = re.compile(r"(?:[0-9a-f]{64})?", re.ASCII)
STATISTIC = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", re.ASCII)

_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.ASCII)
_MJD_ORDINAL = date(1858, 11, 17).toordinal()


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Metric:
    """One number that was measured.

    Parameters
    ----------
    statistic : `str`
        Name of what was measured, such as ``BIAS-NOISE`` or ``read_noise``.
    mjd : `float`
        Time, MJD in TAI: the middle of the exposure, or the start of validity of a product that was measured alone.
    detector, amplifier, filter : `str`
        What it is of; empty where it is of all.
    exposure : `str`
        Name of the exposure; empty where a product was measured alone.
    sha256 : `str`
        SHA-256 of the file that was measured, 64 hexadecimal digits; empty where it is not known.
    value, error : `float`
        Value and its standard error in the unit; the error is NaN where it is not known.
    unit : `str`
        Unit; empty for a ratio or a number.
    """

    statistic: str
    mjd: float
    detector: str = ""
    amplifier: str = ""
    filter: str = ""
    exposure: str = ""
    sha256: str = ""
    value: float
    error: float = math.nan
    unit: str = ""

    def problems(self) -> Iterator[str]:
        """Yield why it cannot be kept, for people."""
        if not STATISTIC.fullmatch(self.statistic):
            yield f"statistic {brief(self.statistic)} is no name of letters, digits, '_', '.' and '-'"
        if not FIRST_MJD <= self.mjd < LAST_MJD:
            yield f"mjd {self.mjd!r} is not between {FIRST_MJD:.0f} and {LAST_MJD:.0f}, the years 1970 to 2099"
        for name in ("detector", "amplifier", "filter", "exposure"):
            if not NAME.fullmatch(getattr(self, name)):
                yield f"{name} {brief(getattr(self, name))} is no name"
        if not UNIT.fullmatch(self.unit):
            yield f"unit {brief(self.unit)} is none"
        if not SHA256.fullmatch(self.sha256):
            yield f"sha256 {brief(self.sha256)} is not 64 hexadecimal digits in lower case"
        if not math.isfinite(self.value):
            yield f"value {self.value!r} is not finite"
        if math.isinf(self.error) or self.error < 0.0:
            yield f"error {self.error!r} is not finite and positive"


class MetricFile(NamedTuple):
    """A file of metrics.

    Parameters
    ----------
    path : `str`
        Path in the package.
    instrument, type, statistic, month : `str`
        The instrument's directory, the calibration type, the statistic, and the month (TAI) such as ``2026-03``.
    """

    path: str
    instrument: str
    type: str
    statistic: str
    month: str


def month_of(mjd: float) -> str:
    """Return the month of a time, such as ``2026-03``."""
    return date_of(math.floor(mjd)).isoformat()[:7]


def date_of(day: int) -> date:
    """Return the date of a whole MJD."""
    return date.fromordinal(_MJD_ORDINAL) + timedelta(days=day)


def mjd_of(day: date) -> int:
    """Return the MJD of a date."""
    return day.toordinal() - _MJD_ORDINAL


def metric_path(top: str, instrument: str, type_name: str, statistic: str, month: str) -> str:
    """Return the path of a file of metrics in a package.

    Parameters
    ----------
    top : `str`
        The calibration directory; empty if the instruments are at the root.
    """
    return "/".join(filter(None, (top, instrument, DIRECTORY, type_name, statistic, month + ENDING)))


def find_metric_files(paths: Iterable[str], top: str) -> tuple[list[MetricFile], list[tuple[str, Problem]]]:
    """Sort paths of files that are no calibrations into files of metrics, problems (CAL880), and others, which are left.

    Parameters
    ----------
    paths : iterable [`str`]
        Paths in the package.
    top : `str`
        The calibration directory; empty if the instruments are at the root.
    """
    files: list[MetricFile] = []
    problems: list[tuple[str, Problem]] = []
    depth = len(top.split("/")) if top else 0
    for path in paths:
        parts = path.split("/")[depth:]
        if len(parts) < 3 or parts[1].lower() != DIRECTORY or not path.lower().endswith(ENDING):
            continue
        detail, hint = _misplaced(parts)
        if detail:
            problems.append((path, Problem("CAL880", (), detail, hint)))
        else:
            cls = find_type(parts[2])
            name = cls.SPEC.name if cls is not None else parts[2]
            files.append(MetricFile(path, parts[0], name, parts[3], parts[4].removesuffix(ENDING)))
    return files, problems


def _misplaced(parts: list[str]) -> tuple[str, str]:
    """Return what is wrong with a path below the calibration directory, and a hint; empty texts if nothing is."""
    if parts[1] != DIRECTORY:
        return f"the directory {parts[1]!r} is not read", f"rename it to {DIRECTORY!r}"
    if len(parts) != 5:
        return f"expected {DIRECTORY}/<type>/<statistic>/<year>-<month>{ENDING}", ""
    cls = find_type(parts[2])
    if cls is None or cls.SPEC.name != parts[2]:
        similar = similar_type(parts[2]) if cls is None else cls.SPEC.name
        return f"{parts[2]!r} is not a calibration type", f"did you mean {similar!r}?" if similar else ""
    if not STATISTIC.fullmatch(parts[3]):
        return f"{parts[3]!r} is no name of a statistic", "letters, digits, '_', '.' and '-' make a name"
    if not parts[4].endswith(ENDING) or not _MONTH.fullmatch(parts[4].removesuffix(ENDING)):
        return f"{parts[4]!r} is not the name of a month", f"name it like 2026-03{ENDING}"
    return "", ""
