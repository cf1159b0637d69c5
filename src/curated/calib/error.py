"""A calibration that cannot be made from what was given."""

from __future__ import annotations

from typing import TypeVar

from curated.core.codes import Severity, code_info
from curated.core.diagnostic import CuratedError, Problem

C = TypeVar("C")


class CalibrationError(CuratedError):
    """A calibration that cannot be made from what was given.

    Parameters
    ----------
    problems : `list` [`Problem`]
        All that is wrong with it.
    where : `str`, optional
        File that was read.
    """

    def __init__(self, problems: list[Problem], where: str = "") -> None:
        self.problems = problems
        lines = [f"{p.code} {p.detail}" for p in problems]
        super().__init__((f"{where}: " if where else "") + "; ".join(lines))


FATAL = frozenset({"CAL210", "CAL211", "CAL213", "CAL214", "CAL215", "CAL216", "CAL305", "CAL310"})
"""Codes after which the values cannot be put into the class."""


def or_raise(made: C | None, problems: list[Problem], where: str = "") -> C:
    """Return what was made, or raise all that is wrong with it."""
    errors = [p for p in problems if code_info(p.code).severity is Severity.ERROR]
    if made is None or errors:
        raise CalibrationError(errors or problems, where)
    return made
