"""Tests of verification: what is compared with which limit, and where the limit comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from curated.declare.statistic import Estimate, Level

Operator = Literal["<", "<=", ">", ">=", "==", "!=", "within", "outside"]
"""How a value is compared with its limit; ``within`` and ``outside`` have two limits, both of which count as within."""

Verdict = Literal["pass", "fail", "not run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationTest:
    """One row of a table of tests.

    Parameters
    ----------
    id : `str`
        Name of the test, such as ``BIAS-NOISE``; unique in its table.
    level : `str`
        What is tested: each ``amplifier``, each ``detector`` or the ``focal plane``.
    statistic : `str`
        Name of a `~curated.declare.statistic.Statistic`.
    operator : `str`
        How the value is compared; see `Operator`.
    limits : `tuple` [`float`]
        One limit, or the lower and the upper one.
    unit : `str`
        Unit of the limits, which is that of the statistic or can be converted to it.
    sigma : `float`
        By how many standard errors of the value a limit may be exceeded before it fails: its sampling error. A value
        is never different from that of ``!=`` by sampling alone.
    source : `str`
        Document and section, or code, that the limit comes from.
    justified : `bool`
        Whether the source argues for the limit; cp_verify calls some of its own unjustified.
    required : `bool`
        Whether certification needs the test to have run.
    note : `str`
        Anything that people should know.
    """

    id: str
    level: Level
    statistic: str
    operator: Operator
    limits: tuple[float, ...]
    unit: str = ""
    sigma: float = 3.0
    source: str = ""
    justified: bool = True
    required: bool = True
    note: str = ""

    def verdict(self, estimate: Estimate | None) -> Verdict:
        """Compare an estimate with the limits.

        A value beyond a limit by no more than ``sigma`` standard errors passes: it may be there by sampling alone.

        Parameters
        ----------
        estimate : `Estimate` or `None`
            The value, in the unit of the limits; `None` if there is none, which is ``not run``, as are NaN and a value
            whose error is infinite. An error that is NaN allows nothing.
        """
        if estimate is None or math.isnan(estimate.value) or math.isinf(estimate.error):
            return "not run"
        allowance = self.sigma * abs(estimate.error)
        return "pass" if self._holds(estimate.value, 0.0 if math.isnan(allowance) else allowance) else "fail"

    def _holds(self, value: float, allowance: float) -> bool:
        """Say whether a value that may be off by an allowance can be within the limits."""
        lower, upper = self.limits[0], self.limits[-1]
        if self.operator == "within":
            return lower - allowance <= value <= upper + allowance
        if self.operator == "outside":
            return value < lower + allowance or value > upper - allowance
        if self.operator == "==":
            return abs(value - lower) <= allowance
        if self.operator == "!=":
            return value != lower
        excess = value - lower if self.operator in ("<", "<=") else lower - value
        excess -= allowance
        return excess <= 0 if self.operator in ("<=", ">=") else excess < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What a test gave for one amplifier, detector or focal plane.

    Parameters
    ----------
    detector, amplifier : `str`
        What it is of; empty where it is of more.
    exposure : `str`
        The exposure that the value is from; empty where it is of the calibration alone or of several.
    value, error : `float`
        Value and standard error in the unit of the test; NaN if it was not run.
    verdict : `str`
        ``pass``, ``fail`` or ``not run``.
    reason : `str`
        Why it was not run; empty otherwise.
    """

    __test__: ClassVar[bool] = False
    """Tells pytest that the class is none of its tests, by whose naming it is one."""

    test: VerificationTest
    detector: str = ""
    amplifier: str = ""
    exposure: str = ""
    value: float = math.nan
    error: float = math.nan
    verdict: Verdict = "not run"
    reason: str = ""
