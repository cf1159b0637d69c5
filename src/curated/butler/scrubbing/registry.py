"""Compare what a registry says with a release: definitions, datasets and certifications."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lsst.daf.butler import Butler, CollectionType, DatasetRef
from lsst.daf.butler.datastore.stored_file_info import StoredFileInfo

from curated.bundle.checks.consistency import declared_spec, is_same_class
from curated.bundle.contents import Contents, Entry
from curated.butler.certified.lookup import Certified, dataset_of, key_of, storage_classes
from curated.butler.datastores.choice import formatter_problem
from curated.butler.datastores.names import load_formatter
from curated.butler.datastores.stores import FileRecord, FileStore, file_records, file_stores
from curated.butler.importing.survey import survey_repository
from curated.butler.repository.opening import collection_info
from curated.butler.repository.records import (
    ImportRecord,
    Ranges,
    RepositoryState,
    dimension_rows,
)
from curated.butler.repository.universe import fit_records
from curated.butler.scrubbing.files import StoredFile
from curated.core.diagnostic import Diagnostic, Problem
from curated.datasets.foreign import ForeignType, count_foreign
from curated.datasets.record import Dataset, Key, key_text
from curated.datasets.spans import ALWAYS, Span

_NO_RECORD = ImportRecord("", "", {}, {})


@dataclass(frozen=True, slots=True)
class Release:
    """A release that was imported, and what vouches for it.

    Parameters
    ----------
    contents : `Contents`
        Its manifest, under the label that was used.
    record : `ImportRecord`
        What the import recorded; empty if it recorded nothing.
    source : `str`
        The bundle, or the record in the repository.
    signer : `str`
        Who signed it; empty if nobody did or nobody asked.
    """

    contents: Contents
    record: ImportRecord = _NO_RECORD
    source: str = ""
    signer: str = ""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a repository has of some collections.

    Parameters
    ----------
    certified : `dict` [`str`, `list` [`Certified`]]
        Certifications by CALIBRATION collection that exists.
    members : `dict` [`str`, `DatasetRef`]
        Datasets of the RUNs below these collections, and those that are certified, by UUID.
    runs : `dict` [`str`, `list` [`str`]]
        RUNs that list each dataset, by UUID.
    files : `dict` [`str`, `list` [`FileRecord`]]
        Records of files by UUID.
    stores : `tuple` [`FileStore`]
        All datastores of the repository that hold files, in Butler's order.
    """

    certified: Mapping[str, list[Certified]] = field(default_factory=dict)
    members: Mapping[str, DatasetRef] = field(default_factory=dict)
    runs: Mapping[str, list[str]] = field(default_factory=dict)
    files: Mapping[str, list[FileRecord]] = field(default_factory=dict)
    stores: tuple[FileStore, ...] = ()


def read_holdings(butler: Butler, collections: Iterable[str]) -> Holdings:
    """Read what a repository has of CALIBRATION collections and of the RUNs below them."""
    certified: dict[str, list[Certified]] = {}
    members: dict[str, DatasetRef] = {}
    runs: dict[str, list[str]] = {}
    for collection in sorted(set(collections)):
        info = collection_info(butler, collection)
        if info is not None:
            if info.type is not CollectionType.CALIBRATION:
                continue
            certified[collection] = list(_certified(butler, collection))
            members |= {item.dataset.uuid: item.ref for item in certified[collection]}
        # The RUNs, and what they hold, may be left of a collection that somebody removed.
        for run, ref in _run_members(butler, collection):
            members[str(ref.id)] = ref
            holders = runs.setdefault(str(ref.id), [])
            # <inst>/calib, which is above all releases, may be a CALIBRATION collection as well.
            if run not in holders:
                holders.append(run)
    return Holdings(certified, members, runs, file_records(butler, members.values()), file_stores(butler))


def _certified(butler: Butler, collection: str) -> Iterator[Certified]:
    for info in butler.collections.query_info(collection, include_summary=True):
        for name in sorted(info.dataset_types or ()):
            for association in butler.registry.queryDatasetAssociations(
                name, collection, collectionTypes={CollectionType.CALIBRATION}, flattenChains=False
            ):
                # As the table has them: other than for lookups, ends beyond what a database holds are no open ends.
                timespan = association.timespan
                span = Span(*timespan.nsec) if timespan is not None else Span(0, 0)
                yield Certified(dataset_of(association.ref, collection, span), association.ref)


def _run_members(butler: Butler, collection: str) -> Iterator[tuple[str, DatasetRef]]:
    """Yield the RUNs below a collection with the datasets that they list, which may say that they are in another."""
    runs = butler.collections.query(f"{collection}/*", collection_types={CollectionType.RUN})
    runs_by_type: dict[str, set[str]] = defaultdict(set)
    for info in butler.collections.query_info(runs, include_summary=True) if runs else ():
        for name in info.dataset_types or ():
            runs_by_type[name].add(info.name)
    for name, holders in sorted(runs_by_type.items()):
        for association in butler.registry.queryDatasetAssociations(
            name, sorted(holders), collectionTypes={CollectionType.RUN}, flattenChains=False
        ):
            yield association.collection, association.ref


def expected_files(
    holdings: Holdings, releases: Iterable[Release]
) -> tuple[list[tuple[str, StoredFile]], dict[str, int], tuple[ForeignType, ...]]:
    """Return what is known of the file of each dataset, by UUID, and how many datasets nothing vouches for.

    The last are counted by RUN, those of dataset types that no calibration type declares by type.
    """
    entries: dict[str, Entry] = {}
    for release in releases:
        for entry in release.contents.entries:
            if entry.uuid not in entries or entry.sha256:
                entries[entry.uuid] = entry
    uncovered: Counter[str] = Counter()
    foreign: list[DatasetRef] = []
    files = []
    for uuid, ref in sorted(holdings.members.items()):
        entry_or_none = entries.get(uuid)
        if entry_or_none is None:
            if declared_spec(ref.datasetType.name) is None:
                foreign.append(ref)
            else:
                uncovered[ref.run] += 1
            files.append((uuid, StoredFile("")))
        else:
            entry = entry_or_none
            files.append((uuid, StoredFile("", entry.sha256, entry.size, entry.content)))
    others = count_foreign((dataset_of(ref, "", ALWAYS) for ref in foreign), storage_classes(foreign))
    return files, dict(uncovered), others


def definition_findings(butler: Butler, release: Release) -> Iterator[Diagnostic]:
    """Yield how dataset types, collections and dimension records differ from those of a release."""
    survey = survey_repository(butler, fit_records(butler, release.contents).contents)
    problems = list(survey.problems)
    problems += [Problem("CAL695", (), f"dataset type {name} is gone") for name in sorted(survey.new_types)]
    for comparison in survey.records:
        problems += comparison.problems
        if not comparison.exists:
            name = comparison.record.get("full_name") or comparison.record.get("name")
            problems.append(Problem("CAL695", (), f"{comparison.element} {name} is gone"))
    yield from (_finding("CAL695", p.detail, release.source) for p in problems if p.code != "CAL621")
    for element, rows in release.record.dimensions.items():
        present = dimension_rows(butler, element, {t.instrument for t in release.contents.targets})
        for row in rows:
            if row not in present and not any(_is_completed(row, other) for other in present):
                name = row.get("full_name") or row.get("name")
                detail = f"{element} {name}: its record is not as it was after the import"
                yield _finding("CAL695", detail, release.source)
    for target in release.contents.targets:
        info = collection_info(butler, target.calibration)
        if info is None:
            yield _finding("CAL695", "the collection is gone", target.calibration)


def _is_completed(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether a record differs from an earlier state only by values that it lacked then."""
    return all(other.get(key) == value for key, value in row.items() if value is not None)


def shared_file_findings(holdings: Holdings) -> Iterator[Diagnostic]:
    """Yield the files that the datastore has for several datasets: all but one of them have lost their own."""
    uuids_by_path: dict[tuple[str, str], list[str]] = defaultdict(list)
    for uuid, records in holdings.files.items():
        for record in records:
            uuids_by_path[record.store.table, record.info.path].append(uuid)
    for (_, path), uuids in sorted(uuids_by_path.items()):
        if len(uuids) > 1:
            names = ", ".join(
                sorted(f"{key_text(key_of(holdings.members[uuid]))} ({uuid})" for uuid in uuids)
            )
            yield _finding("CAL694", f"one file of {len(uuids)} datasets: {names}", path)


def formatter_findings(holdings: Holdings, releases: Iterable[Release]) -> Iterator[Diagnostic]:
    """Yield the datasets of releases whose recorded formatter is not that of the configuration, or is of no use here.

    No name that a record has is imported: only the configuration's are, which was checked when it was read.
    """
    counts: Counter[tuple[str, str, str, str]] = Counter()
    entries = {entry.uuid: entry for release in releases for entry in release.contents.entries}
    for uuid, entry in entries.items():
        ref = holdings.members.get(uuid)
        records = holdings.files.get(uuid, ())
        if ref is None or not records:
            continue
        store = next((store for store in holdings.stores if store.accepts(ref)), records[0].store)
        configured = store.formatters.name(ref)
        for record in records:
            counts[entry.collection, entry.dataset_type, record.info.formatter, configured or ""] += 1
    for (collection, dataset_type, name, configured), number in sorted(counts.items()):
        if not configured:
            continue
        loaded = load_formatter(configured)
        proper = loaded.formatter.name() if loaded.formatter is not None else configured
        if name not in (configured, proper):
            problem = formatter_problem(dataset_type, number, name, proper)
            yield Diagnostic.from_problem(problem, collection)
        elif loaded.state == "broken":
            yield _finding("CAL699", f"{number} of {dataset_type}: {loaded.reason}", collection)


def chain_findings(
    butler: Butler, releases: Iterable[Release], state: RepositoryState
) -> Iterator[Diagnostic]:
    """Yield the chains whose members are not those that curated recorded, and those of which it recorded none."""
    for target in {target for release in releases for target in release.contents.targets}:
        info = collection_info(butler, target.chain)
        children = info.children if info is not None and info.type is CollectionType.CHAINED else ()
        if target.chain not in state.chains and target.calibration in children:
            yield _finding("CAL698", "no record covers the order of this chain", target.chain)
    for chain, members in sorted(state.chains.items()):
        info = collection_info(butler, chain)
        if info is None or info.type is not CollectionType.CHAINED:
            yield _finding("CAL696", "the chain is gone", chain)
        elif list(info.children) != members:
            texts = (", ".join(names) or "nothing" for names in (info.children, members))
            yield _finding("CAL696", "it is {}; curated left it as {}".format(*texts), chain)


def release_findings(
    holdings: Holdings, release: Release, state: RepositoryState, others: Iterable[Release] = ()
) -> Iterator[Diagnostic]:
    """Yield how datasets and certifications of the collections of a release differ from it.

    Parameters
    ----------
    others : iterable [`Release`], optional
        Other imports of the repository: what they brought into the same collections is as it should be.
    """
    for target in release.contents.targets:
        collection = target.calibration
        entries = [entry for entry in release.contents.entries if entry.collection == collection]
        uuids = {entry.uuid for entry in entries}
        other_entries = (
            entry for other in others if other is not release for entry in other.contents.entries
        )
        other_uuids = {entry.uuid for entry in other_entries if entry.collection == collection} - uuids
        # Of a collection or a dataset that is gone, it goes without saying that nothing is certified.
        if collection in holdings.certified:
            present = [entry for entry in entries if entry.uuid in holdings.members]
            ranges = state.ranges.get(collection, {})
            corrected = {uuid: spans for uuid, spans in ranges.items() if uuid not in other_uuids}
            certified = [c for c in holdings.certified[collection] if c.dataset.uuid not in other_uuids]
            yield from _certification_findings(certified, present, corrected)
        yield from _dataset_findings(holdings, release, collection, entries, other_uuids)


def _certification_findings(
    certified: Iterable[Certified], entries: Iterable[Entry], corrected: Ranges
) -> Iterator[Diagnostic]:
    actual: dict[str, list[Span]] = defaultdict(list)
    datasets: dict[str, Dataset] = {}
    identities: dict[str, set[tuple[Key, str]]] = defaultdict(set)
    for dataset, _ in certified:
        actual[dataset.uuid].append(dataset.span)
        datasets[dataset.uuid] = dataset
        identities[dataset.uuid].add((dataset.key, dataset.run))
    expected: dict[str, list[Span]] = defaultdict(list)
    places: dict[str, Entry] = {}
    for entry in entries:
        expected[entry.uuid].append(entry.span)
        places[entry.uuid] = entry
    for uuid, ranges in corrected.items():
        expected[uuid] = [Span(*ends) for ends in ranges]
    for uuid in sorted(expected.keys() | actual.keys()):
        spans, proper_spans = sorted(actual.get(uuid, [])), sorted(expected.get(uuid, []))
        is_same = uuid not in places or identities[uuid] <= {(places[uuid].key, places[uuid].run)}
        if spans == proper_spans and is_same:
            continue
        if uuid in places:
            entry = places[uuid]
            present, proper = (", ".join(map(str, s)) or "no time" for s in (spans, proper_spans))
            names = [f"{key_text(key)} of run {run}" for key, run in sorted(identities[uuid], key=str)]
            detail = (
                f"{' and '.join(names) or entry} is certified for {present};"
                f" it was imported as {entry} of run {entry.run} for {proper}"
            )
            yield _finding("CAL692", detail, entry.place)
        elif uuid in datasets:
            dataset = datasets[uuid]
            detail = f"{dataset} of run {dataset.run} is certified, and no dataset of the release"
            yield _finding("CAL693", detail, dataset.collection)
        else:
            yield _finding("CAL692", "it was certified by a correction, and is not any more", uuid)


def _dataset_findings(
    holdings: Holdings, release: Release, collection: str, entries: Iterable[Entry], other_uuids: set[str]
) -> Iterator[Diagnostic]:
    uuids = set(other_uuids)
    for entry in entries:
        uuids.add(entry.uuid)
        ref = holdings.members.get(entry.uuid)
        if ref is None:
            yield _finding("CAL694", f"{entry} is gone from run {entry.run}", entry.place)
            continue
        # A dataset of an earlier release is in a run of that one.
        listing = [ref.run] if entry.is_reference else holdings.runs.get(entry.uuid, [])
        if listing != [entry.run] or ref.run != entry.run:
            runs = ", ".join(sorted({ref.run, *listing})) if listing else "none"
            yield _finding("CAL694", f"{entry} is in run {runs}, not in {entry.run}", entry.place)
        if key_of(ref) != entry.key:
            yield _finding(
                "CAL694", f"dataset {entry.uuid} is {key_text(key_of(ref))}, not {entry}", entry.place
            )
        yield from _file_record_findings(holdings.files.get(entry.uuid, []), release, entry)
    for uuid, run in sorted((uuid, run) for uuid, runs in holdings.runs.items() for run in runs):
        if uuid not in uuids and run.startswith(f"{collection}/"):
            detail = (
                f"{key_text(key_of(holdings.members[uuid]))} is in run {run}, and no dataset of the release"
            )
            yield _finding("CAL693", detail, collection)


def _file_record_findings(
    records: Sequence[FileRecord], release: Release, entry: Entry
) -> Iterator[Diagnostic]:
    places = {record.store.table for record in records}
    if not records or len(records) != len(places) or any(r.info.component is not None for r in records):
        detail = f"{entry}: the datastore has {len(records)} records of its file, or one of a part of it"
        yield _finding("CAL694", detail, entry.place)
        return
    for record in records:
        yield from _content_findings(record.info, release, entry)


def _content_findings(info: StoredFileInfo, release: Release, entry: Entry) -> Iterator[Diagnostic]:
    if entry.size and info.file_size not in (entry.size, -1):
        detail = f"{entry}: the datastore says {info.file_size} bytes; it was imported with {entry.size}"
        yield _finding("CAL694", detail, entry.place)
    kinds = {kind.name: kind for kind in release.contents.kinds}
    kind = kinds.get(entry.dataset_type)
    # The attribute has another name in older releases of Butler.
    storage_class = info.to_record()["storage_class"]
    if kind is not None and not is_same_class(kind.name, storage_class, kind.storage_class):
        detail = f"{entry}: stored as {storage_class}; it was imported as {kind.storage_class}"
        yield _finding("CAL694", detail, entry.place)
    formatters = release.record.formatters.get(entry.dataset_type)
    if formatters is not None and info.formatter not in formatters:
        detail = f"{entry}: read with {info.formatter}; it was imported for {' or '.join(formatters)}"
        yield _finding("CAL694", detail, entry.place)


def _finding(code: str, detail: str, place: str) -> Diagnostic:
    return Diagnostic.from_problem(Problem(code, (), detail), place)
