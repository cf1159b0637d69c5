"""Compare the datasets, certifications and files of a bundle with those of a repository."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lsst.daf.butler import Butler, CollectionType, DatasetRef
from lsst.resources import ResourcePath

from curated.bundle.contents import Contents, Entry
from curated.bundle.verification import LARGE, spread
from curated.butler.certified.lookup import certified_in, key_of
from curated.butler.datastores.stores import FileRecord, file_records
from curated.butler.importing.survey import Survey
from curated.butler.repository.files import content_of, name_in_zip, object_state, size_and_hash_of
from curated.core.codes import code_info
from curated.core.diagnostic import Diagnostic, Problem
from curated.datasets.record import Dataset, Key
from curated.datasets.spans import Span

Group = tuple[str, str, Span]
"""Collection, dataset type and range of the datasets that are certified in one call."""


@dataclass(frozen=True, slots=True)
class DatasetComparison:
    """Datasets of a bundle, compared with the datasets in a repository's RUNs.

    Parameters
    ----------
    new : `tuple` [`Entry`]
        Those that the repository lacks.
    refs : `dict` [`str`, `lsst.daf.butler.DatasetRef`]
        Those that it has, by UUID.
    conflicting : `tuple` [`Entry`]
        Those whose data ID another dataset has in the same RUN.
    diagnostics : `tuple` [`Diagnostic`]
        Conflicts, and references to datasets that the repository lacks.
    """

    new: tuple[Entry, ...] = ()
    refs: Mapping[str, DatasetRef] = field(default_factory=dict)
    conflicting: tuple[Entry, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificationComparison:
    """Certifications of a bundle, compared with those of its CALIBRATION collections in a repository.

    Parameters
    ----------
    new : `dict` [`Group`, `list` [`Entry`]]
        Datasets to certify, those of one call together.
    present : `tuple` [`Entry`]
        Datasets that are certified for their range already.
    conflicting : `tuple` [`Entry`]
        Datasets whose range overlaps another one, of the bundle or of the repository.
    existing : `dict` [`str`, `dict` [`Key`, `list` [`Dataset`]]]
        What the repository certifies, by collection and key.
    diagnostics : `tuple` [`Diagnostic`]
        A finding for each overlap.
    """

    new: Mapping[Group, list[Entry]] = field(default_factory=dict)
    present: tuple[Entry, ...] = ()
    conflicting: tuple[Entry, ...] = ()
    existing: Mapping[str, Mapping[Key, list[Dataset]]] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class FileComparison:
    """Files of a bundle, compared with those of the same datasets in a repository.

    Parameters
    ----------
    unrecorded : `tuple` [`Entry`]
        Datasets for which the repository has no record of a file.
    lost : `tuple` [`tuple` [`Entry`, `lsst.resources.ResourcePath`]]
        Datasets whose file is gone from the repository, and where it was.
    conflicting : `tuple` [`Entry`]
        Datasets whose file has another content.
    paths : `dict` [`str`, `str`]
        Local files of the repository, by UUID of the dataset; in a chain of datastores that of the first one.
    records : `dict` [`str`, `list` [`FileRecord`]]
        What the repository's datastores have recorded of the files, by UUID of the dataset.
    diagnostics : `tuple` [`Diagnostic`]
        Files that are gone or differ.
    """

    unrecorded: tuple[Entry, ...] = ()
    lost: tuple[tuple[Entry, ResourcePath], ...] = ()
    conflicting: tuple[Entry, ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, Sequence[FileRecord]] = field(default_factory=dict, repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()


def compare_datasets(butler: Butler, contents: Contents, survey: Survey) -> DatasetComparison:
    """Compare the datasets of a bundle with those in a repository's RUNs.

    Parameters
    ----------
    survey : `Survey`
        Dataset types and collections of the repository, which must agree with the bundle's.
    """
    refs: dict[str, DatasetRef] = {}
    new: list[Entry] = []
    conflicting: list[Entry] = []
    diagnostics: list[Diagnostic] = []
    for dataset_type, entries in _by_dataset_type(contents).items():
        existing = _existing_refs(butler, dataset_type, {entry.run for entry in entries}, survey)
        refs_by_uuid = {str(ref.id): ref for ref in existing}
        refs_by_key = {(ref.run, key_of(ref)): ref for ref in existing}
        absent = []
        for entry in entries:
            other = refs_by_key.get((entry.run, entry.key))
            same = refs_by_uuid.get(entry.uuid)
            if same is not None and same is not other:
                conflicting.append(entry)
                text = f"{entry} in run {entry.run}: dataset {entry.uuid} is {same.dataId} in run {same.run} there"
                diagnostics.append(_diagnostic(entry.place, "CAL643", text))
            elif same is not None:
                refs[entry.uuid] = same
            elif other is not None:
                conflicting.append(entry)
                text = f"{entry} is dataset {other.id} in run {entry.run} already"
                diagnostics.append(_diagnostic(entry.place, "CAL625", text, _hint_of(entry)))
            elif entry.is_reference:
                absent.append(entry)
            else:
                new.append(entry)
        diagnostics += _absent_references(dataset_type, absent)
    return DatasetComparison(tuple(new), refs, tuple(conflicting), tuple(diagnostics))


def compare_certifications(butler: Butler, contents: Contents, survey: Survey) -> CertificationComparison:
    """Compare the certifications of a bundle with each other and with those of a repository.

    Butler itself looks for overlaps only in some cases, and not at all within one call.

    Parameters
    ----------
    survey : `Survey`
        Dataset types and collections of the repository, which must agree with the bundle's.
    """
    existing = _existing_certifications(butler, contents, survey)
    present: list[Entry] = []
    absent: list[Entry] = []
    overlaps: list[tuple[Entry, Diagnostic]] = []
    entries_by_key: dict[tuple[str, Key], list[Entry]] = defaultdict(list)
    for entry in contents.entries:
        entries_by_key[entry.collection, entry.key].append(entry)
        certified = existing.get(entry.collection, {}).get(entry.key, [])
        if any(dataset.uuid == entry.uuid and dataset.span == entry.span for dataset in certified):
            present.append(entry)
            continue
        absent.append(entry)
        for dataset in certified:
            if dataset.span.overlaps(entry.span):
                text = f"{entry}, {entry.span}, overlaps dataset {dataset.uuid}, {dataset.span}, in {entry.collection}"
                overlaps.append((entry, _diagnostic(entry.place, "CAL627", text)))
    for entries in entries_by_key.values():
        for entry, other in _overlapping(entries):
            text = f"{entry}, {entry.span}, overlaps {other.place}, {other.span}"
            overlaps.append((entry, _diagnostic(entry.place, "CAL626", text)))
    conflicting = {entry.uuid: entry for entry, _ in overlaps}
    conflicts = {(entry.uuid, entry.span) for entry, _ in overlaps}
    new: dict[Group, list[Entry]] = defaultdict(list)
    for entry in absent:
        if not conflicts or (entry.uuid, entry.span) not in conflicts:
            new[entry.collection, entry.dataset_type, entry.span].append(entry)
    diagnostics = tuple(diagnostic for _, diagnostic in overlaps)
    return CertificationComparison(new, tuple(present), tuple(conflicting.values()), existing, diagnostics)


def compare_files(butler: Butler, contents: Contents, refs: Mapping[str, DatasetRef]) -> FileComparison:
    """Compare the files of a bundle with those of the same datasets in a repository.

    A UUID does not depend on the content: a release label that was used twice is noticed here only.

    Parameters
    ----------
    refs : `dict` [`str`, `lsst.daf.butler.DatasetRef`]
        The bundle's datasets that the repository has, by UUID.
    """
    entries = {entry.uuid: entry for entry in contents.entries if entry.uuid in refs}
    records = file_records(butler, refs.values())
    located = [(entries[uuid], record.uri) for uuid, files in records.items() for record in files]
    unlocated = [entry for uuid, entry in entries.items() if not records.get(uuid)]
    states = list(
        spread(
            located,
            lambda pair: not pair[1].isLocal or pair[0].size >= LARGE,
            partial(_file_state, str(contents.root)),
        )
    )
    roots = [root for root in butler.get_datastore_roots().values() if root is not None]
    lost = [
        (entry, uri)
        for (entry, uri), state in states
        if state == "missing" and not entry.is_reference and _is_within(uri, roots)
    ]
    return FileComparison(
        unrecorded=tuple(entry for entry in unlocated if not entry.is_reference),
        lost=tuple(lost),
        conflicting=tuple(entry for (entry, _), state in states if state == "differs"),
        paths={
            entry.uuid: uri.ospath for entry, uri in reversed(located) if uri.isLocal and not name_in_zip(uri)
        },
        records=records,
        diagnostics=(
            *(
                _diagnostic(entry.place, "CAL681", f"{entry}: the repository knows of no file")
                for entry in unlocated
                if entry.is_reference
            ),
            *(
                _file_diagnostic(entry, uri, state, roots)
                for (entry, uri), state in states
                if state in ("differs", "missing")
            ),
        ),
    )


def _by_dataset_type(contents: Contents) -> dict[str, list[Entry]]:
    entries: dict[str, list[Entry]] = defaultdict(list)
    for entry in contents.entries:
        entries[entry.dataset_type].append(entry)
    return entries


def _existing_refs(
    butler: Butler, dataset_type: str, bundle_runs: set[str], survey: Survey
) -> list[DatasetRef]:
    runs = sorted(bundle_runs & survey.collections.keys())
    if dataset_type in survey.new_types or not runs:
        return []
    return butler.query_datasets(
        survey.dataset_types[dataset_type], runs, find_first=False, limit=None, explain=False
    )


def _absent_references(dataset_type: str, absent: list[Entry]) -> Iterator[Diagnostic]:
    for run in sorted({entry.run for entry in absent}):
        number = sum(entry.run == run for entry in absent)
        yield _diagnostic(run, "CAL680", f"{number} of {dataset_type}, the first is {absent[0]}")


def _existing_certifications(
    butler: Butler, contents: Contents, survey: Survey
) -> dict[str, dict[Key, list[Dataset]]]:
    existing: dict[str, dict[Key, list[Dataset]]] = {}
    for collection in sorted({entry.collection for entry in contents.entries} & survey.collections.keys()):
        datasets: dict[Key, list[Dataset]] = defaultdict(list)
        for name in sorted(survey.dataset_types.keys() - survey.new_types):
            dataset_type = survey.dataset_types[name]
            for certified in certified_in(butler, dataset_type, collection, CollectionType.CALIBRATION):
                datasets[certified.dataset.key].append(certified.dataset)
        existing[collection] = datasets
    return existing


def _overlapping(entries: list[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Yield each dataset that overlaps an earlier one, with the one that lasts longest of those."""
    longest: Entry | None = None
    for entry in sorted(entries, key=lambda entry: entry.span):
        if longest is not None and longest.span.overlaps(entry.span):
            yield entry, longest
        if longest is None or entry.span.end > longest.span.end:
            longest = entry


def _file_state(root: str, pair: tuple[Entry, ResourcePath]) -> str:
    """Return ``same``, ``alike``, ``differs`` or ``missing``; see `object_state`."""
    entry, uri = pair
    try:
        if not entry.sha256:
            return "same" if content_of(uri) == entry.content else "differs"
        if entry.is_reference or name_in_zip(uri):
            # Nothing of it has been verified: the bundle only says that it is there.
            same = size_and_hash_of(uri) == (entry.size, entry.sha256)
        elif not uri.isLocal:
            # To download it would take too long.
            return object_state(uri, entry.size, Path(root, entry.path))
        else:
            # The bundle's own file has been verified.
            same = _is_same_file(os.path.join(root, entry.path), uri.ospath) or (
                size_and_hash_of(uri) == (entry.size, entry.sha256)
            )
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "differs"
    return "same" if same else "differs"


def _file_diagnostic(
    entry: Entry, uri: ResourcePath, state: str, roots: Iterable[ResourcePath]
) -> Diagnostic:
    if state == "differs":
        text = f"{entry} has another content in run {entry.run}"
        damaged = f"if it is damaged, as 'curated scrub' finds out, an import puts it back after {uri} is moved away"
        hint = _hint_of(entry) or code_info("CAL625").hint
        return _diagnostic(entry.place, "CAL625", text, f"{hint}; {damaged}")
    if entry.is_reference:
        return _diagnostic(entry.place, "CAL681", f"{entry}: {uri} is gone")
    if not _is_within(uri, roots):
        return _diagnostic(entry.place, "CAL631", f"{entry} refers to {uri}, which is gone")
    return _diagnostic(entry.place, "CAL630", f"{entry}: {uri} is gone")


def _is_same_file(bundle_path: str, repository_path: str) -> bool:
    try:
        return os.path.samefile(bundle_path, repository_path)
    except FileNotFoundError:
        # An import by moving has taken the bundle's away, or the repository's is lost.
        return False


def _is_within(uri: ResourcePath, roots: Iterable[ResourcePath]) -> bool:
    return any(uri.relative_to(root) is not None for root in roots)


def _diagnostic(file: str, code: str, detail: str, hint: str = "") -> Diagnostic:
    return Diagnostic.from_problem(Problem(code, (), detail, hint), file)


def _hint_of(entry: Entry) -> str:
    """Return the hint for a dataset whose name is taken, where that of the code does not help; empty otherwise."""
    # What a delta refers to stays in the runs of its base, whatever the label of the release.
    return "make the bundle again with --base and this repository" if entry.is_reference else ""
