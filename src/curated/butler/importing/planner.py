"""The difference between a bundle and a repository, worked out."""

from __future__ import annotations

from collections import defaultdict

from lsst.daf.butler import Butler, CollectionType, DatasetRef, DatasetType

from curated.bundle.contents import Contents, Entry
from curated.butler.certified.lookup import key_of
from curated.butler.importing.comparison import compare_files
from curated.butler.importing.data_ids import DataIds
from curated.butler.importing.plan import Plan
from curated.butler.importing.survey import survey
from curated.core.diagnostic import Diagnostic
from curated.datasets.record import Key
from curated.datasets.spans import Span

_BLOCKING = frozenset({"CAL623", "CAL624"})


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
    plan = Plan(contents, surroundings, DataIds(butler.dimensions, contents.records))
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
    compare_files(butler, plan)
    return plan


def _plan_datasets(
    butler: Butler, plan: Plan, dataset_type: DatasetType, entries: list[Entry], *, known: bool
) -> None:
    runs = sorted({entry.run for entry in entries} & plan.survey.collections.keys())
    refs: list[DatasetRef] = []
    if known and runs:
        refs = butler.query_datasets(dataset_type, runs, find_first=False, limit=None, explain=False)
    by_id = {str(ref.id): ref for ref in refs}
    holders = {(ref.run, key_of(ref)): ref.id for ref in refs}
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
                held[found.collection, key_of(found.ref)].append(
                    (Span.of(*found.timespan.nsec), str(found.ref.id))
                )
    ours: dict[tuple[str, Key], list[tuple[Span, Entry]]] = defaultdict(list)
    for entry in entries:
        span = entry.span
        where = (entry.collection, entry.key)
        there = held.get(where, [])
        if (span, entry.uuid) in there:
            plan.certified.append(entry)
        else:
            plan.certify[entry.collection, entry.dataset_type, *span].append(entry)
            for other, uuid in there:
                if span.overlaps(other):
                    plan.clash(entry)
                    text = f"{entry}, {span}, overlaps dataset {uuid}, {other}"
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
        if before.overlaps(span):
            text = f"{entry}, {span}, overlaps {earlier.place}, {before}"
            plan.clash(entry)
            plan.find(entry.place, "CAL626", text)
        if span[1] > before[1]:
            longest = span, entry
