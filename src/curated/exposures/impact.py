"""What a change does to exposures, as values: numbers by night and type, with the largest effect of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from curated.core.diagnostic import Diagnostic
from curated.difference.change import Change, Effect
from curated.exposures.batch import Array, Exposures
from curated.exposures.outcomes import Outcome


class Counts(NamedTuple):
    """Numbers of what is affected; see `curated.exposures.outcomes.LEVELS`.

    Parameters
    ----------
    any : `int`
        At all.
    file, content, effect : `int`
        By another file; of these, by other values; of these, by an effect that reaches its threshold.
    new, lost : `int`
        By a calibration where there was none, or by none where there was one.
    """

    any: int = 0
    file: int = 0
    content: int = 0
    effect: int = 0
    new: int = 0
    lost: int = 0


class Largest(NamedTuple):
    """The largest effect, in units of its threshold, and the change that has it."""

    effect: Effect
    change: Change


@dataclass(frozen=True, slots=True)
class TypeImpact:
    """What changed for exposures in calibrations of one type.

    Parameters
    ----------
    exposures : `Counts`
        Numbers of exposures.
    rows : `Counts`
        Numbers of calibrations of exposures, such as one for each detector: the rows of a list of all of them.
    largest : `Largest` or `None`
        `None` if nothing is measured.
    """

    type: str
    exposures: Counts
    rows: Counts
    largest: Largest | None


@dataclass(frozen=True, slots=True)
class NightImpact:
    """What changed for the exposures of a night of an instrument.

    Parameters
    ----------
    instrument : `str`
        Directory of the instrument.
    night : `datetime.date`
        Date on which it began.
    total : `int`
        Number of its exposures in the table.
    affected : `Counts`
        Numbers of exposures of which any calibration changed.
    types : `tuple` [`TypeImpact`]
        The types that changed for any of them.
    """

    instrument: str
    night: date
    total: int
    affected: Counts
    types: tuple[TypeImpact, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change does to exposures.

    Parameters
    ----------
    before, after : `str`
        Names of the two states, such as a commit or ``work tree``.
    total : `int`
        Number of exposures that were looked at.
    rejected : `int`
        Number of rows of the table that could not be.
    left_out : `int`
        Number of rows of instruments that are not selected.
    night_count : `int`
        Number of nights.
    affected : `Counts`
        Numbers of exposures of which any calibration changed.
    types : `tuple` [`TypeImpact`]
        The types that changed for any of them, in order.
    nights : `tuple` [`NightImpact`]
        The nights with an affected exposure, in order.
    findings : `tuple` [`Diagnostic`]
        Rows of the table that could not be read (``CAL450`` to ``CAL452``), and what is not known (``CAL453`` to
        ``CAL455``).
    """

    before: str
    after: str
    total: int
    rejected: int
    left_out: int
    night_count: int
    affected: Counts
    types: tuple[TypeImpact, ...]
    nights: tuple[NightImpact, ...]
    findings: tuple[Diagnostic, ...] = ()


class Examined(NamedTuple):
    """Exposures of a table with what happens to them.

    Parameters
    ----------
    exposures : `Exposures`
        Those whose names are known, in the order of the table.
    nights : `numpy.ndarray`, (N,), int64
        Days from 1970-01-01 to the date on which their night began.
    cells : `numpy.ndarray`, (N,), int64
        Index of the outcome of each.
    outcomes : `list` [`tuple` [`str`, `str`, `Outcome`]]
        Directories of the instrument and of the detector, which is empty for all, and what happens to the exposures.
    """

    exposures: Exposures
    nights: Array
    cells: Array
    outcomes: Sequence[tuple[str, str, Outcome]]
