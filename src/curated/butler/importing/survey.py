"""What a repository says about instruments, dataset types and collections, held against a bundle."""

from __future__ import annotations

from collections.abc import Iterator
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

from curated.bundle.contents import Contents, Kind
from curated.bundle.export_file import Record
from curated.butler.repository.opening import collection_info
from curated.core.diagnostic import Problem

# Upper bounds that a site may well have set higher; nothing of a calibration depends on them.
_LIMITS = frozenset({"detector_max", "visit_max", "exposure_max", "visit_system"})
_KEYS = {"instrument": "name", "physical_filter": "name", "detector": "id"}


@dataclass(slots=True)
class Survey:
    """What a repository has of a bundle's surroundings, and what it lacks.

    Parameters
    ----------
    problems : `list` [`Problem`]
        Where the two contradict each other.
    missing : `dict`
        Dimension records to insert, by element.
    equal, different : `dict` [`str`, `int`]
        How many records agree and disagree, by instrument.
    differences : `dict` [`str`, `list` [`str`]]
        Which records disagree, and in what, by instrument.
    dataset_types : `dict` [`str`, `lsst.daf.butler.DatasetType`]
        All dataset types of the bundle.
    new_types : `set` [`str`]
        Those to register.
    collections : `dict` [`str`, `CollectionInfo`]
        The collections of the bundle that exist.
    """

    problems: list[Problem] = field(default_factory=list)
    missing: dict[str, list[Record]] = field(default_factory=dict)
    equal: dict[str, int] = field(default_factory=dict)
    different: dict[str, int] = field(default_factory=dict)
    differences: dict[str, list[str]] = field(default_factory=dict)
    dataset_types: dict[str, DatasetType] = field(default_factory=dict)
    new_types: set[str] = field(default_factory=set)
    collections: dict[str, CollectionInfo] = field(default_factory=dict)

    def differ(self, instrument: str, problems: list[Problem]) -> None:
        """Note a record of which bundle and repository say different things."""
        self.problems += problems
        self.different[instrument] = self.different.get(instrument, 0) + 1
        self.differences.setdefault(instrument, []).extend(problem.detail for problem in problems)


def survey(butler: Butler, contents: Contents, *, chain: bool) -> Survey:
    """Hold a bundle's instruments, dataset types and collections against a repository.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    contents : `Contents`
        The bundle.
    chain : `bool`
        Whether the chains of recommended collections are to be changed.
    """
    result = Survey()
    for element, records in contents.records.items():
        _survey_records(butler, element, records, result)
    for kind in contents.kinds:
        _survey_type(butler, kind, result)
    wanted = {entry.run: CollectionType.RUN for entry in contents.entries}
    wanted |= {target.calibration: CollectionType.CALIBRATION for target in contents.targets}
    if chain:
        wanted |= {target.chain: CollectionType.CHAINED for target in contents.targets}
    for name, kind_of in wanted.items():
        info = collection_info(butler, name)
        if info is None:
            continue
        result.collections[name] = info
        if info.type is not kind_of:
            text = f"collection {name} is a {info.type.name} collection, not {kind_of.name}"
            result.problems.append(Problem("CAL624", (), text))
    return result


def instrument_of(record: Record) -> str:
    """Return the instrument that a dimension record belongs to, or is."""
    return str(record["instrument"] if "instrument" in record else record["name"])


def _survey_type(butler: Butler, kind: Kind, result: Survey) -> None:
    if kind.storage_class not in butler.registry.storageClasses:
        text = f"dataset type {kind.name}: Butler has no storage class {kind.storage_class}"
        result.problems.append(Problem("CAL623", (), text))
        return
    ours = DatasetType(
        kind.name, kind.dimensions, kind.storage_class, universe=butler.dimensions, isCalibration=True
    )
    result.dataset_types[kind.name] = ours
    try:
        theirs = butler.get_dataset_type(kind.name)
    except MissingDatasetTypeError:
        result.new_types.add(kind.name)
        return
    if theirs != ours:
        text = f"dataset type {kind.name}: the repository has {_described(theirs)}, not {_described(ours)}"
        result.problems.append(Problem("CAL623", (), text))


def _described(dataset_type: DatasetType) -> str:
    dimensions = ", ".join(dataset_type.dimensions.required)
    calibration = "a calibration" if dataset_type.isCalibration() else "no calibration"
    return f"{dataset_type.storageClass_name} by {dimensions} ({calibration})"


def _survey_records(butler: Butler, element: str, records: list[Record], result: Survey) -> None:
    theirs = _existing(butler, element, records)
    holders = {(r["instrument"], r["full_name"]): r["id"] for r in theirs.values() if element == "detector"}
    for ours in records:
        instrument = instrument_of(ours)
        have = theirs.get((instrument, ours[_KEYS[element]]))
        if have is None:
            holder = holders.get((instrument, ours.get("full_name")))
            if element == "detector" and holder is not None:
                text = f"{instrument}: {ours['full_name']} is detector {holder} there, not {ours['id']}"
                result.differ(instrument, [Problem("CAL620", (), text)])
            else:
                result.missing.setdefault(element, []).append(ours)
            continue
        problems = list(_differences(element, ours, have))
        if problems:
            result.differ(instrument, problems)
        else:
            result.equal[instrument] = result.equal.get(instrument, 0) + 1


def _existing(butler: Butler, element: str, records: list[Record]) -> dict[tuple[str, Any], Record]:
    rows = butler.query_dimension_records("instrument", explain=False, limit=None)
    instruments = {values["name"]: values for values in map(DimensionRecord.toDict, rows)}
    if element == "instrument":
        return {(name, name): values for name, values in instruments.items()}
    found = {}
    for name in sorted({record["instrument"] for record in records} & instruments.keys()):
        for row in butler.query_dimension_records(element, instrument=name, explain=False, limit=None):
            values = row.toDict()
            found[name, values[_KEYS[element]]] = values
    return found


def _differences(element: str, ours: Record, theirs: Record) -> Iterator[Problem]:
    name = f"{element} {ours.get('full_name') or ours['name']}"
    if element == "detector" and theirs["full_name"] is None:
        yield Problem("CAL622", (), f"{name} (detector {ours['id']}) has no full name in the repository")
        return
    for key, value in ours.items():
        if theirs.get(key) != value:
            text = f"{name}: {key} is {theirs.get(key)!r} in the repository, {value!r} in the bundle"
            yield Problem("CAL621" if key in _LIMITS else "CAL620", (), text)
