"""What a change of an image product does: ratios or differences of pixels, and pixels that are lost."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, NamedTuple

import numpy as np

from curated.core.geometry import Box
from curated.declare import Array, Conditions, Measure, Reading

Kind = Literal["ratio", "difference"]

_SIGMA = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

_BEYOND = 5.0
_ROWS = 512
_CACHED_ROWS = 64
_MANY = 2**22
"""Number of pixels from which those in single precision are compared in single precision, and by several threads."""

_THREADS = 2


class Part(NamedTuple):
    """The change of the pixels of an amplifier, or of an image.

    Parameters
    ----------
    amplifier : `str`
        Name; empty for a whole image.
    median, scatter : `float`
        Median and robust standard deviation of the ratio in per cent less 100, or of the difference; NaN if no
        pixel is good in both images.
    outliers : `int`
        Pixels more than 5 of these standard deviations from the median.
    """

    amplifier: str
    median: float
    scatter: float
    outliers: int


def boxes_of(calib: Any, conditions: Conditions) -> list[tuple[str, Box]]:
    """Return the amplifiers with their boxes where all are known and within the image, else the whole image."""
    plane = calib.planes["IMAGE"]
    amplifiers = conditions.detector.amplifiers if conditions.detector is not None else ()
    boxes = [(amplifier.name, amplifier.box) for amplifier in amplifiers]
    is_known = boxes and all(
        b.width > 0 and b.height > 0 and b.x0 + b.width <= plane.width and b.y0 + b.height <= plane.height
        for _, b in boxes
    )
    return boxes if is_known else [("", Box(0, 0, plane.width, plane.height))]


def good_pixels(calib: Any, box: Box) -> Array:
    """Return which pixels of a box are finite and not masked, (rows, columns)."""
    is_good: Array = np.isfinite(calib.planes["IMAGE"].mapped[box.slices])
    if "MASK" in calib.planes:
        is_good &= calib.planes["MASK"].mapped[box.slices] == 0
    return is_good


def scale_of(calib: Any) -> float:
    """Return the value of a pixel that counts as one: the normalisation of a flat, or the time of a dark."""
    level = getattr(calib, "normalisation", None) or (getattr(calib, calib.TIME) if calib.TIME else None)
    return float(level) if level and np.isfinite(level) else 1.0


def _pixels(calib: Any, box: Box, dtype: np.dtype[Any]) -> Array:
    pixels: Array = calib.planes["IMAGE"].mapped[box.slices].astype(dtype)
    level = scale_of(calib)
    if level != 1:
        pixels /= dtype.type(level)
    return pixels


def _values_of(old: Any, new: Any, box: Box, kind: Kind) -> Array:
    """Return the ratios or differences of the pixels of a box that are good in both images, in any order."""
    is_double = (
        any(calib.planes["IMAGE"].dtype.itemsize == 8 for calib in (old, new))
        or box.width * box.height < _MANY
    )
    dtype = np.dtype("f8" if is_double else "f4")

    def changes(y0: int) -> Array:
        rows = Box(box.x0, box.y0 + y0, box.width, min(_CACHED_ROWS, box.height - y0))
        with np.errstate(all="ignore"):  # each thread has its own
            is_good = good_pixels(old, rows) & good_pixels(new, rows)
            before, change = _pixels(old, rows, dtype), _pixels(new, rows, dtype)
            change -= before
            if kind == "ratio":
                is_good &= before != 0
                # Of equal pixels the difference is exactly zero, whatever they are.
                change /= before
                change *= 100
            is_good &= np.isfinite(change)
            good_changes: Array = change[is_good]
        return good_changes

    # Some rows at a time stay in the cache of the processor.
    starts = range(0, box.height, _CACHED_ROWS)
    if box.width * box.height < _MANY:
        return np.concatenate([changes(y0) for y0 in starts])
    with ThreadPoolExecutor(_THREADS) as pool:
        return np.concatenate(list(pool.map(changes, starts)))


def compare_pixels(old: Any, new: Any, name: str, box: Box, kind: Kind) -> Part:
    """Compare the pixels of a box that are good in both images.

    Parameters
    ----------
    old, new : `ImageCalib`
        Images of one size.
    kind : `str`
        ``ratio`` or ``difference``; ratios are taken of pixels that were not zero.
    """
    with np.errstate(all="ignore"):
        values = _values_of(old, new, box, kind)
        if not values.size:
            return Part(name, np.nan, np.nan, 0)
        # Medians may change the order of the values, which no longer matters.
        median = float(np.median(values, overwrite_input=True))
        values -= values.dtype.type(median)
        np.abs(values, out=values)
        scatter = _SIGMA * float(np.median(values, overwrite_input=True))
        return Part(name, median, scatter, int(np.count_nonzero(values > _BEYOND * scatter)))


class _Latest:
    """The parts of the pair of images that was compared last: several measures need them."""

    def __init__(self) -> None:
        self._key: tuple[Any, ...] = ()
        self._parts: list[Part] = []
        self._bad_key: tuple[Any, ...] = ()
        self._bad = (0, 0, 0, 0)

    def bad(self, old: Any, new: Any) -> tuple[int, int, int, int]:
        """Return the numbers of bad pixels of two images; see `count_bad`."""
        if not self._bad_key or self._bad_key[0]() is not old or self._bad_key[1]() is not new:
            self._bad_key, self._bad = (weakref.ref(old), weakref.ref(new)), count_bad(old, new)
        return self._bad

    def parts(self, old: Any, new: Any, conditions: Conditions, kind: Kind) -> list[Part]:
        """Return the parts of two images; none if they cannot be compared."""
        if any("IMAGE" not in calib.planes for calib in (old, new)) or _shape(old) != _shape(new):
            return []
        is_same = self._key and self._key[0]() is old and self._key[1]() is new
        if not is_same or self._key[2:] != (conditions.detector, kind):
            self._key = weakref.ref(old), weakref.ref(new), conditions.detector, kind
            boxes = boxes_of(old, conditions)
            self._parts = [compare_pixels(old, new, name, box, kind) for name, box in boxes]
        return self._parts


_latest = _Latest()


def _shape(calib: Any) -> tuple[int, int]:
    return calib.planes["IMAGE"].width, calib.planes["IMAGE"].height


def _unit_part(old: Any, new: Any) -> dict[str, str]:
    """Return the unit of the pixels where it is not in adu, as part of what a reading is of."""
    units = [calib.unit or "" for calib in (old, new)]
    if units[0] != units[1]:
        return {"unit": f"{units[1] or 'none'}, before {units[0] or 'none'}"}
    return {} if units[0].startswith("adu") else {"unit": units[0] or "none"}


def _values(kind: Kind, name: str) -> Any:
    def compute(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
        unit = _unit_part(old, new) if kind == "difference" else {}
        for part in _latest.parts(old, new, conditions, kind):
            of = {**({"amplifier": part.amplifier} if part.amplifier else {}), **unit}
            value = getattr(part, name)
            if not np.isnan(value):
                yield Reading(value, of=of)

    return compute


def count_bad(old: Any, new: Any) -> tuple[int, int, int, int]:
    """Return numbers of pixels that are masked or not finite: before, now, only now, and only before."""
    counts = np.zeros(4, "i8")
    width, height = _shape(old)
    for y0 in range(0, height, _ROWS):
        box = Box(0, y0, width, min(_ROWS, height - y0))
        before, now = ~good_pixels(old, box), ~good_pixels(new, box)
        counts += [int(mask.sum()) for mask in (before, now, now & ~before, before & ~now)]
    first, second, gained, lost = counts.tolist()
    return first, second, gained, lost


def _bad_pixels(index: int) -> Any:
    def compute(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
        if all("IMAGE" in calib.planes for calib in (old, new)) and _shape(old) == _shape(new):
            counts = _latest.bad(old, new)
            yield Reading(counts[index], counts[0], counts[1])

    return compute


def _sizes(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    if all("IMAGE" in calib.planes for calib in (old, new)):
        for side, before, after in zip(("columns", "rows"), _shape(old), _shape(new), strict=True):
            yield Reading(after - before, before, after, {"side": side})


def image_measures(kind: Kind, unit: str = "%", *, notable: float, level: str = "") -> tuple[Measure, ...]:
    """Return the measures of an image product.

    Parameters
    ----------
    kind : `str`
        ``ratio`` of images that others are divided by or scaled to, or ``difference`` of those that are subtracted.
    unit : `str`, optional
        Unit of the differences of images in adu.
    notable : `float`
        Notable change of the median.
    level : `str`, optional
        By what pixels are divided first, in words.
    """
    what = "ratio new / old - 1" if kind == "ratio" else "difference new - old"
    what += f" of good pixels{level}"
    where = "of each amplifier where the detector is known, else of the image"
    return (
        Measure(
            name=f"median_{kind}",
            unit=unit,
            doc=f"Median of the {what}, {where}.",
            compute=_values(kind, "median"),
            notable=notable,
        ),
        Measure(
            name="robust_scatter",
            unit=unit,
            doc=f"1.4826 times the median absolute deviation of the {what}, {where}.",
            compute=_values(kind, "scatter"),
            worse="more",
            notable=notable,
        ),
        Measure(
            name="outlying_pixels",
            unit="pix",
            doc=f"Pixels whose {kind} is more than 5 times the robust scatter from the median, {where}.",
            compute=_values(kind, "outliers"),
            worse="more",
            notable=1000,
            additive=True,
        ),
        Measure(
            name="bad_pixels_gained",
            unit="pix",
            doc="Pixels that are masked or not finite now and were not before.",
            compute=_bad_pixels(2),
            worse="more",
            notable=100,
            additive=True,
        ),
        Measure(
            name="bad_pixels_lost",
            unit="pix",
            doc="Pixels that were masked or not finite before and are not now.",
            compute=_bad_pixels(3),
            notable=100,
            additive=True,
        ),
        Measure(
            name="size_change",
            unit="pix",
            doc="Change of the number of columns and of rows; images of different sizes are not compared otherwise.",
            compute=_sizes,
            notable=0.1,
        ),
    )
