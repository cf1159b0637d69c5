"""Waivers: results that a person takes responsibility for, until a date; ``<instrument>/verification/waivers.yaml``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from curated.core.keys import CalibKey
from curated.declare.settings import Setting
from curated.verification.verification_test import TestResult, VerificationTest

WAIVERS_FILE = "waivers.yaml"

NOTICE = timedelta(days=30)
"""How long before its end a waiver is warned of."""

_ROUNDING = 1e-9
"""Relative difference below which a value is not worse: records hold the shortest decimals."""

_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

WAIVER = Setting(
    kind="mapping",
    doc="A result that a person takes responsibility for, until a date.",
    keys={
        "test": Setting(kind="text", required=True, longest=128, doc="Id of the test."),
        "type": Setting(kind="text", required=True, longest=64, doc="Type of the calibration."),
        "detector": Setting(kind="text", longest=64, doc="Name of the detector; all if absent."),
        "filter": Setting(kind="text", longest=64, doc="Name of the filter; all if absent."),
        "amplifier": Setting(kind="text", longest=64, doc="Name of the amplifier; all if absent."),
        "value": Setting(
            kind="real",
            doc="The value that was reached. A worse one is not waived. Absent where the test could not be run.",
        ),
        "reason": Setting(kind="text", required=True, longest=4096, doc="Why it is acceptable."),
        "name": Setting(kind="text", required=True, doc="Who takes responsibility."),
        "ticket": Setting(kind="text", required=True, longest=128, doc="Where it was discussed."),
        "date": Setting(
            kind="text",
            required=True,
            pattern=_DAY,
            says="not a day such as 2026-12-31",
            doc="Its first day.",
        ),
        "until": Setting(
            kind="text",
            required=True,
            pattern=_DAY,
            says="not a day such as 2026-12-31",
            doc="The first day on which it is void.",
        ),
    },
)
"""A waiver."""

WAIVERS = Setting(
    kind="mapping",
    doc="Results of verification that persons take responsibility for.",
    keys={"waivers": Setting(kind="list", required=True, items=WAIVER, most=10_000, doc="The waivers.")},
)
"""Declaration of ``waivers.yaml``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A result that a person takes responsibility for, until a date.

    Parameters
    ----------
    test : `str`
        Id of the test.
    type_name : `str`
        Type of the calibration.
    detector, filter, amplifier : `str`
        What it is for; empty for all of them.
    value : `float`
        The value that was reached, in the unit of the test; NaN where the test could not be run.
    reason, name, ticket : `str`
        Why, who takes responsibility, and where it was discussed.
    begin, until : `datetime.date`
        Its first day, and the first day on which it is void.
    """

    test: str
    type_name: str
    detector: str = ""
    filter: str = ""
    amplifier: str = ""
    value: float = math.nan
    reason: str
    name: str
    ticket: str
    begin: date
    until: date

    @property
    def label(self) -> str:
        """Test and what it is for, for messages."""
        parts = (self.type_name, self.detector, self.filter, self.amplifier)
        return f"{self.test} of {'/'.join(filter(None, parts))}"

    def days_left(self, today: date) -> int:
        """Return the number of days until it is void; negative after that."""
        return (self.until - today).days

    def is_for(self, key: CalibKey, result: TestResult) -> bool:
        """Say whether it is for a result of a calibration, whatever its value."""
        return (
            self.test == result.test.id
            and self.type_name == key.type
            and _fits(self.detector, result.detector or key.detector)
            and _fits(self.filter, key.filter)
            and _fits(self.amplifier, result.amplifier)
        )

    def covers(self, result: TestResult) -> bool:
        """Say whether a result is no worse than the one that was waived.

        A test that could not be run is covered by a waiver without a value, and a value by one with a value alone.
        """
        if result.verdict == "not run" or math.isnan(self.value):
            return result.verdict == "not run" and math.isnan(self.value)
        return excess(result.test, result.value) <= excess(result.test, self.value) * (1 + _ROUNDING)


def excess(test: VerificationTest, value: float) -> float:
    """Return how far a value is beyond the limits of a test, in their unit; 0 within them."""
    if math.isnan(value):
        return math.inf
    low, high = test.limits[0], test.limits[-1]
    if test.operator in ("<", "<="):
        return max(0.0, value - high)
    if test.operator in (">", ">="):
        return max(0.0, low - value)
    if test.operator == "within":
        return max(0.0, low - value, value - high)
    if test.operator == "==":
        return abs(value - low)
    # Beyond "!=" and "outside" lies what is too near.
    return math.inf if test.operator == "!=" else max(0.0, min(value - low, high - value))


def _fits(name: str, other: str) -> bool:
    return not name or name.lower().replace(" ", "_") == other.lower().replace(" ", "_")


def make_waiver(entry: Mapping[str, Any]) -> Waiver:
    """Return a waiver of an entry that the declaration allows.

    Raises
    ------
    ValueError
        If a day is none, or the waiver ends before it begins.
    """
    begin, until = (date.fromisoformat(entry[name]) for name in ("date", "until"))
    if until <= begin:
        raise ValueError(f"it ends on {until}, not after its date {begin}")
    names = {name: entry.get(name, "") for name in ("detector", "filter", "amplifier")}
    texts = {name: entry[name] for name in ("test", "reason", "name", "ticket")}
    value = float(entry.get("value", math.nan))
    return Waiver(type_name=entry["type"], value=value, begin=begin, until=until, **names, **texts)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Results of a record in the light of waivers.

    Parameters
    ----------
    blocking : `tuple` [`TestResult`]
        Failures, and required tests that were not run, that no waiver covers.
    waived : `tuple` [`tuple` [`TestResult`, `Waiver`]]
        Those that one covers.
    expired : `tuple` [`tuple` [`TestResult`, `Waiver`]]
        Blocking ones that a waiver covered until it ended.
    worse : `tuple` [`tuple` [`TestResult`, `Waiver`]]
        Blocking ones that are worse than what was waived.
    """

    blocking: tuple[TestResult, ...]
    waived: tuple[tuple[TestResult, Waiver], ...]
    expired: tuple[tuple[TestResult, Waiver], ...]
    worse: tuple[tuple[TestResult, Waiver], ...]


def judge(
    key: CalibKey, results: Iterable[TestResult], waivers: Sequence[Waiver], today: date | None
) -> Judgement:
    """Compare results with waivers.

    Parameters
    ----------
    key : `CalibKey`
        Key of the calibration.
    results : iterable [`TestResult`]
        All results of its record.
    waivers : sequence [`Waiver`]
        Those of its instrument.
    today : `datetime.date` or `None`
        The day by which waivers expire; without one they never do.
    """
    blocking, waived, expired, worse = [], [], [], []
    for result in results:
        if result.verdict == "pass" or (result.verdict == "not run" and not result.test.required):
            continue
        candidates = [waiver for waiver in waivers if waiver.is_for(key, result)]
        covering = [waiver for waiver in candidates if waiver.covers(result)]
        current = [w for w in covering if today is None or w.begin <= today < w.until]
        if current:
            waived.append((result, current[0]))
            continue
        blocking.append(result)
        past = [w for w in covering if today is not None and today >= w.until]
        if past:
            expired.append((result, max(past, key=lambda waiver: waiver.until)))
        elif candidates and not covering:
            worse.append((result, candidates[0]))
    return Judgement(tuple(blocking), tuple(waived), tuple(expired), tuple(worse))
