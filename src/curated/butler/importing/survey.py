"""Compare the dimension records, dataset types and collections of a bundle with those of a repository."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lsst.daf.butler import (
    Butler,
    CollectionInfo,
    CollectionType,
    DatasetType,
    DimensionRecord,
    MissingDatasetTypeError,
)

from curated.bundle.checks.consistency import is_same_class
from curated.bundle.contents import Contents, Kind, Place
from curated.bundle.export_file import Record
from curated.butler.instruments.candidates import folded, squeezed
from curated.butler.instruments.incomplete import KEYS, unknown_columns
from curated.butler.instruments.registered import read_class_names
from curated.butler.repository.opening import collection_info
from curated.core.diagnostic import Problem

# Upper bounds that a site may well have set higher; calibrations do not depend on them.
_LIMITS = frozenset({"detector_max", "visit_max", "exposure_max", "visit_system"})


@dataclass(frozen=True, slots=True)
class RecordComparison:
    """A dimension record of a bundle, compared with the repository's.

    Parameters
    ----------
    element : `str`
        Name of the dimension.
    record : `dict`
        Fields of the bundle's record.
    existing : `dict` or `None`
        Fields of the repository's record of the same key; `None` if it has none.
    problems : `tuple` [`Problem`]
        How the repository contradicts the record.
    completion : `dict`
        Declared fields that are empty in the repository's record, because nobody knew them, and are filled in.
    """

    element: str
    record: Record
    existing: Record | None
    problems: tuple[Problem, ...] = ()
    completion: Record = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Whether the repository has a record of the same key."""
        return self.existing is not None

    @property
    def effective_record(self) -> Record:
        """Fields of the record after the import: the repository's where it has one."""
        return self.record if self.existing is None else {**self.existing, **self.completion}

    @property
    def instrument(self) -> str:
        """Name of the instrument that the record belongs to, or describes."""
        return str(self.record["instrument"] if "instrument" in self.record else self.record["name"])


@dataclass(frozen=True, slots=True)
class Survey:
    """What a repository has that a bundle's datasets depend on.

    Parameters
    ----------
    records : `tuple` [`RecordComparison`]
        The bundle's dimension records, in the order of insertion.
    dataset_types : `dict` [`str`, `lsst.daf.butler.DatasetType`]
        The bundle's dataset types, but those that Butler cannot have.
    new_types : `frozenset` [`str`]
        Names of the dataset types that the repository lacks.
    collections : `dict` [`str`, `lsst.daf.butler.CollectionInfo`]
        Those of the bundle's collections that the repository has.
    problems : `tuple` [`Problem`]
        How dataset types and collections contradict the bundle.
    """

    records: tuple[RecordComparison, ...]
    dataset_types: Mapping[str, DatasetType]
    new_types: frozenset[str]
    collections: Mapping[str, CollectionInfo]
    problems: tuple[Problem, ...]

    @property
    def effective_records(self) -> dict[str, list[Record]]:
        """Dimension records as they are after the import, by element."""
        records: dict[str, list[Record]] = defaultdict(list)
        for comparison in self.records:
            records[comparison.element].append(comparison.effective_record)
        return records

    @property
    def new_records(self) -> dict[str, list[Record]]:
        """Dimension records that the repository lacks, by element."""
        records: dict[str, list[Record]] = defaultdict(list)
        for comparison in self.records:
            if not comparison.exists and not comparison.problems:
                records[comparison.element].append(comparison.record)
        return records

    @property
    def completed_records(self) -> tuple[RecordComparison, ...]:
        """Records of the repository in which empty fields are filled in."""
        return tuple(record for record in self.records if record.completion)


def survey_repository(butler: Butler, contents: Contents) -> Survey:
    """Compare a bundle's dimension records, dataset types and collections with a repository; chains are left out."""
    records = tuple(
        comparison
        for element, bundle_records in contents.records.items()
        for comparison in _compare_records(butler, element, bundle_records, contents.inferred)
    )
    dataset_types = {
        kind.name: _dataset_type(butler, kind)
        for kind in contents.kinds
        if kind.storage_class in butler.storageClasses
    }
    existing_types = {name: _existing_type(butler, name) for name in dataset_types}
    # A definition of an earlier version stays as it is: Butler cannot change it.
    dataset_types |= {
        name: existing
        for name, existing in existing_types.items()
        if existing is not None and _is_same_type(existing, dataset_types[name])
    }
    collections = _collections(contents)
    infos = {name: info for name in collections if (info := collection_info(butler, name)) is not None}
    return Survey(
        records,
        dataset_types,
        frozenset(name for name, existing in existing_types.items() if existing is None),
        infos,
        (
            *_type_problems(contents.kinds, dataset_types, existing_types),
            *_collection_problems(collections, infos),
        ),
    )


def _dataset_type(butler: Butler, kind: Kind) -> DatasetType:
    return DatasetType(
        kind.name, kind.dimensions, kind.storage_class, universe=butler.dimensions, isCalibration=True
    )


def _existing_type(butler: Butler, name: str) -> DatasetType | None:
    try:
        return butler.get_dataset_type(name)
    except MissingDatasetTypeError:
        return None


def _is_same_type(existing: DatasetType, dataset_type: DatasetType) -> bool:
    """Return whether two definitions differ at most in the storage class, as those of earlier versions do."""
    return (
        is_same_class(existing.name, existing.storageClass_name, dataset_type.storageClass_name)
        and existing.dimensions == dataset_type.dimensions
        and existing.isCalibration() == dataset_type.isCalibration()
    )


def _type_problems(
    kinds: Iterable[Kind],
    dataset_types: Mapping[str, DatasetType],
    existing_types: Mapping[str, DatasetType | None],
) -> Iterator[Problem]:
    for kind in kinds:
        if kind.name not in dataset_types:
            text = f"dataset type {kind.name}: Butler has no storage class {kind.storage_class}"
            yield Problem("CAL623", (), text)
            continue
        existing, dataset_type = existing_types[kind.name], dataset_types[kind.name]
        if existing is not None and existing != dataset_type:
            text = f"the repository has {_type_text(existing)}, not {_type_text(dataset_type)}"
            yield Problem("CAL623", (), f"dataset type {kind.name}: {text}")


def _type_text(dataset_type: DatasetType) -> str:
    dimensions = ", ".join(dataset_type.dimensions.required)
    calibration = "a calibration" if dataset_type.isCalibration() else "no calibration"
    return f"{dataset_type.storageClass_name} by {dimensions} ({calibration})"


def _collections(contents: Contents) -> dict[str, CollectionType]:
    collections = {entry.run: CollectionType.RUN for entry in contents.entries}
    return collections | {target.calibration: CollectionType.CALIBRATION for target in contents.targets}


def _collection_problems(
    collections: Mapping[str, CollectionType], infos: Mapping[str, CollectionInfo]
) -> Iterator[Problem]:
    for name, info in infos.items():
        if info.type is not collections[name]:
            text = f"collection {name} is a {info.type.name} collection, not {collections[name].name}"
            yield Problem("CAL624", (), text, "import with another --label")


def _compare_records(
    butler: Butler, element: str, records: list[Record], inferred_keys: Mapping[Place, frozenset[str]]
) -> Iterator[RecordComparison]:
    class_names = read_class_names(butler)
    existing_records = _existing_records(butler, element, records)
    detector_ids: dict[tuple[str, str | None], int] = {}
    for values in existing_records.values() if element == "detector" else ():
        for form in (values["full_name"], _folded(values["full_name"])):
            detector_ids.setdefault((values["instrument"], form), values["id"])
    for record in records:
        instrument = record["instrument"] if element != "instrument" else record["name"]
        key = record[KEYS[element]]
        inferred = inferred_keys.get((element, instrument, key), frozenset())
        existing = existing_records.get((instrument, key))
        if existing is not None:
            unknown = unknown_columns(element, existing, class_names.get(instrument, ""))
            declared = {key: value for key, value in record.items() if key not in inferred}
            completion = {key: value for key, value in declared.items() if key in unknown}
            differences = tuple(_differences(element, record, {**existing, **completion}, inferred))
            yield RecordComparison(
                element, record, existing, differences, completion if not differences else {}
            )
            continue
        problems: tuple[Problem, ...] = ()
        name = record.get("full_name")
        detector_id = detector_ids.get((instrument, _folded(name) if "full_name" in inferred else name))
        if detector_id is not None:
            text = f"{instrument}: {name} is detector {detector_id} there, not {record['id']}"
            problems = (Problem("CAL620", (), text),)
        yield RecordComparison(element, record, None, problems)


def _folded(name: str | None) -> str | None:
    return None if name is None else folded(name)


def _existing_records(
    butler: Butler, element: str, records: list[Record]
) -> dict[tuple[str, Any], dict[str, Any]]:
    """Return a repository's records of the instruments in a bundle, by instrument and key."""
    rows = butler.query_dimension_records("instrument", explain=False, limit=None)
    instruments = {values["name"]: values for values in map(DimensionRecord.toDict, rows)}
    if element == "instrument":
        return {(name, name): values for name, values in instruments.items()}
    existing_records = {}
    for name in sorted({record["instrument"] for record in records} & instruments.keys()):
        for row in butler.query_dimension_records(element, instrument=name, explain=False, limit=None):
            values = row.toDict()
            existing_records[name, values[KEYS[element]]] = values
    return existing_records


def _differences(
    element: str, record: Record, existing: Mapping[str, Any], inferred: frozenset[str]
) -> Iterator[Problem]:
    """Yield how a record contradicts the repository's.

    What was inferred contradicts nothing, but the name of a detector: the same number under another name is another
    detector. It may come from a directory, so that case and separators make no difference.
    """
    name = f"{element} {record.get('full_name') or record['name']}"
    if element == "detector" and existing["full_name"] is None:
        yield Problem("CAL622", (), f"{name} (detector {record['id']}) has no full name in the repository")
        return
    for key, value in record.items():
        other = existing.get(key)
        if key in inferred and (key != "full_name" or squeezed(str(other)) == squeezed(str(value))):
            continue
        if other != value:
            text = f"{name}: {key} is {other!r} in the repository, {value!r} in the bundle"
            yield Problem("CAL621" if key in _LIMITS else "CAL620", (), text)
