"""The error of a calibration that cannot be made from its file or values."""

from __future__ import annotations

from typing import TypeVar

from curated.core.codes import Severity, code_info
from curated.core.diagnostic import CuratedError, Problem

C = TypeVar("C")


class CalibrationError(CuratedError):
    """A calibration cannot be made from its file or values.

    Parameters
    ----------
    problems : `list` [`Problem`]
        All problems of the file, or only its errors if it has any.
    where : `str`, optional
        File that was read.
    """

    def __init__(self, problems: list[Problem], where: str = "") -> None:
        self.problems = problems
        lines = [f"{p.code} {p.detail}" for p in problems]
        super().__init__((f"{where}: " if where else "") + "; ".join(lines))


FATAL = frozenset({"CAL210", "CAL211", "CAL213", "CAL214", "CAL215", "CAL216", "CAL305", "CAL310"})
"""Codes of problems after which there are no values to make an object of."""


def or_raise(calib: C | None, problems: list[Problem], where: str = "") -> C:
    """Return a calibration without errors, or raise a `CalibrationError` of all of them."""
    errors = [p for p in problems if code_info(p.code).severity is Severity.ERROR]
    if calib is None or errors:
        raise CalibrationError(errors or problems, where)
    return calib
