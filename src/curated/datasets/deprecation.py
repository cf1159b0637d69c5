"""The deprecation mark of a calibration: who deprecated it, when and why, and what covers its dates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from curated.core.diagnostic import Problem, brief
from curated.core.metadata import has_value
from curated.core.times import parse_time
from curated.declare.settings import Setting, check_setting

PREVIOUS, HOLE = "previous", "hole"
COVERS = (PREVIOUS, HOLE)
"""What covers the dates of a calibration that is out of use: what was in force before it, or nothing."""

_REASON, _BY, _DATE, _COVER = "DEPRECATED", "DEPRECATED_BY", "DEPRECATED_DATE", "DEPRECATED_COVER"

MARK = Setting(
    kind="mapping",
    doc="What takes a calibration out of use; all four, or none.",
    keys={
        _REASON: Setting(
            kind="text", required=True, longest=1024, doc="Why the calibration is out of use: never in force."
        ),
        _BY: Setting(kind="text", required=True, doc="Who took it out of use."),
        _DATE: Setting(kind="text", required=True, longest=64, doc="When: a day, or a time in UTC."),
        _COVER: Setting(
            kind="text",
            required=True,
            pattern=rf"^(?:{'|'.join(COVERS)})$",
            says=f"not {' or '.join(COVERS)}",
            doc="What covers its dates: 'previous', what was in force before it, or 'hole', nothing.",
        ),
    },
)
"""Keywords of the mark, declared once: check, schemas and documentation walk the declaration."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """The deprecation of a calibration, which takes it out of use.

    Parameters
    ----------
    reason : `str`
        Why it is out of use.
    by : `str`
        Name of the person who deprecated it.
    date : `str`
        A day, or a time in UTC.
    cover : `str`
        What covers its dates: ``previous``, the calibration in force before it, or ``hole``, none.
    """

    reason: str
    by: str
    date: str
    cover: str

    def __str__(self) -> str:
        return (
            f"deprecated by {self.by or 'somebody'} on {self.date or 'a day'}: {self.reason or 'no reason'}"
        )

    def keywords(self) -> dict[str, str]:
        """Return the keywords of the mark, in order."""
        return {_REASON: self.reason, _BY: self.by, _DATE: self.date, _COVER: self.cover}


def find_deprecation(keywords: Mapping[str, Any]) -> tuple[Deprecation | None, list[Problem]]:
    """Find the mark among the keywords of a calibration.

    Parameters
    ----------
    keywords : `~collections.abc.Mapping`
        Keywords in canonical spelling.

    Returns
    -------
    deprecation : `Deprecation` or `None`
        `None` if there is no mark. An incomplete mark counts: the calibration is not in force, and nothing covers
        its dates.
    problems : `list` [`Problem`]
        ``CAL440`` for each fault of the mark.
    """
    mark = {name: value for name, value in keywords.items() if name.startswith(_REASON) and has_value(value)}
    if not mark:
        return None, []
    problems = [_at_keyword(problem, mark) for problem in check_setting(MARK, mark, "CAL440", _PLACE)]
    problems += _date_problems(mark.get(_DATE))
    texts = (value if isinstance(value := mark.get(name), str) else "" for name in MARK.keys)
    deprecation = Deprecation(*texts)
    return (replace(deprecation, cover=HOLE) if problems else deprecation), problems


_PLACE = ("metadata",)


def _at_keyword(problem: Problem, mark: Mapping[str, Any]) -> Problem:
    """Return a problem at a keyword; one about a missing keyword is at the first keyword of the mark."""
    if problem.pointer != _PLACE:
        return problem
    return Problem(problem.code, (*_PLACE, next(iter(mark))), f"the mark is incomplete: {problem.detail}")


def _date_problems(value: Any) -> Iterator[Problem]:
    if isinstance(value, str) and value.strip() and not is_date(value):
        detail = f"{_DATE} is {brief(value)}, not a day or a date-time"
        yield Problem("CAL440", (*_PLACE, _DATE), detail)


def is_date(text: str) -> bool:
    """Return whether a text is a day or a date-time."""
    for parse in (date.fromisoformat, parse_time):
        try:
            parse(text)
        except ValueError:
            continue
        return True
    return False
