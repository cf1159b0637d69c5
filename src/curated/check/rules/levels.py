"""Rules on the levels of flats of several detectors, against what they say that they are normalised to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from curated.check.rules.context import Context
from curated.core.diagnostic import Problem
from curated.core.keys import CalibFile
from curated.core.times import iso
from curated.registry import get_type
from curated.types._image_statistics import LARGE_SCALE

TOLERANCE = 0.05
"""Largest distance of the middle of a focal plane from its normalisation: some divide by its mean, some by its median."""

_SPREAD = 0.2
"""Usual standard deviation of the levels of the detectors of a focal plane: gains, efficiencies and vignetting."""

_EXACT, _ERRORS = 0.002, 4.0
"""Part by which the level of a flat that was divided by its own is beyond that, and errors of a median that add to it."""

_FEWEST = 2
"""Number of flats divided by their own levels which shows that all of an epoch are."""

_ODD = 0.02
"""Part by which the level of a flat is beyond its median and mean, where the others of the epoch were normalised by
themselves; see `curated.types._image_statistics.sole_divisor_problems`."""

_MOST_NAMES = 4

_LEVEL = "level"
"""Quantity of the trace with median and mean in units of the normalisation."""


class _Level(NamedTuple):
    """The level of a flat: median and mean of its pixels, and the error of the mean, in units of its normalisation."""

    file: CalibFile
    median: float
    mean: float
    error: float

    @property
    def is_exact(self) -> bool:
        """Whether the flat was divided by its own median or mean."""
        return min(abs(self.median - 1), abs(self.mean - 1)) <= _EXACT + _ERRORS * self.error

    @property
    def is_far(self) -> bool:
        """Whether the level is a finding without those of the other detectors."""
        return not 1 / LARGE_SCALE <= self.median <= LARGE_SCALE

    def is_within(self, tolerance: float) -> bool:
        """Say whether the normalisation is between median and mean, or beyond them by less than a part of them."""
        least, largest = sorted((self.median, self.mean))
        return least * (1 - tolerance) <= 1 <= largest * (1 + tolerance)


def wrong_levels(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield flats of several detectors whose levels are not what they are normalised to.

    Flats of a focal plane that are divided by one number leave it at its mean or median, however much the levels of
    the detectors differ. Flats that are divided by their own level are all at it, and one of them that is not is odd.
    """
    for (instrument, _, _), files in _groups(context).items():
        entry = context.declared.get(instrument)
        count = len(entry.detectors) if entry is not None else 0
        if count == 1:
            continue  # what the only detector has is known without others
        tolerance = _tolerance(context, files[0])
        reported_paths: set[str] = set()
        for start in sorted({file.start for file in files}):
            levels = _in_force(context, files, start)
            problems = list(_problems(levels, start, count, tolerance))
            # Later epochs with the same flats say nothing new.
            new_problems = [(path, problem) for path, problem in problems if path not in reported_paths]
            yield from new_problems
            reported_paths.update(path for path, _ in new_problems)
            if any(problem.code == "CAL371" for _, problem in new_problems):
                reported_paths.update(level.file.path for level in levels)


def _groups(context: Context) -> Mapping[tuple[str, str, str], list[CalibFile]]:
    """Return the files with levels by instrument, type and filter, in the order of their paths."""
    groups: dict[tuple[str, str, str], list[CalibFile]] = {}
    for key, epochs in context.epochs.items():
        if any(c.quantity == _LEVEL and c.is_shared for c in get_type(key.type).SPEC.comparisons):
            groups.setdefault((key.instrument, key.type, key.filter), []).extend(epochs)
    return {group: sorted(files, key=lambda file: file.path) for group, files in groups.items()}


def _tolerance(context: Context, file: CalibFile) -> float:
    """Return the largest distance from the normalisation that an instrument allows."""
    instrument = context.declared.get(file.key.instrument)
    for bound in instrument.bounds if instrument is not None else ():
        if (bound.type, bound.quantity) == (file.key.type, _LEVEL) and bound.maximum is not None:
            return bound.maximum
    return TOLERANCE


def _in_force(context: Context, files: Sequence[CalibFile], time: datetime) -> list[_Level]:
    """Return the levels of the flats that are in force at a time."""
    levels = []
    for file in files:
        report = context.reports[file.path]
        if report.deprecation is not None or time not in context.ranges[file.path]:
            continue
        values = next((trace.values for trace in report.traces if trace.quantity == _LEVEL), None)
        if values is not None and np.isfinite(values).all():
            levels.append(_Level(file, *values.ravel().tolist()))
    return levels


def _problems(
    levels: Sequence[_Level], start: datetime, count: int, tolerance: float
) -> Iterator[tuple[str, Problem]]:
    """Yield what is wrong with the flats that are in force at a start, each with the path of a flat.

    Parameters
    ----------
    count : `int`
        Number of detectors of the instrument; 0 if that is not known.
    """
    if not levels or (not count and len(levels) == 1):
        return
    exact_count = sum(level.is_exact for level in levels)
    if exact_count >= _FEWEST and exact_count > len(levels) / 2:
        for level in levels:
            if not level.is_within(_ODD) and not level.is_far:
                detail = _odd(level, exact_count, len(levels))
                yield level.file.path, Problem("CAL353", ("normalisation",), detail)
        return
    medians, means = [level.median for level in levels], [level.mean for level in levels]
    middles = (float(np.median(medians)), float(np.mean(medians)), float(np.mean(means)))
    # Where only some of the detectors have a flat, their middle is that of a sample.
    part = max(0.0, 1 - len(levels) / count) if count else 0.0
    limit = tolerance + _SPREAD * math.sqrt(part / len(levels))
    if min(middles) * (1 - limit) <= 1 <= max(middles) * (1 + limit):
        return
    new_levels = [level for level in levels if level.file.start == start and not level.is_within(tolerance)]
    if all(level.is_far for level in levels):
        return  # each of them is a finding
    worst = max(new_levels or levels, key=lambda level: abs(math.log(level.median)))
    yield (
        worst.file.path,
        Problem("CAL371", ("normalisation",), _wrong(levels, middles[0], start, count, limit)),
    )


def _odd(level: _Level, count: int, total: int) -> str:
    return (
        f"the median of the pixels is {level.median:.4g} times the normalisation, but {count} of the {total} "
        f"detectors' flats are normalised to their own level: images are divided by {level.median:.3g}"
    )


def _wrong(levels: Sequence[_Level], middle: float, start: datetime, count: int, limit: float) -> str:
    names = [level.file.key.detector for level in levels]
    others = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    of = f" of {count}" if count > len(levels) else ""
    return (
        f"the flats of {len(levels)}{of} detectors in force at {iso(start)} ({', '.join(names[:_MOST_NAMES])}{others}) "
        f"have a median level of {middle:.4g} times their normalisation, more than {100 * limit:.3g} % from it: "
        f"images are divided by {middle:.3g} on the average"
    )
