"""Levels, statistics and times of images against their pixels and headers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from curated.core.diagnostic import Pointer, Problem
from curated.declare import Bound, Comparison

_LARGEST_SCALE, LARGE_SCALE = 4.0, 1.5
"""Ratios of a flat's level to its normalisation: beyond the first it is another quantity; beyond the second it is odd.

A flat that is normalised over a focal plane has another level on each detector, by its gain, efficiency and vignetting.
"""

_SOLE_TOLERANCE = 0.02
"""Largest part by which the level of the only detector of an instrument is beyond its mean and median.

Such a flat is divided by one of them; bad pixels, which may have been left out or not, move them less.
"""

_TOLERANCE = {"mean": 0.01, "median": 0.01, "standard_deviation": 0.05}
"""Largest relative differences of statistics, which may be rounded, or those of pixels before a last correction."""

_SPREAD_TOLERANCE = 0.05
"""Largest difference of a mean and a median in standard deviations of the pixels, which matters where they are near zero."""


def _levels(calib: Any) -> dict[str, list[float]] | None:
    """Return median and mean of a flat and the error of the mean, in units of its normalisation.

    `None` is returned if it has no pixels, or none that images can be divided by.
    """
    measured, level = calib.measured, calib.normalisation
    median = measured.get("median", 0.0)
    if not median > 0 or "mean" not in measured or not 0 < level < math.inf:
        return None
    count = calib.planes["IMAGE"].width * calib.planes["IMAGE"].height - measured["bad_pixels"]
    error = measured.get("standard_deviation", 0.0) / math.sqrt(count)
    return {"": [median / level, measured["mean"] / level, error / level]}


LEVEL = Comparison(
    quantity="level",
    values=_levels,
    doc="Median and mean of the good pixels, in units of the normalisation.",
    factor=0.0,
    exchange="",
    place="normalisation",
    is_shared=True,
)
"""The level of a flat beside those of the other detectors."""

LEVEL_BOUND = Bound(
    quantity="level",
    values=lambda _: None,
    unit="of the normalisation",
    maximum=0.05,
    code="CAL371",
    doc="Distance of the middle of all detectors' levels from their normalisation.",
    source="Mean and median of a focal plane, with and without its bad pixels, differ by some per cent.",
)
"""How far the middle of the flats of a focal plane may be from what they are normalised to."""


def statistic_problems(
    declared_values: Mapping[str, float | None], measured: Mapping[str, float]
) -> Iterator[Problem]:
    """Yield the statistics of a side file that the pixels do not have.

    Parameters
    ----------
    declared_values, measured : `dict` [`str`, `float`]
        The statistics that the side file gives, and those of the pixels, by field name; see
        `curated.image.planes.statistics`.
    """
    spread = measured.get("standard_deviation", 0.0)
    for name, tolerance in _TOLERANCE.items():
        declared, actual = declared_values.get(name), measured.get(name)
        if declared is None:
            continue
        place = ("statistics", name)
        if actual is None:
            yield Problem("CAL354", place, f"{name} is {declared:g}, but no pixel is good")
            continue
        limit = tolerance * max(abs(declared), abs(actual))
        limit += _SPREAD_TOLERANCE * spread if name != "standard_deviation" else 0.0
        if not abs(declared - actual) <= limit:
            yield Problem("CAL354", place, f"{name} is {declared:g}, that of the pixels {actual:g}")
    count = measured["bad_pixels"]
    declared = declared_values.get("bad_pixels")
    if declared is not None and declared != count:
        detail = f"bad_pixels is {declared:g}, but {count:g} pixels are masked or not finite"
        yield Problem("CAL354", ("statistics", "bad_pixels"), detail)


def divisor_problems(level: float, name: str, measured: Mapping[str, float]) -> Iterator[Problem]:
    """Yield a divisor whose pixels are far from the level that leaves an image unchanged.

    Parameters
    ----------
    level : `float`
        Value of a pixel that divides by one.
    name : `str`
        Field with that value; empty where it is always one.
    measured : `dict` [`str`, `float`]
        What `curated.image.planes.statistics` returns of its planes.
    """
    place: Pointer = (name,) if name else ("image", "file")
    label = f"{name} is {level:g}, but " if name else ""
    median = measured.get("median")
    if not 0 < level < math.inf:
        yield Problem(
            "CAL352", place, f"{name} is {level:g}: images cannot be divided by pixels relative to it"
        )
        return
    if median is None:
        yield Problem("CAL352", place, "no pixel is good, so every image divided by it is lost")
        return
    if not median > 0:
        yield Problem(
            "CAL352", place, f"{label}the median of the pixels is {median:g}: images cannot be divided by it"
        )
        return
    ratio = median / level
    detail = f"{label}the median of the pixels is {median:g}: images are divided by {ratio:.3g}"
    if not 1 / _LARGEST_SCALE <= ratio <= _LARGEST_SCALE:
        yield Problem("CAL352", place, detail)
    elif not 1 / LARGE_SCALE <= ratio <= LARGE_SCALE:
        yield Problem("CAL353", place, detail)


def sole_divisor_problems(level: float, name: str, measured: Mapping[str, float]) -> Iterator[Problem]:
    """Yield a divisor of the only detector of an instrument whose level is neither mean nor median of its pixels.

    Where there are several detectors, each may have a level of its own by tens of per cent, because all of them were
    divided by the same number; see `divisor_problems`.

    Parameters
    ----------
    level, name, measured : `float`, `str`, `dict`
        See `divisor_problems`.
    """
    mean, median = (measured.get(key, math.nan) for key in ("mean", "median"))
    least, largest = min(mean, median) * (1 - _SOLE_TOLERANCE), max(mean, median) * (1 + _SOLE_TOLERANCE)
    if level < least or level > largest:
        detail = (
            f"{name} is {level:g}, but the only detector of the instrument has a median of {median:g} and a "
        )
        yield Problem(
            "CAL353", (name,), f"{detail}mean of {mean:g}: images are divided by {median / level:.3g}"
        )


def empty_problems(measured: Mapping[str, float]) -> Iterator[Problem]:
    """Yield an image of which no pixel is good."""
    if measured and "median" not in measured:
        yield Problem("CAL374", ("image", "file"), "no pixel is good: all are masked or not finite")


def rate_problems(rate: float, place: Pointer) -> Iterator[Problem]:
    """Yield a dark signal (adu or electron per second) that detectors in use do not have."""
    if not _LEAST_RATE <= rate <= _LARGEST_RATE:
        detail = f"the median of the pixels is {rate:.6g} per second of dark time, not {_LEAST_RATE:g} to {_LARGEST_RATE:g}"
        yield Problem("CAL375", place, detail)


def pattern_problems(measured: Mapping[str, float]) -> Iterator[Problem]:
    """Yield a pattern that cannot be fitted to an image: no good pixels, or all of them equal."""
    place = ("image", "file")
    if "median" not in measured:
        yield Problem("CAL355", place, "no pixel is good")
    elif measured.get("standard_deviation") == 0:
        yield Problem("CAL355", place, f"all good pixels are {measured['median']:g}, which is no pattern")


def time_problems(name: str, seconds: float, header: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a time of the side file that the image's own header contradicts.

    Parameters
    ----------
    name : `str`
        Field with the time, such as ``dark_time``.
    seconds : `float`
        Its value; pixels per second have none.
    header : `dict`
        Header of the image.
    """
    for keyword in dict.fromkeys((_TIME_KEYWORDS[name], "EXPTIME")):
        value = header.get(keyword)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            continue
        if not math.isclose(value, seconds, rel_tol=0.1):
            detail = f"{name} is {seconds:g} s, but {keyword} of the image is {value:g}"
            yield Problem("CAL357", (name,), detail)
        return


_LEAST_RATE, _LARGEST_RATE = -10.0, 1000.0
"""Limits of dark signals: 1e-4 to 1 per second of cooled CCDs, 100 of CMOS sensors at room temperature; below zero by noise."""

_TIME_KEYWORDS = {"dark_time": "DARKTIME", "exposure_time": "EXPTIME"}
"""Keywords of images by the field with the time."""
