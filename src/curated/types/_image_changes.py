"""What a change of an image product does: ratios or differences of pixels, and pixels that are lost."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any, Literal, NamedTuple

import numpy as np

from curated.core.geometry import Box
from curated.declare import Array, Conditions, Measure, Reading
from curated.types._image_medians import Numbers, Run

Kind = Literal["ratio", "difference"]

_SIGMA = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

_BEYOND = 5.0
_CACHED_ROWS = 32
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


class _Pair(NamedTuple):
    """Two images of one size, which are compared some rows at a time.

    Parameters
    ----------
    is_good, was_good : `numpy.ndarray`, (rows, columns)
        Pixels that are finite and not masked, now and before.
    run : callable
        What is done to all rows: `map`, or that of a pool of threads.
    """

    old: Any
    new: Any
    is_good: Array
    was_good: Array
    run: Run

    @classmethod
    def of(cls, old: Any, new: Any, run: Run) -> _Pair:
        """Find the good pixels of two images."""
        width, height = _shape(old)
        is_good, was_good = np.empty((height, width), bool), np.empty((height, width), bool)

        def find(box: Box) -> None:
            was_good[box.slices], is_good[box.slices] = good_pixels(old, box), good_pixels(new, box)

        for _ in run(find, _row_boxes(Box(0, 0, width, height))):
            pass
        return cls(old, new, is_good, was_good, run)

    def count_bad(self) -> tuple[int, int, int, int]:
        """Return numbers of pixels that are masked or not finite: before, now, only now, and only before."""
        size, before, now = self.is_good.size, self.was_good, self.is_good
        return (
            size - int(np.count_nonzero(before)),
            size - int(np.count_nonzero(now)),
            int(np.count_nonzero(before > now)),
            int(np.count_nonzero(now > before)),
        )

    def compare(self, name: str, box: Box, kind: Kind) -> Part:
        """Compare the pixels of a box that are good in both images; ratios are taken of pixels that were not zero."""
        with np.errstate(all="ignore"):
            values = self._values(box, kind)
            median = values.median()
            if not values.total:
                return Part(name, np.nan, np.nan, 0)
            distances = values._replace(centre=median)
            scatter = _SIGMA * distances.median()
            return Part(name, median, scatter, distances.count_above(_BEYOND * scatter))

    def _values(self, box: Box, kind: Kind) -> Numbers:
        """Return the ratios or differences of the pixels of a box."""
        is_double = (
            any(calib.planes["IMAGE"].dtype.itemsize == 8 for calib in (self.old, self.new))
            or box.width * box.height < _MANY
        )
        dtype = np.dtype("f8" if is_double else "f4")
        values = np.empty((box.height, box.width), dtype)

        def fill(rows: Box) -> int:
            change = values[rows.y0 - box.y0 : rows.y0 - box.y0 + rows.height]
            with np.errstate(all="ignore"):  # each thread has its own
                before = _pixels(self.old, rows, dtype)
                np.subtract(_pixels(self.new, rows, dtype), before, out=change)
                if kind == "ratio":
                    # Of equal pixels the difference is exactly zero, whatever they are; of zeros there is no ratio.
                    change /= before
                    change *= 100
                is_usable = np.isfinite(change)
            is_usable &= self.was_good[rows.slices]
            is_usable &= self.is_good[rows.slices]
            np.copyto(change, np.inf, where=~is_usable)
            return int(np.count_nonzero(is_usable))

        return Numbers(values.reshape(-1), sum(self.run(fill, _row_boxes(box))), self.run)


def _row_boxes(box: Box) -> Iterator[Box]:
    """Yield some rows of a box after the other, which stay in the cache of the processor."""
    for y0 in range(0, box.height, _CACHED_ROWS):
        yield Box(box.x0, box.y0 + y0, box.width, min(_CACHED_ROWS, box.height - y0))


class _Outcome(NamedTuple):
    """What comes of the comparison of two images.

    Parameters
    ----------
    parts : `list` [`Part`]
        The change of each amplifier, or of the whole image.
    bad : `tuple` [`int`]
        Numbers of bad pixels; see `_Pair.count_bad`.
    """

    parts: list[Part]
    bad: tuple[int, int, int, int]


def compare_images(old: Any, new: Any, conditions: Conditions, kind: Kind) -> _Outcome:
    """Compare the pixels of two images of one size that are good in both.

    Parameters
    ----------
    kind : `str`
        ``ratio`` or ``difference``; ratios are taken of pixels that were not zero.
    """
    width, height = _shape(old)
    boxes = boxes_of(old, conditions)
    with ThreadPoolExecutor(_THREADS) if width * height >= _MANY else nullcontext() as pool:
        pair = _Pair.of(old, new, map if pool is None else pool.map)
        return _Outcome([pair.compare(name, box, kind) for name, box in boxes], pair.count_bad())


class _Latest:
    """The outcome of the pair of images that was compared last: several measures need it."""

    def __init__(self) -> None:
        self._key: tuple[Any, ...] = ()
        self._outcome: _Outcome | None = None

    def outcome(self, old: Any, new: Any, conditions: Conditions, kind: Kind) -> _Outcome | None:
        """Return what comes of the comparison of two images; `None` if they cannot be compared."""
        if any("IMAGE" not in calib.planes for calib in (old, new)) or _shape(old) != _shape(new):
            return None
        is_same = self._key and self._key[0]() is old and self._key[1]() is new
        if not is_same or self._key[2:] != (conditions.detector, kind):
            self._outcome = compare_images(old, new, conditions, kind)
            self._key = weakref.ref(old), weakref.ref(new), conditions.detector, kind
        return self._outcome


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
        outcome = _latest.outcome(old, new, conditions, kind)
        for part in outcome.parts if outcome is not None else ():
            of = {**({"amplifier": part.amplifier} if part.amplifier else {}), **unit}
            value = getattr(part, name)
            if not np.isnan(value):
                yield Reading(value, of=of)

    return compute


def _bad_pixels(kind: Kind, index: int) -> Any:
    def compute(old: Any, new: Any, conditions: Conditions) -> Iterator[Reading]:
        outcome = _latest.outcome(old, new, conditions, kind)
        if outcome is not None:
            yield Reading(outcome.bad[index], outcome.bad[0], outcome.bad[1])

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
            compute=_bad_pixels(kind, 2),
            worse="more",
            notable=100,
            additive=True,
        ),
        Measure(
            name="bad_pixels_lost",
            unit="pix",
            doc="Pixels that were masked or not finite before and are not now.",
            compute=_bad_pixels(kind, 3),
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
