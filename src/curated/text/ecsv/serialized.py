"""Columns of ECSV as the header declares them, and those that astropy serialized.

Quantities and masked columns are understood, objects are refused with a hint. A table of astropy with columns that are more than numbers is written as plain columns, and the entry
``__serialized_columns__`` of the metadata says how to put them together again (`astropy.table.serialize`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curated.core.diagnostic import MAX_FINDINGS, Problem, brief
from curated.core.tables import TextColumn
from curated.core.units import is_same_unit


@dataclass(slots=True, eq=False, repr=False)
class HeaderColumn:
    """A column as the header declares it."""

    name: str
    dtype: str
    unit: str = ""
    doc: str = ""
    subtype: str = ""


KEY = "__serialized_columns__"

INDICES = "__table_indices__"

FURNITURE = frozenset((INDICES, "__attributes__"))
"""Other entries that astropy writes into the metadata: which columns are indexed, attributes of subclasses of its table."""

_QUANTITY = "astropy.units.quantity.Quantity"
_MASKED = "astropy.table.column.MaskedColumn"

_HELP = {
    "astropy.time.core.Time": "write times as text in ISO 8601, or as a column of numbers such as MJD",
    "astropy.time.core.TimeDelta": "write durations as a column of numbers with the unit s",
    "astropy.coordinates.sky_coordinate.SkyCoord": "write coordinates as two columns of numbers with the unit deg",
}
_AS_NUMBERS = "write its values as plain columns of numbers with a unit, of texts, or of flags"


def rebuild(declared: Any, columns: list[HeaderColumn]) -> tuple[dict[str, str], list[Problem]]:
    """Give quantities their units, and find the masks of masked columns.

    Parameters
    ----------
    declared : `object`
        The entry of the metadata; `None` if there is none.
    columns : `list` [`HeaderColumn`]
        The declared columns; their units are set in place.

    Returns
    -------
    masks : `dict` [`str`, `str`]
        Column with the mask, by the name of the column that it masks.
    problems : `list` [`Problem`]
        ``CAL225`` for what cannot be put together, ``CAL227`` for two units of one column.
    """
    if declared is None:
        return {}, []
    if not isinstance(declared, Mapping):
        return {}, [Problem("CAL225", ("meta", KEY), f"{KEY} is not a mapping")]
    masks: dict[str, str] = {}
    problems: list[Problem] = []
    column_of = {column.name: column for column in columns}
    for name, entry in declared.items():
        place = ("meta", KEY, name)
        reason, hint = _refusal(name, entry, column_of)
        if reason:
            problems.append(Problem("CAL225", place, f"column {brief(name)} {reason}", hint))
        elif entry["__class__"] == _MASKED:
            if "mask" in entry:
                masks[str(name)] = entry["mask"]["name"]
        else:
            column, unit = column_of[str(name)], _unit_of(entry)
            if column.unit and unit is not None and not is_same_unit(column.unit, unit):
                detail = f"column {brief(name)} has the unit {column.unit!r}, but is serialized with {unit!r}"
                problems.append(Problem("CAL227", place, detail))
            column.unit = column.unit if unit is None else unit
    return masks, problems


def index_columns(declared: Any, columns: list[HeaderColumn]) -> tuple[list[str], list[Problem]]:
    """Return the columns that hold the indices of a table, and are no data.

    Parameters
    ----------
    declared : `object`
        The entry `INDICES` of the metadata; `None` if there is none.
    """
    if declared is None:
        return [], []
    entries = declared.get("indices") if isinstance(declared, Mapping) and "primary_key" in declared else None
    mappings = [
        entry if isinstance(entry, Mapping) else {}
        for entry in (entries if isinstance(entries, list) else [0])
    ]
    names = [entry.get("index_colname") for entry in mappings]
    column_names = {column.name for column in columns}
    indexed = [name for entry in mappings for name in _as_list(entry.get("colnames"))]
    if not all(isinstance(name, str) and name in column_names for name in (*names, *indexed)):
        detail = f"{INDICES} is not what astropy writes for indices of a table"
        return [], [
            Problem("CAL225", ("meta", INDICES), detail, "remove the entry; an index is no part of the data")
        ]
    return [str(name) for name in names], []


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [None]


def _refusal(name: Any, entry: Any, column_of: Mapping[str, HeaderColumn]) -> tuple[str, str]:
    """Return why a column cannot be put together and how to mend it; two empty texts if it can."""
    kind = entry.get("__class__") if isinstance(entry, Mapping) else None
    if not isinstance(kind, str):
        return "is serialized without a class (__class__)", _AS_NUMBERS
    if kind not in (_QUANTITY, _MASKED):
        if kind.startswith("astropy."):
            return f"is serialized as an object of {brief(kind)}", _HELP.get(kind, _AS_NUMBERS)
        return f"is serialized as an object of {brief(kind)}, which astropy does not know", _AS_NUMBERS
    parts = {key: value for key, value in entry.items() if isinstance(value, Mapping) and key != "__info__"}
    wanted_part = "value" if kind == _QUANTITY else "data"
    if name != _name_of(parts.get(wanted_part)):
        return f"is serialized as another column than itself ({wanted_part}: name)", _AS_NUMBERS
    others = {key: value for key, value in parts.items() if key not in ("value", "data", "unit")}
    for key, value in others.items():
        if key != "mask" or kind != _MASKED:
            return f"is serialized with {brief(key)}, which is no part of it", _AS_NUMBERS
        mask = column_of.get(_name_of(value))
        if mask is None or mask.dtype != "bool" or mask.subtype:
            return (
                "has a mask that is no column of True and False",
                "give the mask a column with the datatype bool",
            )
    if kind == _QUANTITY and _unit_of(entry) is None:
        return "is serialized as a quantity without a unit", "add 'unit:'"
    return ("", "") if name in column_of else ("is serialized and is none of the columns", _AS_NUMBERS)


def _name_of(part: Any) -> str:
    name = part.get("name") if isinstance(part, Mapping) else None
    return name if isinstance(name, str) else ""


def _unit_of(entry: Mapping[str, Any]) -> str | None:
    unit = entry.get("unit")
    unit = unit.get("unit") if isinstance(unit, Mapping) else unit
    return unit if isinstance(unit, str) else None


def masked_values(columns: Mapping[str, TextColumn], masks: Mapping[str, str]) -> list[Problem]:
    """Return a problem for each masked value.

    A column of flags ``x.mask`` beside a column ``x`` is a mask as well, if the entry of the metadata was lost.
    """
    problems: list[Problem] = []
    for name in columns:
        mask = masks.get(name, f"{name}.mask")
        flags = columns[mask].values if mask in columns and columns[mask].dtype == "bool" else []
        rows = [i for i, is_masked in enumerate(flags) if is_masked]
        of_column = [
            Problem("CAL224", (name, i), f"row {i + 1} {name}: the value is masked")
            for i in rows[:MAX_FINDINGS]
        ]
        # Problems beyond the limit are only counted.
        problems += of_column + of_column[-1:] * (len(rows) - len(of_column))
    return problems
