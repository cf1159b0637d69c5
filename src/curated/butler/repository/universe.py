"""Dimension universes: what a repository can record of instruments, detectors and filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from lsst.daf.butler import Butler, DimensionElement

from curated.bundle.contents import Contents
from curated.bundle.export_file import Record
from curated.core.diagnostic import CuratedError, Problem

# What identifies a record, in all universes of Butler itself.
_KEYS = {
    "instrument": {"name"},
    "detector": {"instrument", "id"},
    "physical_filter": {"instrument", "name"},
}


class FittedContents(NamedTuple):
    """A bundle whose dimension records have only the fields of a repository, and what was left out."""

    contents: Contents
    problems: tuple[Problem, ...]


def fit_records(butler: Butler, contents: Contents) -> FittedContents:
    """Leave out fields of dimension records that a repository's universe does not have.

    Universes differ in the fields of records, such as ``visit_system`` of instruments, which came with version 2. The
    repository's own record classes say what it has; no version is looked at.

    Raises
    ------
    CuratedError
        If the universe lacks a dimension of the bundle's datasets, or demands a field that a bundle does not have.
    """
    _require_dimensions(butler, contents)
    records: dict[str, list[Record]] = {}
    problems: list[Problem] = []
    for element, element_records in contents.records.items():
        if element not in butler.dimensions.elements.names:
            # No dataset has it.
            problems.append(Problem("CAL656", (), f"the repository has no dimension {element}"))
            continue
        _require_fields(butler, butler.dimensions[element], element_records)
        fields = set(butler.dimensions[element].RecordClass.fields.names)
        absent = sorted({key for record in element_records for key in record.keys() - fields})
        records[element] = [
            {key: value for key, value in record.items() if key in fields} for record in element_records
        ]
        problems += (
            Problem("CAL656", (), f"{element} records there have no {key}, which the bundle has")
            for key in absent
        )
    return FittedContents(replace(contents, records=records), tuple(problems))


def _require_dimensions(butler: Butler, contents: Contents) -> None:
    names = butler.dimensions.elements.names
    hint = "import into a repository with the dimensions of Butler itself (namespace daf_butler)"
    dimensions = {name for kind in contents.kinds for name in kind.dimensions} | {"instrument"}
    absent = sorted(dimensions - set(names))
    if absent:
        raise CuratedError(
            f"the repository has no dimension {', '.join(absent)} in its universe {universe_name(butler)}, "
            "and calibrations need it",
            hint,
        )
    for name in sorted(dimensions & _KEYS.keys()):
        columns = {column.name for column in butler.dimensions.elements[name].schema.required}
        if columns != _KEYS[name]:
            raise CuratedError(
                f"the repository identifies a {name} by {' and '.join(sorted(columns))} in its universe "
                f"{universe_name(butler)}, not by {' and '.join(sorted(_KEYS[name]))}",
                hint,
            )


def _require_fields(butler: Butler, element: DimensionElement, records: list[Record]) -> None:
    """Refuse new records without a field that the repository demands."""
    demanded = [column.name for column in element.schema.all if not column.nullable]
    lacking = [(record, key) for record in records for key in demanded if key not in record]
    existing = set(_existing_keys(butler, element)) if lacking else set()
    new = sorted({key for record, key in lacking if _key(element, record) not in existing})
    if new:
        raise CuratedError(
            f"records of {element.name} in the repository must have {', '.join(new)} (universe "
            f"{universe_name(butler)}), which a bundle does not know",
            f"register the {element.name} records first, such as with 'butler register-instrument', and import again",
        )


def _existing_keys(butler: Butler, element: DimensionElement) -> Iterator[tuple[object, ...]]:
    for row in butler.query_dimension_records(element.name, explain=False, limit=None):
        yield _key(element, row.toDict())


def _key(element: DimensionElement, values: Record) -> tuple[object, ...]:
    return tuple(values.get(column.name) for column in element.schema.required)


def universe_name(butler: Butler) -> str:
    """Return the name of a repository's universe, such as ``daf_butler/7``."""
    return f"{butler.dimensions.namespace}/{butler.dimensions.version}"
