"""The mark of a calibration that is out of use: who decided so, when and why, and what covers its dates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    """A calibration is out of use.

    Parameters
    ----------
    reason : `str`
        Why.
    by : `str`
        Who decided so.
    date : `str`
        When: a day, or a time in UTC.
    cover : `str`
        ``previous`` or ``hole``.
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
        The mark; `None` where there is none. One that is incomplete counts: its calibration is not in force, and
        nothing else is in its place.
    problems : `list` [`Problem`]
        ``CAL440`` for what is wrong with it.
    """
    given = {name: value for name, value in keywords.items() if name.startswith(_REASON) and has_value(value)}
    if not given:
        return None, []
    problems = [_at_a_keyword(problem, given) for problem in check_setting(MARK, given, "CAL440", _PLACE)]
    problems += _wrong_date(given.get(_DATE))
    texts = {name: value if isinstance(value := given.get(name), str) else "" for name in MARK.keys}
    found = Deprecation(*texts.values())
    return (Deprecation(found.reason, found.by, found.date, HOLE) if problems else found), problems


_PLACE = ("metadata",)


def _at_a_keyword(problem: Problem, given: Mapping[str, Any]) -> Problem:
    """Return a problem that stands at a keyword: that of a missing one at the first that is there."""
    if problem.pointer != _PLACE:
        return problem
    return Problem(problem.code, (*_PLACE, next(iter(given))), f"the mark is incomplete: {problem.detail}")


def _wrong_date(value: Any) -> Iterator[Problem]:
    if isinstance(value, str) and value.strip() and not is_date(value):
        detail = f"{_DATE} is {brief(value)}, not a day or a date-time"
        yield Problem("CAL440", (*_PLACE, _DATE), detail)


def is_date(text: str) -> bool:
    """Say whether a text is a day or a date-time."""
    for read in (date.fromisoformat, parse_time):
        try:
            read(text)
        except ValueError:
            continue
        return True
    return False
