"""Readings of the measures of a type."""

from __future__ import annotations

from typing import Any

from curated.declare import Conditions, Reading


def readings(old: Any, new: Any, name: str, conditions: Conditions | None = None) -> list[Reading]:
    """Return the readings of one measure that are not zero."""
    measure = next(m for m in new.SPEC.measures if m.name == name)
    return list(measure.read(old, new, conditions or Conditions()))


def all_readings(old: Any, new: Any, conditions: Conditions | None = None) -> dict[str, list[Reading]]:
    """Return the readings of all measures that have any."""
    names = [measure.name for measure in new.SPEC.measures]
    by_name = {name: readings(old, new, name, conditions) for name in names}
    return {name: values for name, values in by_name.items() if values}
