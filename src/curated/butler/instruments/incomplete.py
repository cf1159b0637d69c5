"""Columns of dimension records that an import leaves empty, has by inference only, or fills in.

A package need not know what the stack's class of an instrument knows. What an import writes is there for good unless
somebody updates it, so its report says which values are not known, or are not known for sure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from curated.export.holdings import INSTRUMENT_KEYS

if TYPE_CHECKING:
    # Reports are printed where there is no Butler.
    from lsst.daf.butler import DimensionUniverse

    from curated.bundle.contents import Place
    from curated.bundle.export_file import Record

KEYS = {"instrument": "name", "physical_filter": "name", "detector": "id"}
"""What tells the records of an instrument apart, by dimension."""

_SETTINGS = {
    ("detector", "full_name"): "detectors[].name",
    ("detector", "name_in_raft"): "detectors[].slot",
    ("detector", "raft"): "detectors[].raft",
    ("detector", "purpose"): "detectors[].purpose",
    ("physical_filter", "name"): "filters[].name",
    ("physical_filter", "band"): "filters[].band",
}

_INSTRUMENT_KEYS = ("name", *INSTRUMENT_KEYS)

State = Literal["empty", "inferred", "filled in"]


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """A column of dimension records of one instrument.

    Parameters
    ----------
    element : `str`
        Name of the dimension: ``instrument``, ``detector`` or ``physical_filter``.
    column : `str`
        Name of the column.
    state : `str`
        ``empty`` or ``inferred`` in records that are new, ``filled in`` in records that the repository has.
    records : `int`
        Number of records in which it is so.
    """

    element: str
    column: str
    state: State
    records: int

    @property
    def setting(self) -> str:
        """Place of the value in ``instrument.yaml``; empty for a column of another universe, which has none."""
        if self.element == "instrument":
            return self.column if self.column in _INSTRUMENT_KEYS else ""
        return _SETTINGS.get((self.element, self.column), "")

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**asdict(self), "setting": self.setting}


def incomplete_columns(
    universe: DimensionUniverse,
    new_records: Mapping[str, Sequence[Record]],
    inferred: Mapping[Place, frozenset[str]],
    certain: Collection[str] = (),
) -> dict[str, tuple[ColumnReport, ...]]:
    """Return which columns of new records are empty, or have values that nobody declared, by instrument.

    Parameters
    ----------
    new_records : `dict` [`str`, `list` [`dict`]]
        Dimension records that an import creates, by element.
    inferred : `dict` [`Place`, `frozenset` [`str`]]
        Keys of records whose values nobody declared.
    certain : collection [`str`], optional
        Instruments whose names somebody chose.
    """
    counts: dict[str, Counter[tuple[str, str, State]]] = defaultdict(Counter)
    for element, records in new_records.items():
        columns = [column.name for column in universe[element].schema.all if column.nullable]
        for record in records:
            instrument = _instrument(element, record)
            keys = set(inferred.get((element, instrument, record[KEYS[element]]), ()))
            if element == "instrument" and instrument in certain:
                keys.discard("name")
            lacking = [column for column in columns if record.get(column) is None]
            guessed = [column for column in record if column in keys and column not in lacking]
            counts[instrument].update((element, column, "empty") for column in lacking)
            counts[instrument].update((element, column, "inferred") for column in guessed)
    return _reports(counts)


def completed_columns(
    completions: Iterable[tuple[str, str, Record]],
) -> dict[str, tuple[ColumnReport, ...]]:
    """Return which columns of existing records are filled in, by instrument.

    Parameters
    ----------
    completions : iterable [`tuple`]
        Element, instrument, and the values that are filled in, of each record.
    """
    counts: dict[str, Counter[tuple[str, str, State]]] = defaultdict(Counter)
    for element, instrument, values in completions:
        counts[instrument].update((element, column, "filled in") for column in values)
    return _reports(counts)


def _instrument(element: str, record: Record) -> str:
    return str(record["name"] if element == "instrument" else record["instrument"])


def _reports(
    counts: Mapping[str, Counter[tuple[str, str, State]]],
) -> dict[str, tuple[ColumnReport, ...]]:
    return {
        instrument: tuple(ColumnReport(*key, number) for key, number in counter.items())
        for instrument, counter in counts.items()
        if counter
    }


# -- survey of existing records --------------------------------------------------------------------------------


def unknown_columns(element: str, existing: Mapping[str, Any], class_name: str) -> frozenset[str]:
    """Return the columns of a repository's record that are empty because nobody knew better.

    The stack gives every detector a purpose, so that a detector with one may well have no raft. Limits of an instrument
    and its class are never empty on purpose.

    Parameters
    ----------
    existing : `dict`
        Fields of the record.
    class_name : `str`
        Class of the instrument in the repository; empty if the stack did not register it.
    """
    if element == "physical_filter":
        return frozenset()
    if element == "detector" and class_name and existing.get("purpose") is not None:
        return frozenset()
    return frozenset(key for key, value in existing.items() if value is None and key != "full_name")
