"""A calibration as lines that git can compare: its keywords, its physical quantities, and its values in short."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from curated.calib import Calib
from curated.calib.keywords import content_keywords
from curated.declare import Conditions
from curated.difference.change import part_text
from curated.report.text import printable

_CHANGE = re.compile(r"_(?:change|shift|gained|lost|ratio|difference)(?=_|\Z)")
_PARTS = frozenset({"band", "amplifier", "edge", "detector", "centre", "boundary"})
"""Names of parts that every calibration of a type has; others are those at which two calibrations differ most."""

_CLOCKS = frozenset({"DATE", "CALIB_CREATION_DATE", "CALIB_CREATION_TIME"})
"""Keywords that say when a program ran, and nothing about the calibration."""

_OF_VALIDITY = ("VALIDSTART", "VALIDEND")
_MOST_QUANTITIES = 1000
_MOST_NUMBERS = 1024
"""Most elements of an array whose numbers are shown; of a larger one it is its range."""

_DIGITS = 12


def calibration_lines(calib: Calib, conditions: Conditions) -> Iterator[str]:
    """Yield the lines of a calibration; what its text says otherwise of the same values makes no difference.

    Parameters
    ----------
    conditions : `Conditions`
        Under which conditions its quantities are measured.
    """
    yield f"{calib.SPEC.name}: {calib.SPEC.title}"
    keywords = content_keywords(calib.SPEC, calib.metadata)
    keywords |= {key: calib.metadata[key] for key in _OF_VALIDITY if calib.metadata.get(key)}
    for key, value in sorted(keywords.items()):
        if key not in _CLOCKS:
            yield printable(f"  {key}: {value}")
    # Without its pixels, nothing is known of an image.
    quantities = dict(_quantities(calib, conditions)) if calib.companion() is None else {}
    if quantities:
        yield "quantities"
    for name, number in quantities.items():
        yield printable(f"  {name}: {number}")
    yield "values"
    for field in calib.FIELDS:
        value = getattr(calib, field.name)
        if value is not None and not field.keyword:
            unit = calib.units.get(field.name, "") or field.unit
            yield from _value_lines(f"{field.name}{f' ({unit})' if unit else ''}", value, "  ")


def _quantities(calib: Calib, conditions: Conditions) -> Iterator[tuple[str, str]]:
    """Yield name and number of each quantity whose change is a measure of the type."""
    count = 0
    for measure in calib.SPEC.measures:
        # The difference from itself has the quantity as it was and is.
        for reading in measure.compute(calib, calib, conditions):
            if reading.old is None or not _PARTS.issuperset(reading.of) or count >= _MOST_QUANTITIES:
                continue
            count += 1
            of = part_text(reading.of)
            yield f"{_CHANGE.sub('', measure.name)}{f' {of}' if of else ''}", f"{reading.old:.7g}"


def _value_lines(name: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield printable(f"{indent}{name}")
        for key, item in value.items():
            yield from _value_lines(str(key), item, f"{indent}  ")
    elif isinstance(value, np.ndarray) and value.ndim:
        yield printable(f"{indent}{name}: {_array_text(value)}")
        if 1 < value.size <= _MOST_NUMBERS and value.ndim > 1:
            for row in value.reshape(-1, value.shape[-1]):
                yield printable(f"{indent}  {' '.join(map(_number_text, row.tolist()))}")
    else:
        yield printable(f"{indent}{name}: {_number_text(value)}")


def _array_text(value: np.ndarray[Any, Any]) -> str:
    shape = "x".join(map(str, value.shape))
    numbers = value[np.isfinite(value)] if value.dtype.kind in "fc" else value
    if value.size <= _MOST_NUMBERS // 32 and value.ndim == 1:
        return " ".join(map(_number_text, value.tolist()))
    digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:_DIGITS]
    if value.dtype.kind not in "iuf" or not numbers.size:
        return f"{shape}, sha256 {digest}"
    extremes = f"{_number_text(numbers.min())} to {_number_text(numbers.max())}"
    return f"{shape}, {extremes}, mean {numbers.mean():.7g}, sha256 {digest}"


def _number_text(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float | np.floating) else str(value)
