"""How changes are written everywhere: numbers, effects, ranges of time, and the names of pictures."""

from __future__ import annotations

import hashlib
import math
import posixpath
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from curated.core.times import iso
from curated.difference.change import Change, Effect, part_text
from curated.package.validity import Range

CLOCKS = frozenset({"DATE", "CALIB_CREATION_DATE", "CALIB_CREATION_TIME"})
"""Keywords that only say when a file was written."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")
_LONGEST = 120


class Picture(NamedTuple):
    """A picture of a change.

    Parameters
    ----------
    svg : `str`
        The picture as an SVG document.
    alt : `str`
        What it shows, for people who do not see it.
    """

    svg: str
    alt: str


def number_text(value: float, *, signed: bool = False) -> str:
    """Return a number with four significant digits, and all digits before the decimal point up to 1e9."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else f"{value:+}"
    sign = "+" if signed else ""
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):{sign},}"
    if 1000 <= abs(value) < 1e9:
        return f"{value:{sign},.0f}"
    return f"{value:{sign}.4g}"


def effect_text(effect: Effect) -> str:
    """Return an effect, such as ``zero_point_shift (u) -409.3 mmag``."""
    of = part_text(effect.reading.of)
    value = number_text(effect.reading.value, signed=True)
    parts = (effect.measure.name, f"({of})" if of else "", value, effect.measure.unit)
    return " ".join(part for part in parts if part)


def different_names(change: Change) -> tuple[str, ...]:
    """Return the names of the values and keywords that differ, but for those of clocks."""
    return *change.fields, *(name for name in change.keywords if name not in CLOCKS)


def range_text(valid: Range) -> str:
    """Return a range, such as ``from 2024-01-01T00:00:00 UTC on``."""
    if valid.end is None:
        return f"from {iso(valid.start)} UTC on"
    return f"from {iso(valid.start)} to {iso(valid.end)} UTC"


def alternative_text(change: Change) -> str:
    """Return what a picture of a change shows, for people who do not see it."""
    if change.old is None:
        what = "The calibration that begins, where nothing was in force"
    elif change.new is None:
        what = "The calibration that ends, where nothing takes its place"
    else:
        what = "Before, after and their difference"
    effects = "; ".join(effect_text(effect) for effect in change.effects[:3])
    return f"{what}: {change.key}. {f'Largest effects: {effects}.' if effects else 'No measure changed.'}"


def group_text(changes: Sequence[Change], most: int = 8) -> str:
    """Return what a change is of: a key, or the detectors and filters that share a file, such as ``demo/bfk: d00, d01``.

    Parameters
    ----------
    changes : sequence [`Change`]
        One of the groups of `~curated.difference.change.Difference.groups`.
    most : `int`, optional
        Number of detectors and filters that are named; the others are counted.
    """
    key = changes[0].key
    if len(changes) == 1:
        return str(key)
    names = ["/".join(filter(None, (change.key.detector, change.key.filter))) for change in changes]
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{key.instrument}/{key.type}: {', '.join(names[:most])}{more}"


def change_names(changes: Iterable[Change]) -> list[str]:
    """Return a name for each change, of letters, digits and ``.+_-``, by which files and anchors are named.

    No two names of a list differ in case alone.
    """
    names: dict[str, str] = {}
    for change in changes:
        epochs = [_stem(path) for path in dict.fromkeys((change.old, change.new)) if path]
        text = "-".join((str(change.key).replace("/", "-"), "-to-".join(epochs)))
        if change.new is None:
            text += "-removed"
        name = _UNSAFE.sub("_", text).lstrip(".-")[:_LONGEST] or "change"
        identity = "\0".join((str(change.key), change.old or "", change.new or ""))
        if name != text or name.casefold() in names:
            name += "-" + hashlib.sha256(identity.encode(errors="surrogateescape")).hexdigest()[:8]
        stem, number = name, 1
        while name.casefold() in names:
            number += 1
            name = f"{stem}-{number}"
        names[name.casefold()] = name
    return list(names.values())


def _stem(path: str) -> str:
    return posixpath.basename(path).partition(".")[0]
