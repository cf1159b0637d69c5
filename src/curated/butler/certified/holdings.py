"""Read the certified calibrations of a repository as plain values, for an export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from uuid import UUID

from lsst.daf.butler import Butler, CollectionInfo, CollectionType, DatasetRef, MissingCollectionError

from curated.butler.certified.lookup import (
    Certified,
    certified_in,
    default_collections,
    releases_beside,
    storage_classes,
)
from curated.butler.repository.compatibility import many_datasets
from curated.butler.repository.files import StoredLocation
from curated.butler.repository.opening import find_config, opened
from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.export.holdings import FileLocation, Holdings, InstrumentRecord, instrument_record


def read_holdings(repo: str, collections: Sequence[str] = (), types: Sequence[str] = ()) -> Holdings:
    """Read the certified calibrations of a repository.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    collections : sequence [`str`], optional
        CALIBRATION collections and chains of them, in the order of lookups; ``<inst>/calib`` of each
        instrument if empty.
    types : sequence [`str`], optional
        Names of dataset types; all of them if empty.

    Raises
    ------
    CuratedError
        If there is no repository or no such collection, or a collection has no validity ranges.
    """
    config = find_config(repo)
    if config is None:
        raise CuratedError(
            f"{repo} is neither a Butler repository nor a directory with an export.yaml",
            "name its directory, URI or alias",
        )
    with opened(repo, config) as butler:
        return replace(
            _read_holdings(butler, repo, collections, types), find_datasets=partial(_find_datasets, repo)
        )


def _find_datasets(repo: str, uuids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return dataset type and run of those datasets that a repository knows."""
    with opened(repo) as butler:
        refs = many_datasets(butler, _valid_uuids(uuids))
        return {str(ref.id): {"type": ref.datasetType.name, "run": ref.run} for ref in refs}


def _valid_uuids(texts: Iterable[str]) -> Iterator[UUID]:
    for text in texts:
        # A provenance record may have any text.
        with suppress(ValueError):
            yield UUID(text)


def _read_holdings(butler: Butler, repo: str, collections: Sequence[str], types: Sequence[str]) -> Holdings:
    names = tuple(collections) or tuple(default_collections(butler))
    problems = () if collections else releases_beside(butler, names)
    beside = [Diagnostic.from_problem(problem, repo) for problem in problems]
    infos = _collection_infos(butler, names)
    certified = [
        list(_certified(butler, info, types)) for info in infos if info.type is CollectionType.CALIBRATION
    ]
    refs = {dataset.uuid: ref for members in certified for dataset, ref in members}
    instruments = sorted(
        {str(ref.dataId["instrument"]) for ref in refs.values() if "instrument" in ref.dataId}
    )
    return Holdings(
        source=repo,
        collections=names,
        certified=tuple(tuple(dataset for dataset, _ in members) for members in certified),
        locations=_locations(butler, list(refs.values())),
        instruments={name: _instrument(butler, name) for name in instruments},
        diagnostics=(*_findings(butler, infos), *beside),
        storage_classes=storage_classes(refs.values()),
    )


def _collection_infos(butler: Butler, names: Sequence[str]) -> list[CollectionInfo]:
    """Return collections in the order of lookups, chains followed."""
    try:
        direct = butler.collections.query_info(names, flatten_chains=False, include_chains=True)
        flat = butler.collections.query_info(names, flatten_chains=True, include_summary=True)
    except MissingCollectionError as error:
        existing = butler.collections.query("*", collection_types={CollectionType.CALIBRATION})
        raise CuratedError(
            str(error), f"CALIBRATION collections here: {', '.join(sorted(existing)) or 'none'}"
        ) from error
    for info in direct:
        if info.type not in (CollectionType.CALIBRATION, CollectionType.CHAINED):
            raise CuratedError(
                f"{info.name} is a {info.type.name} collection: it does not say when its datasets are valid",
                "certify them with 'butler certify-calibrations', and name the CALIBRATION collection",
            )
    return list(flat)


def _findings(butler: Butler, infos: Sequence[CollectionInfo]) -> Iterator[Diagnostic]:
    """Yield a finding for each other collection of a chain that has calibrations."""
    for info in infos:
        if info.type is CollectionType.CALIBRATION:
            continue
        names = [
            name for name in sorted(info.dataset_types or ()) if butler.get_dataset_type(name).isCalibration()
        ]
        if names:
            detail = f"a {info.type.name} collection of the chain has {', '.join(names)}, valid at no time"
            yield Diagnostic.from_problem(Problem("CAL666", (), detail), info.name)


def _certified(butler: Butler, info: CollectionInfo, types: Sequence[str]) -> Iterator[Certified]:
    for name in sorted(info.dataset_types or ()):
        if not types or name in types:
            yield from certified_in(butler, butler.get_dataset_type(name), info.name, info.type)


def _locations(butler: Butler, refs: list[DatasetRef]) -> dict[str, FileLocation]:
    """Return the locations of datasets' files; those that are gone, or stored in parts, are left out."""
    if not refs:
        return {}
    uris = butler.get_many_uris(refs, allow_missing=True)
    return {
        str(ref.id): StoredLocation(uri.primaryURI) for ref, uri in uris.items() if uri.primaryURI is not None
    }


def _instrument(butler: Butler, name: str) -> InstrumentRecord:
    rows = {
        element: [
            row.toDict()
            for row in butler.query_dimension_records(element, instrument=name, explain=False, limit=None)
        ]
        for element in ("instrument", "detector", "physical_filter")
    }
    if not rows["instrument"]:
        raise CuratedError(
            f"the repository certifies calibrations of {name}, and has no record of that instrument",
            "its database is damaged: restore it",
        )
    return instrument_record(rows["instrument"][0], rows["detector"], rows["physical_filter"])
