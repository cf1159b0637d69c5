"""Units of the pixels of images, which side files and headers spell in many ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from curated.core.diagnostic import Problem, brief
from curated.core.units import is_same_unit, text_unit

_SPELLINGS = ("", "adu", "electron", "adu/s", "electron/s")
"""Units of pixels."""

_OTHER_UNITS = {
    "1": "",
    "electrons": "electron",
    "e-": "electron",
    "electrons/s": "electron/s",
    "e-/s": "electron/s",
}


def spelled_unit(unit: str) -> str:
    """Return a unit as the types spell it, many cameras write ADU and e-; one of another kind as it is."""
    name = text_unit(unit.strip().lower().replace(" / ", "/"))
    name = _OTHER_UNITS.get(name, name)
    if name in _SPELLINGS:
        return name  # without astropy, which takes longer to load than an image to check
    return next((spelling for spelling in _SPELLINGS if is_same_unit(name, spelling)), unit.strip())


def unit_of(
    declared: str | None, header: Mapping[str, Any], choices: Sequence[str]
) -> tuple[str, list[Problem]]:
    """Return the unit of an image's pixels, and what is wrong with it.

    Parameters
    ----------
    declared : `str`, optional
        Unit that the side file gives.
    header : `dict`
        Header of the image, with or without BUNIT.
    choices : sequence [`str`]
        Units that such an image may have, the usual one first.
    """
    bunit = spelled_unit(header["BUNIT"]) if isinstance(header.get("BUNIT"), str) else None
    if declared is not None:
        is_wrong = bunit is not None and bunit != spelled_unit(declared)
        detail = f"unit is {declared!r}, but BUNIT of the image is {bunit!r}"
        return declared, [Problem("CAL348", ("unit",), detail)] if is_wrong else []
    if bunit is None:
        detail = f"neither unit nor BUNIT of the image says what its pixels are; {choices[0]!r} is assumed"
        return choices[0], [Problem("CAL411", (), detail)] if choices[0] else []
    if bunit not in choices:
        detail = f"BUNIT of the image is {brief(bunit)}, not one of {', '.join(map(repr, choices))}"
        return bunit, [Problem("CAL348", ("image", "file"), detail)]
    return bunit, []
