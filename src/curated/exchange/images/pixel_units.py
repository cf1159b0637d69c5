"""The unit of the pixels of a foreign image: stated by its header or by a person, converted, or asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from curated.core.diagnostic import Problem, brief
from curated.declare import Array
from curated.exchange.foreign import Target
from curated.types._image_units import spelled_unit

_NO_UNIT = frozenset(("", "none", "1", "dimensionless"))
_COUNTS = frozenset(("count", "counts", "ct", "cts", "dn", "count/s", "counts/s", "ct/s", "dn/s"))
"""Units of numbers that a camera gave, which may be adu or electrons."""


def settle_unit(target: Target, header: Mapping[str, Any], pixels: Array) -> tuple[str, float, list[Problem]]:
    """Return the unit of an image's pixels among those of the type, and the factor that converts them into it.

    CCDData writes no BUNIT for plain numbers: pixels about one are taken for such in types that may have them.

    Returns
    -------
    unit : `str`
        One of the type's units; the first one where there is a problem.
    factor : `float`
        By which the pixels are multiplied.
    problems : `list` [`Problem`]
        Why the unit is not known, or that it was converted.
    """
    choices = next(field.choices for field in target.cls.FIELDS if field.name == "unit")
    option = target.conventions.units.get("")
    stated = header.get("BUNIT")
    names = ", ".join(choice or "none" for choice in choices)
    hint = f"--unit says it: {names}"
    if option is not None:
        return _chosen(option, stated, choices, hint)
    if stated is None and "" in choices and (len(choices) == 1 or _is_about_one(pixels)):
        detail = "no BUNIT says what the unit of the pixels is; they are about 1, and taken for plain numbers"
        return "", 1.0, [Problem("CAL718", (), detail, hint)] if len(choices) > 1 else []
    if stated is None:
        detail = "no BUNIT says what the unit of the pixels is"
        return choices[0], 1.0, [Problem("CAL714", (), detail, hint)]
    unit = _spelled(str(stated))
    if unit in choices:
        return unit, 1.0, []
    factor, converted = _conversion(unit, choices)
    if converted is not None:
        detail = (
            f"pixels in {brief(stated)} were multiplied by {factor:g}, and are in {converted or 'no unit'}"
        )
        return converted, factor, [Problem("CAL718", (), detail)]
    detail = f"BUNIT is {brief(stated)}, which is not one of {names}"
    return choices[0], 1.0, [Problem("CAL714", (), detail, hint)]


def _is_about_one(pixels: Array) -> bool:
    """Say whether the median of an image is within a factor of two of one."""
    finite = pixels[np.isfinite(pixels)]
    return bool(finite.size) and 0.5 < float(np.median(finite)) < 2


def _chosen(
    option: str, stated: Any, choices: tuple[str, ...], hint: str
) -> tuple[str, float, list[Problem]]:
    """Return the unit that a person gave, unless the header says that it is another one."""
    unit = _spelled(option)
    if unit not in choices:
        return choices[0], 1.0, [Problem("CAL714", (), f"--unit {option} is no unit of this type", hint)]
    header_unit = unit if stated is None else _spelled(str(stated))
    is_unclear = (
        header_unit.lower() in _COUNTS or not header_unit or _conversion(header_unit, choices)[1] is None
    )
    if header_unit == unit or is_unclear:
        return unit, 1.0, []
    detail = f"--unit says {unit or 'none'}, but BUNIT of the image {brief(stated)}"
    return unit, 1.0, [Problem("CAL714", (), detail, "leave --unit out, or correct BUNIT")]


def _spelled(text: str) -> str:
    return "" if text.strip().lower() in _NO_UNIT else spelled_unit(text)


def _conversion(unit: str, choices: tuple[str, ...]) -> tuple[float, str | None]:
    """Return a factor and the unit of the type that it converts into; `None` if there is no such unit."""
    from astropy.units import Unit, UnitConversionError

    if unit in choices:
        return 1.0, unit
    try:
        parsed = Unit(unit)
    except (ValueError, TypeError):
        return 1.0, None
    for choice in choices:
        try:
            return float(parsed.to(Unit(choice))), choice
        except UnitConversionError:
            continue
    return 1.0, None
