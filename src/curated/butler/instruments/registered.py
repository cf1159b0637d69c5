"""The instruments that a repository has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lsst.daf.butler import Butler, DimensionRecord

from curated.butler.instruments.candidates import RegisteredInstrument


def read_class_names(butler: Butler) -> dict[str, str]:
    """Return the class names of a repository's instruments by name; empty for one without a class.

    A universe of dimensions may lack the column altogether.
    """
    rows = butler.query_dimension_records("instrument", explain=False, limit=None)
    return {str(row.name): str(getattr(row, "class_name", None) or "") for row in rows}


def read_registered(
    butler: Butler, class_names: Mapping[str, str], names: Iterable[str] | None = None
) -> dict[str, RegisteredInstrument]:
    """Return the instruments of a repository.

    Parameters
    ----------
    class_names : `dict` [`str`, `str`]
        Result of `read_class_names`.
    names : iterable [`str`], optional
        The instruments whose detectors and filters are needed; all of them if not given.
    """
    names = None if names is None else list(names)
    detectors: dict[str, dict[int, str]] = defaultdict(dict)
    for row in _rows(butler, "detector", names):
        detectors[str(row.instrument)][int(row.id)] = str(getattr(row, "full_name", None) or "")
    filters: dict[str, set[str]] = defaultdict(set)
    for row in _rows(butler, "physical_filter", names):
        filters[str(row.instrument)].add(str(row.name))
    return {
        name: RegisteredInstrument(
            name, class_name, detectors.get(name, {}), frozenset(filters.get(name, ()))
        )
        for name, class_name in class_names.items()
    }


def _rows(butler: Butler, element: str, names: list[str] | None) -> Iterator[DimensionRecord]:
    """Yield the records of instruments; those of all of them take one query."""
    data_ids: list[dict[str, Any]] = [{}] if names is None else [{"instrument": name} for name in names]
    for data_id in data_ids:
        yield from butler.query_dimension_records(element, **data_id, explain=False, limit=None)
