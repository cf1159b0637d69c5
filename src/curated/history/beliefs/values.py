"""One number of each version of a calibration: a column of its type, or what one of its measures compares."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from curated.calib import Calib
from curated.check.file import check_file
from curated.core.diagnostic import CuratedError
from curated.declare import Conditions, Field, Levels, Measure
from curated.history.beliefs.log import History
from curated.history.names import known_names
from curated.registry import get_type

_SUFFIX = re.compile(r"_(?:change|shift|gained|difference)$")
"""Ends of the names of measures that say that it is a change, not what changes."""

_MAX_SERIES = 8
"""Series that are drawn one by one; of more, the median is."""

Series = Mapping[str, float]
"""Numbers by what they are of, such as amplifiers or bands; an empty name for the whole calibration."""


class Quantity(NamedTuple):
    """A quantity of a calibration type.

    Parameters
    ----------
    name : `str`
        Name of the column, or of the measure.
    unit : `str`
        Unit of the numbers; empty for plain numbers, and where it is not known.
    read : callable
        Returns the numbers of a calibration under some conditions.
    note : `str`
        Which number it is where there are many; empty for nothing.
    needs_levels : `bool`
        Whether it depends on the gains or saturations of amplifiers.
    """

    name: str
    unit: str
    read: Callable[[Any, Conditions], Series]
    note: str = ""
    needs_levels: bool = False


@dataclass(frozen=True, slots=True)
class Values:
    """Numbers of all versions of a product.

    Parameters
    ----------
    quantity : `Quantity`
        What they are.
    series : `dict` [`str`, `dict`]
        Numbers by blob; of each what they are of. A version that cannot be read has none.
    note : `str`
        What was chosen or combined, for a legend; empty for nothing.
    """

    quantity: Quantity
    series: Mapping[str, Series]
    note: str = ""

    @property
    def label(self) -> str:
        """Name of the quantity for people: that of a measure without its end, since it is no change."""
        return _SUFFIX.sub("", self.quantity.name).replace("_", " ")


def read_values(
    history: History,
    name: str = "",
    *,
    amplifier: str = "",
    band: str = "",
    conditions_by_blob: Mapping[str, Conditions] | None = None,
) -> Values:
    """Return one quantity of each version of a product.

    Parameters
    ----------
    name : `str`, optional
        Name of a column or of a measure, of which the end, such as ``_change``, may be left out. By default it is the
        largest element for matrices, else what the type's first measure compares.
    amplifier : `str`, optional
        The amplifier, or other key, whose value is read.
    band : `str`, optional
        The band whose value is read.
    conditions_by_blob : `dict` [`str`, `Conditions`], optional
        Under which conditions measures of a version are taken; the usual ones if not given.

    Raises
    ------
    CuratedError
        If the type has no such value, or no version of the product has one.
    """
    key = history.key
    files = {v.blob: v.file for belief in history.beliefs for v in belief.versions}
    calibs = {blob: check_file(file, history.contents.get(blob, b""))[0] for blob, file in files.items()}
    calibs = {blob: calib for blob, calib in calibs.items() if calib is not None}
    conditions = conditions_by_blob or {}
    usual = Conditions(filter_name=key.filter)
    quantities = list(_quantities(get_type(key.type)))
    candidates = _named(quantities, name, key.type) if name else _defaults(get_type(key.type), quantities)
    for quantity in candidates:
        series = {
            blob: _finite(quantity.read(calib, conditions.get(blob, usual)))
            for blob, calib in calibs.items()
            if calib is not None
        }
        if any(series.values()):
            levels = _levels_note([conditions[blob].levels for blob in series if blob in conditions])
            note = ", ".join(filter(None, (quantity.note, levels if quantity.needs_levels else "")))
            return _selected(Values(quantity, series, note), amplifier or band)
    numbers = ", ".join(quantity.name for quantity in quantities)
    raise CuratedError(
        f"no version of {key} has a number {name}".rstrip(), f"--value names one of: {numbers or 'none'}"
    )


def _finite(series: Series) -> Series:
    return {label: value for label, value in series.items() if math.isfinite(value)}


def _selected(values: Values, wanted_key: str) -> Values:
    """Return the numbers of one key, or the medians of many."""
    labels = sorted({label for series in values.series.values() for label in series})
    if wanted_key:
        matching = [
            label for label in labels if wanted_key.lower() in (label.lower(), *label.lower().split(" "))
        ]
        if not matching:
            raise CuratedError(
                f"{values.quantity.name} has no {wanted_key!r}",
                known_names(wanted_key, filter(None, labels), "keys"),
            )
        series = {blob: {k: v for k, v in s.items() if k in matching} for blob, s in values.series.items()}
        return Values(values.quantity, series, values.note)
    if len(labels) <= _MAX_SERIES:
        return values
    medians = {blob: {"": float(np.median([*s.values()]))} if s else {} for blob, s in values.series.items()}
    note = f"median of {len(labels)}{f', {values.note}' if values.note else ''}"
    return Values(values.quantity, medians, note)


def _levels_note(levels: Iterable[Levels]) -> str:
    """Return by which gains and saturations values were computed, for a legend; empty where by the usual ones."""
    paths = dict.fromkeys(path for entry in levels for path in (*entry.gain, *entry.saturation) if path)
    if len(paths) > 1:
        return f"by the gains and saturations of {len(paths)} calibrations"
    return f"by the gains and saturations of {next(iter(paths))}" if paths else ""


# -- quantities -------------------------------------------------------------------------------------------


def _quantities(cls: type[Calib]) -> Iterator[Quantity]:
    for declared in cls.FIELDS:
        if declared.dtype in ("f8", "f4", "i8", "f", "n", "any"):
            note = "element farthest from zero" if len(declared.shape) > 1 else ""
            yield Quantity(declared.name, declared.unit, _field_reader(cls, declared), note)
    units = {declared.name: declared.unit for declared in cls.FIELDS}
    for measure in cls.SPEC.measures:
        # The unit of a relative change is not that of what changes, which is a column or is not known.
        unit = units.get(_SUFFIX.sub("", measure.name), "") if measure.unit == "%" else measure.unit
        yield Quantity(measure.name, unit, _measure_reader(measure), needs_levels=measure.needs_levels)


def _named(quantities: list[Quantity], name: str, type_name: str) -> list[Quantity]:
    folded = name.lower().replace("-", "_")
    for spelling in (
        lambda quantity: quantity.name.lower(),
        lambda quantity: _SUFFIX.sub("", quantity.name.lower()),
    ):
        named = [quantity for quantity in quantities if spelling(quantity) == folded]
        if named:
            return named
    names = [quantity.name for quantity in quantities]
    raise CuratedError(f"{type_name} has no value {name!r}", known_names(name, names, "values"))


def _defaults(cls: type[Calib], quantities: list[Quantity]) -> list[Quantity]:
    """Return what may be drawn if nothing is asked for, the best first."""
    measures = {measure.name for measure in cls.SPEC.measures}
    plot = cls.SPEC.plot
    matrices = [q for q in quantities if plot is not None and plot.kind == "matrix" and q.name == plot.y]
    plotted = [q for q in quantities if plot is not None and q.name == plot.y]
    # Pixels are not in the history of texts, which state their median.
    medians = [q for q in quantities if plot is not None and plot.kind == "image" and q.name == "median"]
    return [*matrices, *medians, *(q for q in quantities if q.name in measures), *plotted]


def _measure_reader(measure: Measure) -> Callable[[Any, Conditions], Series]:
    def read(calib: Any, conditions: Conditions) -> Series:
        """Return what the measure compares: a calibration with itself has the quantity on both sides."""
        series = {}
        for reading in measure.compute(calib, calib, conditions):
            # A number in what a reading is of is the place of the largest change, and there is none.
            if reading.new is not None and all(isinstance(item, str) for item in reading.of.values()):
                series[" ".join(map(str, reading.of.values()))] = float(reading.new)
        return series

    return read


def _field_reader(cls: type[Calib], declared: Field) -> Callable[[Any, Conditions], Series]:
    def read(calib: Any, _: Conditions) -> Series:
        value = getattr(calib, declared.name)
        if isinstance(value, Mapping):
            return {str(key): _number(item) for key, item in value.items()}
        if isinstance(value, np.ndarray) and value.ndim == 1:
            names = _amplifier_names(cls, calib, len(value))
            if names is not None:
                return {name: _number(value[names == name]) for name in dict.fromkeys(names.tolist())}
        return {"": _number(value)}

    return read


def _amplifier_names(cls: type[Calib], calib: Any, length: int) -> Any:
    """Return the names of amplifiers that stand beside the rows of a table; `None` where there are none."""
    for declared in cls.FIELDS:
        if declared.dtype == "str" and "amp" in declared.name.lower():
            names = getattr(calib, declared.name)
            if isinstance(names, np.ndarray) and names.shape == (length,):
                return names
    return None


def _number(value: Any) -> float:
    """Return a number; of a matrix the element farthest from zero, of a vector the median; NaN for what is none."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return math.nan
    array_finite = array[np.isfinite(array)]
    if not array_finite.size:
        return math.nan
    if array.ndim >= 2:
        return float(array_finite[np.argmax(np.abs(array_finite))])
    return float(np.median(array_finite))
