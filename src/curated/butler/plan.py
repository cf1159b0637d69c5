"""What an import has to do: the difference between a bundle and a repository."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from lsst.daf.butler import Butler, CollectionType, DataCoordinate, DatasetRef, DatasetType, Timespan
from lsst.resources import ResourcePath

from curated.bundle.export import FIRST_NS, LAST_NS, tai_text
from curated.butler.contents import Contents, Entry
from curated.butler.files import content_of
from curated.butler.objects import object_state
from curated.butler.target import Survey, survey
from curated.butler.verify import LARGE, sha256_of, spread
from curated.diagnostic import Diagnostic, Problem

Group = tuple[str, str, int, int]
"""One certify call: collection, dataset type, begin and end."""

Span = tuple[int, int]

Key = tuple[str, tuple[tuple[str, Any], ...]]
"""What a calibration is of: dataset type and data ID."""

_BLOCKING = frozenset({"CAL623", "CAL624"})


@dataclass(slots=True)
class Plan:
    """What an import has to do.

    Parameters
    ----------
    contents : `Contents`
        The bundle.
    survey : `Survey`
        Its surroundings in the repository.
    ingest : `list` [`Entry`]
        Datasets that the repository lacks.
    present : `dict` [`str`, `lsst.daf.butler.DatasetRef`]
        Those that it has, by UUID.
    lost : `list`
        Those of which it has lost the file, and where that was.
    certify : `dict`
        Datasets to certify, by `Group`.
    certified : `list` [`Entry`]
        Those that are certified already.
    taken : `list` [`Entry`]
        Datasets whose place another one has.
    clashes : `dict` [`str`, `Entry`]
        Those whose range overlaps another one, by UUID.
    held : `dict`
        Ranges that a collection has already, by collection, then dataset type and data ID.
    files : `dict` [`str`, `str`]
        Local files of datasets, by UUID, as far as they are known.
    complete : `bool`
        Whether datasets and certifications were held against the repository.
    diagnostics : `list` [`Diagnostic`]
        What stands in the way.
    refs, data_ids : `dict`
        What `ref` has made so far.
    """

    contents: Contents
    survey: Survey
    ingest: list[Entry] = field(default_factory=list)
    present: dict[str, DatasetRef] = field(default_factory=dict)
    lost: list[tuple[Entry, ResourcePath]] = field(default_factory=list)
    certify: dict[Group, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    certified: list[Entry] = field(default_factory=list)
    taken: list[Entry] = field(default_factory=list)
    clashes: dict[str, Entry] = field(default_factory=dict)
    held: dict[str, dict[Key, list[Span]]] = field(default_factory=dict, repr=False)
    files: dict[str, str] = field(default_factory=dict, repr=False)
    complete: bool = False
    diagnostics: list[Diagnostic] = field(default_factory=list)
    refs: dict[str, DatasetRef] = field(default_factory=dict, repr=False)
    data_ids: dict[object, DataCoordinate] = field(default_factory=dict, repr=False)

    def ref(self, entry: Entry) -> DatasetRef:
        """Return Butler's reference to a dataset."""
        if entry.uuid not in self.refs:
            dataset_type = self.survey.dataset_types[entry.dataset_type]
            key = (dataset_type.dimensions, *entry.key[1])
            if key not in self.data_ids:
                # Most data IDs are shared by many types and epochs, and slow to make.
                made = DataCoordinate.standardize(entry.data_id, dimensions=dataset_type.dimensions)
                self.data_ids[key] = made
            data_id = self.data_ids[key]
            self.refs[entry.uuid] = DatasetRef(dataset_type, data_id, run=entry.run, id=UUID(entry.uuid))
        return self.refs[entry.uuid]

    def clash(self, entry: Entry) -> None:
        """Take a dataset out of those to certify, because its range overlaps another one."""
        self.clashes[entry.uuid] = entry
        members = self.certify.get((entry.collection, entry.dataset_type, *span_of(entry)), [])
        if entry in members:
            members.remove(entry)

    def find(self, file: str, code: str, detail: str, hint: str = "") -> None:
        """Add a finding."""
        self.diagnostics.append(Diagnostic.from_problem(Problem(code, (), detail, hint), file))


def make_plan(butler: Butler, contents: Contents, repository: str, *, chain: bool) -> Plan:
    """Work out what an import has to do; nothing is changed.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    contents : `Contents`
        The bundle.
    repository : `str`
        Its name in findings.
    chain : `bool`
        Whether the chains of recommended collections are to be changed.
    """
    surroundings = survey(butler, contents, chain=chain)
    plan = Plan(contents, surroundings)
    plan.diagnostics += [Diagnostic.from_problem(p, repository) for p in surroundings.problems]
    if any(d.code in _BLOCKING for d in plan.diagnostics):
        # The queries below need the dataset types and collections to be what they should.
        return plan
    plan.complete = True
    by_type: dict[str, list[Entry]] = defaultdict(list)
    for entry in contents.entries:
        by_type[entry.dataset_type].append(entry)
    for name, entries in by_type.items():
        known = name not in surroundings.new_types
        dataset_type = surroundings.dataset_types[name]
        _plan_datasets(butler, plan, dataset_type, entries, known=known)
        _plan_certifications(butler, plan, dataset_type, entries, known=known)
    _compare_files(butler, plan)
    return plan


def _plan_datasets(
    butler: Butler, plan: Plan, dataset_type: DatasetType, entries: list[Entry], *, known: bool
) -> None:
    runs = sorted({entry.run for entry in entries} & plan.survey.collections.keys())
    refs: list[DatasetRef] = []
    if known and runs:
        refs = butler.query_datasets(dataset_type, runs, find_first=False, limit=None, explain=False)
    by_id = {str(ref.id): ref for ref in refs}
    holders = {(ref.run, _key(ref)): ref.id for ref in refs}
    lacking: list[Entry] = []
    for entry in entries:
        holder = holders.get((entry.run, entry.key))
        if entry.uuid in by_id:
            plan.present[entry.uuid] = by_id[entry.uuid]
        elif holder is not None:
            plan.taken.append(entry)
            plan.find(entry.place, "CAL625", f"{entry} is dataset {holder} in run {entry.run} already")
        elif entry.is_reference:
            lacking.append(entry)
        else:
            plan.ingest.append(entry)
    for run in sorted({entry.run for entry in lacking}):
        number = sum(entry.run == run for entry in lacking)
        plan.find(run, "CAL680", f"{number} of {dataset_type.name}, the first is {lacking[0]}")


def _key(ref: DatasetRef) -> Key:
    return ref.datasetType.name, tuple(sorted(ref.dataId.required.items()))


def _plan_certifications(
    butler: Butler, plan: Plan, dataset_type: DatasetType, entries: list[Entry], *, known: bool
) -> None:
    collections = sorted({entry.collection for entry in entries} & plan.survey.collections.keys())
    held: dict[tuple[str, Key], list[tuple[Span, str]]] = defaultdict(list)
    if known and collections:
        for found in butler.registry.queryDatasetAssociations(
            dataset_type, collections, collectionTypes={CollectionType.CALIBRATION}, flattenChains=False
        ):
            if found.timespan is not None:
                held[found.collection, _key(found.ref)].append((found.timespan.nsec, str(found.ref.id)))
    ours: dict[tuple[str, Key], list[tuple[Span, Entry]]] = defaultdict(list)
    for entry in entries:
        span = span_of(entry)
        where = (entry.collection, entry.key)
        there = held.get(where, [])
        if (span, entry.uuid) in there:
            plan.certified.append(entry)
        else:
            plan.certify[entry.collection, entry.dataset_type, *span].append(entry)
            for other, uuid in there:
                if _overlap(span, other):
                    plan.clash(entry)
                    text = f"{entry}, {span_text(span)}, overlaps dataset {uuid}, {span_text(other)}"
                    plan.find(entry.place, "CAL627", f"{text}, in {entry.collection}")
        ours[where].append((span, entry))
    for spans in ours.values():
        _find_overlaps(plan, spans)
    for (collection, key), there in held.items():
        plan.held.setdefault(collection, {}).setdefault(key, []).extend(span for span, _ in there)


def _find_overlaps(plan: Plan, spans: list[tuple[Span, Entry]]) -> None:
    spans.sort(key=lambda pair: pair[0])
    longest = spans[0]
    for span, entry in spans[1:]:
        before, earlier = longest
        if _overlap(before, span):
            text = f"{entry}, {span_text(span)}, overlaps {earlier.place}, {span_text(before)}"
            plan.clash(entry)
            plan.find(entry.place, "CAL626", text)
        if span[1] > before[1]:
            longest = span, entry


def span_of(entry: Entry) -> Span:
    """Return a dataset's range as the repository holds it, open ends filled in."""
    return (
        FIRST_NS if entry.begin is None else entry.begin,
        LAST_NS if entry.end is None else entry.end,
    )


def timespan(span: Span) -> Timespan:
    """Return a range as Butler's class, exact to the nanosecond."""
    return Timespan.model_validate(span)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def span_text(span: Span) -> str:
    """Return a range as people read it."""
    begin, end = (("open" if ns in (FIRST_NS, LAST_NS) else f"{tai_text(ns)} TAI") for ns in span)
    return f"{begin} to {end}"


def _compare_files(butler: Butler, plan: Plan) -> None:
    if not plan.present:
        # Not only to save time: a datastore that has never been written to cannot be asked.
        return
    # A UUID does not see the content: a label that was used twice shows only here.
    entries = {e.uuid: e for e in plan.contents.entries if e.uuid in plan.present}
    uris = butler.get_many_uris(plan.present.values(), allow_missing=True)
    places = {str(ref.id): found.primaryURI for ref, found in uris.items()}
    for entry in (entry for uuid, entry in entries.items() if uuid not in places):
        if entry.is_reference:
            plan.find(entry.place, "CAL681", f"{entry}: the repository knows of no file")
        else:
            plan.ingest.append(entry)
    pairs = [(entries[uuid], uri) for uuid, uri in places.items() if uri is not None]
    plan.files.update((entry.uuid, uri.ospath) for entry, uri in pairs if uri.isLocal)
    roots = [root for root in butler.get_datastore_roots().values() if root is not None]
    compare = partial(_state, str(plan.contents.root))
    for (entry, uri), state in spread(
        pairs, lambda pair: not pair[1].isLocal or pair[0].size >= LARGE, compare
    ):
        if state == "differs":
            plan.taken.append(entry)
            plan.find(entry.place, "CAL625", f"{entry} has another content in run {entry.run}")
        elif state == "missing" and entry.is_reference:
            plan.find(entry.place, "CAL681", f"{entry}: {uri} is gone")
        elif state == "missing" and not _within(uri, roots):
            plan.find(entry.place, "CAL631", f"{entry} refers to {uri}, which is gone")
        elif state == "missing":
            plan.find(entry.place, "CAL630", f"{entry}: {uri} is gone")
            plan.lost.append((entry, uri))


def _state(root: str, pair: tuple[Entry, ResourcePath]) -> str:
    entry, uri = pair
    try:
        if not entry.sha256:
            return "same" if content_of(uri) == entry.content else "differs"
        if not uri.isLocal:
            # Another machine's file is not worth reading whole.
            return object_state(uri, entry.size, None if entry.is_reference else Path(root, entry.path))
        if entry.is_reference:
            # It was verified when it came; its size has to do.
            same = uri.size() == entry.size
        else:
            # What is the bundle's own file has been verified.
            same = _same_file(os.path.join(root, entry.path), uri.ospath) or (
                sha256_of(uri.ospath) == (entry.size, entry.sha256)
            )
    except FileNotFoundError:
        return "missing"
    return "same" if same else "differs"


def _same_file(ours: str, theirs: str) -> bool:
    try:
        return os.path.samefile(ours, theirs)
    except FileNotFoundError:
        # An import by moving has taken ours away, or theirs is lost.
        return False


def _within(uri: ResourcePath, roots: Iterable[ResourcePath]) -> bool:
    return any(uri.relative_to(root) is not None for root in roots)


def groups(plan: Plan) -> Iterator[tuple[str, list[DatasetRef], Timespan]]:
    """Walk over the certify calls of a plan, a call for each dataset type and range."""
    for (collection, _, begin, end), entries in plan.certify.items():
        yield collection, [plan.ref(entry) for entry in entries], timespan((begin, end))
