"""Checks of tests against the statistics that exist: names, levels, units, and limits that let bad values pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from curated.calib import Calib
from curated.core.diagnostic import Pointer, Problem, brief
from curated.core.similar import similar_name
from curated.core.units import converts, factor
from curated.declare.statistic import Statistic
from curated.registry import all_statistics, all_types, find_statistic, statistic_faults
from curated.verification.verification_test import VerificationTest

_TWO_SIDED = frozenset({"within", "outside", "==", "!="})


def statistic_problems(
    tests: Sequence[VerificationTest], cls: type[Calib], at: Pointer = ("tests",)
) -> Iterator[Problem]:
    """Yield what is wrong with the statistics, levels, units and operators of tests.

    Parameters
    ----------
    tests : sequence [`VerificationTest`]
        The tests, in the order of the rows.
    cls : `type`
        The type whose calibrations are tested.
    at : `tuple`, optional
        Place of the rows in the document.
    """
    for number, test in enumerate(tests):
        place = (*at, number)
        statistic = find_statistic(test.statistic, cls)
        if statistic is None:
            yield _unknown(test, cls, (*place, "statistic"))
        else:
            yield from _mismatches(test, statistic, cls, place)


def _unknown(test: VerificationTest, cls: type[Calib], place: Pointer) -> Problem:
    own_names = [statistic.name for statistic in cls.SPEC.statistics]
    meant = similar_name(test.statistic, own_names) or similar_name(test.statistic, all_statistics())
    faults = "".join(f"; not usable: {fault}" for fault in statistic_faults())
    if meant:
        hint = f"did you mean {meant!r}?{faults}"
    else:
        hint = f"statistics of {cls.SPEC.name}: {', '.join(own_names) or 'none'}{faults}"
    return Problem("CAL800", place, f"there is no statistic {brief(test.statistic)}", hint)


def _mismatches(
    test: VerificationTest, statistic: Statistic, cls: type[Calib], place: Pointer
) -> Iterator[Problem]:
    name = statistic.name
    if test.level not in statistic.levels:
        detail = f"{name} is computed for the level {' or '.join(statistic.levels)}, not {test.level}"
        yield Problem("CAL801", (*place, "level"), detail)
    if not converts(test.unit, statistic.unit):
        unit = brief(test.unit) if test.unit else "no unit"
        yield Problem(
            "CAL802", (*place, "unit"), f"{name} is {_in_unit(statistic.unit)}, the limit has {unit}"
        )
    if test.operator in ("==", "!=") and statistic.is_sampled:
        detail = f"{name} is sampled from exposures, and differs from one to the next"
        yield Problem("CAL803", (*place, "operator"), detail)
    if statistic.signed and test.operator not in _TWO_SIDED:
        side = "below" if test.operator in ("<", "<=") else "above"
        detail = f"{name} has either sign, and every value {side} the limit passes"
        yield Problem("CAL804", (*place, "operator"), detail)
    if name in _names_of_types() - {own.name for own in cls.SPEC.statistics}:
        detail = f"{cls.SPEC.name} has no statistic {name}, which is one of other types"
        yield Problem("CAL805", (*place, "statistic"), detail)


def _names_of_types() -> set[str]:
    """Return the names of the statistics that types declare, not those that are registered alone."""
    return {statistic.name for cls in all_types().values() for statistic in cls.SPEC.statistics}


def _in_unit(unit: str) -> str:
    return f"in {unit}" if unit else "a number without unit"


def limits_in(test: VerificationTest, statistic: Statistic) -> tuple[float, ...]:
    """Return the limits of a test in the unit of its statistic.

    Raises
    ------
    ValueError
        If the units do not convert.
    """
    if not converts(test.unit, statistic.unit):
        raise ValueError(f"{test.unit!r} does not convert to {statistic.unit!r}")
    scale = factor(test.unit, statistic.unit)
    return tuple(limit * scale for limit in test.limits)
