"""Changes of numbers that each amplifier, or each other key, has."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from curated.declare import Conditions, Measure, Reading

Numbers = Callable[[Any], Mapping[Any, Any]]
"""A function of a calibration that returns its numbers by key."""

Keys = Callable[[Any], Collection[Any]]
"""A function of a calibration that returns keys."""


def difference(old: float, new: float) -> float:
    """Return the difference of two numbers; zero where both are NaN, or the same infinity."""
    old, new = float(old), float(new)
    if old == new or (math.isnan(old) and math.isnan(new)):
        return 0.0
    return new - old


def percentage(old: float, new: float) -> float:
    """Return by how many per cent a number differs from another one; infinite where that is zero."""
    old, new = float(old), float(new)
    if difference(old, new) == 0:
        return 0.0
    if old == 0:
        return math.copysign(math.inf, new) if not math.isnan(new) else math.nan
    return 100 * (new / old - 1)


def compared(change: Callable[[float, float], float], old: float, new: float, **of: Any) -> Reading:
    """Return the reading of two numbers.

    Parameters
    ----------
    change : callable
        `difference` or `percentage`.
    """
    return Reading(change(old, new), float(old), float(new), of)


def keyed_measure(
    name: str,
    unit: str,
    doc: str,
    numbers: Numbers,
    *,
    notable: float,
    scale: float = 1.0,
    key: str = "amplifier",
    **more: Any,
) -> Measure:
    """Return a measure that compares the numbers of keys that both calibrations have.

    Parameters
    ----------
    scale : `float`, optional
        Factor of the numbers to ``unit``. In ``%`` relative changes are returned.
    key : `str`, optional
        Name of the keys in what a reading is of.
    **more
        Further arguments of `Measure`.
    """
    change = percentage if unit == "%" else difference

    def compute(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
        before, after = numbers(old), numbers(new)
        for item, value in before.items():
            if item in after:
                yield compared(
                    change, scale * float(value), scale * float(after[item]), **{key: _plain(item)}
                )

    return Measure(name=name, unit=unit, doc=doc, compute=compute, notable=notable, **more)


def number_measure(
    name: str, unit: str, doc: str, number: Callable[[Any], float | None], *, notable: float, **more: Any
) -> Measure:
    """Return a measure that compares one number of both calibrations; `None` is one that does not exist.

    Parameters
    ----------
    number : callable
        Returns the number of a calibration.
    **more
        Further arguments of `Measure`.
    """
    change = percentage if unit == "%" else difference

    def compute(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
        before, after = number(old), number(new)
        if before is not None and after is not None:
            yield compared(change, before, after)

    return Measure(name=name, unit=unit, doc=doc, compute=compute, notable=notable, **more)


def set_measures(
    names: tuple[str, str], docs: tuple[str, str], keys: Keys, *, key: str = "amplifier", worse: Any = "less"
) -> tuple[Measure, Measure]:
    """Return two measures with a reading of 1 for each key that only the new or only the old calibration has.

    Parameters
    ----------
    names, docs : `tuple` [`str`]
        Names and sentences of the measures of gained and of lost keys.
    key : `str`, optional
        Name of the keys in what a reading is of.
    worse : `str`, optional
        ``less`` where losing one is a loss for images, ``more`` where gaining one is.
    """

    def gained(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
        before = set(keys(old))
        yield from (Reading(1, 0, 1, {key: _plain(item)}) for item in keys(new) if item not in before)

    def lost(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
        after = set(keys(new))
        yield from (Reading(1, 1, 0, {key: _plain(item)}) for item in keys(old) if item not in after)

    kinds = ("either", "more") if worse == "less" else ("more", "either")
    first, second = (
        Measure(name=name, unit="", doc=doc, compute=compute, worse=kind, notable=0.1, additive=True)  # type: ignore[arg-type]
        for name, doc, compute, kind in zip(names, docs, (gained, lost), kinds, strict=True)
    )
    return first, second


AMPLIFIER_SET = ("amplifiers_gained", "amplifiers_lost")
AMPLIFIER_SET_DOCS = (
    "Amplifiers that only the new calibration has, each counted as 1.",
    "Amplifiers that only the old calibration has, each counted as 1.",
)


def _plain(key: Any) -> Any:
    return key if isinstance(key, (int, float)) else str(key)
