"""The certifications of a repository's collections as plain values, with the records and files that they are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lsst.daf.butler import (
    Butler,
    CollectionInfo,
    CollectionType,
    DatasetId,
    DatasetRef,
    MissingCollectionError,
)

from curated.butler.certified.lookup import certified_in, default_collections
from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.datasets.record import Dataset
from curated.export.stock import InstrumentRecord, Place, Stock, instrument_record


@dataclass(slots=True)
class _Found:
    refs: dict[DatasetId, DatasetRef] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def take_stock(
    butler: Butler, source: str, collections: Sequence[str] = (), types: Sequence[str] = ()
) -> Stock:
    """Read what is certified in collections.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    source : `str`
        Its name for people.
    collections : sequence [`str`], optional
        CALIBRATION collections and chains of them, in the order of lookups; ``<inst>/calib`` of each
        instrument if empty.
    types : sequence [`str`], optional
        Names of dataset types; all of them if empty.

    Raises
    ------
    CuratedError
        If there is no such collection, or one has no validity.
    """
    chosen = tuple(collections) or tuple(default_collections(butler))
    found = _Found()
    listed = _calibration_collections(butler, chosen, found)
    certified = tuple(tuple(_certified(butler, info, types, found)) for info in listed)
    instruments = sorted({str(ref.dataId["instrument"]) for ref in found.refs.values()})
    return Stock(
        source=source,
        collections=chosen,
        certified=certified,
        places=_places(butler, list(found.refs.values())),
        instruments={name: _instrument(butler, name) for name in instruments},
        diagnostics=tuple(found.diagnostics),
    )


def _calibration_collections(butler: Butler, chosen: Sequence[str], found: _Found) -> list[CollectionInfo]:
    """Return the CALIBRATION collections in the order of lookups, chains followed."""
    try:
        named = butler.collections.query_info(chosen, flatten_chains=False, include_chains=True)
        listed = butler.collections.query_info(chosen, flatten_chains=True, include_summary=True)
    except MissingCollectionError as error:
        known = butler.collections.query("*", collection_types={CollectionType.CALIBRATION})
        raise CuratedError(
            str(error), f"CALIBRATION collections here: {', '.join(sorted(known)) or 'none'}"
        ) from error
    for info in named:
        if info.type not in (CollectionType.CALIBRATION, CollectionType.CHAINED):
            raise CuratedError(
                f"{info.name} is a {info.type.name} collection: it does not say when its datasets are valid",
                "certify them with 'butler certify-calibrations', and name the CALIBRATION collection",
            )
    for info in listed:
        if info.type is not CollectionType.CALIBRATION and info.dataset_types:
            names = [name for name in sorted(info.dataset_types) if _is_calibration(butler, name)]
            if names:
                detail = (
                    f"a {info.type.name} collection of the chain has {', '.join(names)}, valid at no time"
                )
                found.diagnostics.append(Diagnostic.from_problem(Problem("CAL666", (), detail), info.name))
    return [info for info in listed if info.type is CollectionType.CALIBRATION]


def _is_calibration(butler: Butler, name: str) -> bool:
    return bool(butler.get_dataset_type(name).isCalibration())


def _certified(
    butler: Butler, info: CollectionInfo, types: Sequence[str], found: _Found
) -> Iterator[Dataset]:
    for name in sorted(info.dataset_types or ()):
        if types and name not in types:
            continue
        for dataset, ref in certified_in(butler, butler.get_dataset_type(name), info.name, info.type):
            found.refs[ref.id] = ref
            yield dataset


def _places(butler: Butler, refs: list[DatasetRef]) -> dict[str, Place]:
    """Return where the datasets' files are; those that are gone, or stored in parts, are left out."""
    if not refs:
        return {}
    uris = butler.get_many_uris(refs, allow_missing=True)
    return {str(ref.id): uri.primaryURI for ref, uri in uris.items() if uri.primaryURI is not None}


def _instrument(butler: Butler, name: str) -> InstrumentRecord:
    rows = {
        element: [
            row.toDict()
            for row in butler.query_dimension_records(element, instrument=name, explain=False, limit=None)
        ]
        for element in ("instrument", "detector", "physical_filter")
    }
    # A repository calls a detector's number by the name of its dimension.
    return instrument_record(rows["instrument"][0], rows["detector"], rows["physical_filter"])
