"""Whether two calibrations have the same values, whatever their units, spelling and rounding."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from curated.calib.arrays import is_equal
from curated.core.units import DIMENSIONLESS, converts, factor, is_same_unit, length_factor, text_unit
from curated.declare import Field

if TYPE_CHECKING:
    from curated.calib.hooks import Hooks

UNITS_IN_LAST_PLACE = 4
"""Number of units in the last place by which equal numbers may differ after a conversion: the factor, which is rounded
itself, the product, and both of them on the way back are each wrong by half of such a unit or by one."""

_UNIT_NAME = re.compile(r"(?:.*[_a-z])?units?\Z|.*Units?\Z", re.ASCII)
"""Names of text fields that are units."""


def has_same_value(old: Hooks, new: Hooks, field: Field) -> bool:
    """Say whether a field has the same value in two calibrations of a type.

    Numbers count in a common unit. After a conversion, of units or of precision, those that are stored as floats are the
    same if they differ by no more than `UNITS_IN_LAST_PLACE` units in the last place of the coarser of the two precisions
    (8.9e-16 of the value in double and 4.8e-7 in single precision); without one, numbers are compared exactly. So 3 is
    3.0, 0.0 is -0.0, NaN is NaN, and a change by one part in a million is none of rounding. A text that is a unit counts by its meaning, so that
    ``electrons`` is ``electron``. Mappings count in any order.

    Parameters
    ----------
    field : `Field`
        A field of both calibrations.
    """
    values = getattr(old, field.name), getattr(new, field.name)
    scale = _scale(old, new, field)
    if scale is None:
        return False
    if scale == 1 and is_equal(*values):
        return True
    if all(isinstance(value, str) for value in values):
        return is_unit(field) and _is_same_name(*values)
    return is_close(values[0], values[1], scale, is_exact=scale == 1 and _have_same_precision(*values))


def _have_same_precision(left: Any, right: Any) -> bool:
    """Say whether two values are no conversion of each other, but floats of one precision."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return all(_have_same_precision(left[key], right[key]) for key in left.keys() & right.keys())
    return np.asarray(left).dtype == np.asarray(right).dtype


def is_unit(field: Field) -> bool:
    """Say whether the text of a field is a unit, as its name says."""
    return field.dtype == "str" and any(
        _UNIT_NAME.match(name) for name in (field.name, field.key, field.keyword.lower()) if name
    )


def _is_same_name(unit: str, other: str) -> bool:
    """Say whether two names of units mean the same; blanks around them do not count."""
    names = unit.strip(), other.strip()
    return text_unit(names[0]) == text_unit(names[1]) or is_same_unit(*names)


def _scale(old: Hooks, new: Hooks, field: Field) -> float | None:
    """Return the factor from the unit of the first calibration to that of the second; `None` if they do not convert."""
    if not field.keeps_unit:
        return 1.0  # values are in the declared unit, whatever that of the file was
    first, second = (_unit(calib, field) for calib in (old, new))
    if first == second or is_same_unit(first, second):
        return 1.0
    if not converts(first, second):
        return None
    if not DIMENSIONLESS.isdisjoint({first, second}) or "%" in (first, second):
        # Astropy is not needed for fractions.
        return 0.01 ** ((first == "%") - (second == "%")) if _is_fraction(first, second) else None
    try:
        return length_factor(first) / length_factor(second)
    except ValueError:
        return factor(first, second)


def _is_fraction(*units: str) -> bool:
    return all(unit in DIMENSIONLESS | {"%"} for unit in units)


def _unit(calib: Any, field: Field) -> str:
    unit: str = calib.units.get(field.name, "")
    return unit or (field.unit if field.needs_unit else "")


def is_close(left: Any, right: Any, scale: float = 1.0, *, is_exact: bool = False) -> bool:
    """Say whether two values are the same up to rounding; see `has_same_value`.

    Parameters
    ----------
    left, right : `object`
        Scalars, arrays, lists, and mappings of them.
    scale : `float`, optional
        Factor from the unit of the first to that of the second.
    is_exact : `bool`, optional
        Whether floats differ at the last place as well.
    """
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            is_close(left[key], right[key], scale, is_exact=is_exact) for key in left
        )
    if left is None or right is None or isinstance(left, (str, bool)) or isinstance(right, (str, bool)):
        return type(left) is type(right) and bool(left == right)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(is_close(*pair, scale, is_exact=is_exact) for pair in pairs)
    before, after = np.asarray(left), np.asarray(right)
    kinds = before.dtype.kind, after.dtype.kind
    if before.shape != after.shape:
        return False
    if not all(kind in "fiu" for kind in kinds):
        return kinds[0] == kinds[1] and is_equal(before, after)
    if scale == 1 and (is_exact or "f" not in kinds):
        return bool(np.array_equal(before, after, equal_nan="f" in kinds))
    return _is_close(before, after, scale)


def _is_close(before: Any, after: Any, scale: float) -> bool:
    """Say whether numbers are the same up to rounding in the coarser of their precisions."""
    is_single = any(array.dtype.kind == "f" and array.dtype.itemsize < 8 for array in (before, after))
    step = float(np.finfo("f4" if is_single else "f8").eps)
    with np.errstate(all="ignore"):
        first, second = before.astype("f8") * scale, after.astype("f8")
        largest = np.maximum(np.abs(first), np.abs(second))
        is_same = (first == second) | (np.abs(first - second) <= UNITS_IN_LAST_PLACE * step * largest)
        # The difference from an infinite number is no rounding.
        is_same &= np.isfinite(largest) | (first == second)
        is_same |= np.isnan(first) & np.isnan(second)
    return bool(is_same.all())


def has_same_content(old: Hooks, new: Hooks) -> bool:
    """Say whether two calibrations declare the same values, up to rounding, in the form in which files hold them.

    Rows and mappings may be in another order, and values have another name in an older form, as far as the type says so.
    """
    form, before = old.exact_values()
    other, after = new.exact_values()
    if type(old) is not type(new) or form != other or not form:
        return False
    before, after = _without_empty(before), _without_empty(after)
    fields = {field.name: field for field in old.FIELDS}
    is_exact = not any(_is_converted(old, new, field) for field in old.FIELDS)
    if before.keys() != after.keys():
        return False
    is_single = any(_is_single(getattr(calib, name)) for calib in (old, new) for name in fields)
    for name, value in before.items():
        others = after[name]
        if name in fields and isinstance(value, str) and isinstance(others, str):
            is_same = value == others or (is_unit(fields[name]) and _is_same_name(value, others))
        else:
            is_converted = name not in fields and is_single
            is_same = is_close(_in_single(value) if is_converted else value, others, is_exact=is_exact)
        if not is_same:
            return False
    return True


def _is_converted(old: Hooks, new: Hooks, field: Field) -> bool:
    """Say whether a field of one calibration is in another unit or precision than that of the other."""
    values = getattr(old, field.name), getattr(new, field.name)
    if all(isinstance(value, str) for value in values):
        return is_unit(field) and values[0] != values[1]
    return _unit(old, field) != _unit(new, field) or not _have_same_precision(*values)


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values without those that are missing, as files may leave them out."""
    return {
        name: value
        for name, value in values.items()
        if value is not None and not (hasattr(value, "__len__") and len(value) == 0)
    }


def _is_single(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.dtype.itemsize < 8


def _in_single(value: Any) -> Any:
    """Return numbers that were made of some in single precision, in single precision."""
    is_double = isinstance(value, np.ndarray) and value.dtype.kind == "f" and math.prod(value.shape) > 0
    return value.astype("f4") if is_double else value
