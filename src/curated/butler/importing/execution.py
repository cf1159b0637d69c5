"""Execution of a plan: one transaction for everything that readers see."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import groupby

from lsst.daf.butler import Butler, ButlerConfig, CollectionType, FileDataset
from lsst.daf.butler.registry import ConflictingDefinitionError
from lsst.resources import ResourcePath

from curated.bundle.contents import Entry
from curated.bundle.verification import Progress, tracked
from curated.butler.certified.lookup import timespan_of
from curated.butler.datastores.choice import FormatterChoice, Formatters
from curated.butler.datastores.stores import FileStore, replace_formatters
from curated.butler.importing.integrity import FileState, FileStates, require_unchanged
from curated.butler.importing.placement import FileSource, file_source
from curated.butler.importing.plan import Plan
from curated.butler.importing.receipt import commit_count
from curated.butler.importing.request import ImportRequest
from curated.butler.importing.transfer import Uris, butler_mode
from curated.butler.repository.compatibility import ingest_files
from curated.butler.repository.database import database_file
from curated.butler.repository.files import local_uri, require_inside
from curated.butler.repository.journal import Journal

# Enough that the cost of a call does not count; few enough that Butler's records of them need little memory.
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Execution:
    """What the execution of a plan did.

    Parameters
    ----------
    first_commit : `int` or `None`
        Number of commits of the SQLite database before the transaction; `None` for another database.
    commits : `int`
        Number of commits that were made.
    paths : `dict` [`str`, `str`]
        Local files of the datasets that were ingested, by UUID; Butler may have put others where it wants them.
    """

    first_commit: int | None
    commits: int
    paths: Mapping[str, str]


def execute(
    butler: Butler,
    config: ButlerConfig,
    plan: Plan,
    request: ImportRequest,
    stores: Sequence[FileStore],
    choice: FormatterChoice,
    uploads: Uris,
    states: FileStates,
    journal: Journal,
) -> Execution:
    """Carry out a plan.

    Dataset types are registered first, which Butler cannot take back and which nobody sees. Collections, records,
    datasets, certifications and the chains of all instruments are one transaction.

    Parameters
    ----------
    plan : `Plan`
        A plan without errors.
    stores : sequence [`FileStore`]
        All datastores of the repository that hold files, in Butler's order.
    choice : `FormatterChoice`
        Formatters to record, and records to mend.
    uploads : `dict` [`str`, `lsst.resources.ResourcePath`]
        Objects that files were uploaded to, by path in the bundle.
    states : `dict` [`str`, `FileState`]
        States of the bundle's files when they were verified.
    journal : `Journal`
        Files are written down there before they are made.
    """
    for name in sorted(plan.survey.new_types):
        butler.registry.registerDatasetType(plan.survey.dataset_types[name])
    mode = butler_mode(request.transfer, plan.contents.root, butler)
    database = database_file(config)
    root = str(plan.contents.root)
    with file_source(stores, plan, mode, uploads, states, journal) as source, butler.transaction():
        first_commit = None if database is None else commit_count(database)
        with _collection_cache(butler, plan):
            _register_collections(butler, plan)
            for element, records in plan.survey.new_records.items():
                butler.registry.insertDimensionData(element, *records, skip_existing=True)
            _complete_records(butler, plan)
            paths = _ingest(butler, plan, choice.formatters, source, request.progress)
            _certify(butler, plan, request.progress)
        for name, mends in choice.mends.items():
            replace_formatters(mends, name)
        _restore_files(butler, plan, states)
        _change_chains(butler, plan)
        if not source.is_verified:
            # Butler has transferred them, or the repository refers to them where they are.
            require_unchanged(root, plan.ingest, states, linked=mode == "hardlink")
    if request.transfer == "move":
        _remove_moved(root, plan, states)
    return Execution(first_commit, 1, paths)


def _complete_records(butler: Butler, plan: Plan) -> None:
    """Fill in empty fields of records, unless another program has filled them in since the plan was made.

    Raises
    ------
    lsst.daf.butler.registry.ConflictingDefinitionError
        If a record is not as it was.
    """
    for comparison in plan.survey.completed_records:
        element, record = comparison.element, comparison.effective_record
        changes = butler.registry.syncDimensionData(element, record, update=True)
        if changes is True or (changes and any(value is not None for value in changes.values())):
            raise ConflictingDefinitionError(f"another program has changed a record of {element}")


def _restore_files(butler: Butler, plan: Plan, states: FileStates) -> None:
    """Copy files that are gone from the repository to where they were."""
    roots = [
        root.ospath for root in butler.get_datastore_roots().values() if root is not None and root.isLocal
    ]
    for entry, uri in plan.files.lost:
        if uri.isLocal:
            for root in roots:
                if (name := os.path.relpath(uri.ospath, root)).split("/")[0] != os.pardir:
                    require_inside(root, name)
            if os.path.islink(uri.ospath):
                # A link to nowhere: the copy would be made where it leads.
                os.unlink(uri.ospath)
        original = ResourcePath(str(plan.contents.root / entry.path))
        uri.transfer_from(original, transfer="copy", overwrite=True)
        try:
            require_unchanged(str(plan.contents.root), [entry], states)
        except BaseException:
            uri.remove()
            raise


def _remove_moved(bundle: str, plan: Plan, states: FileStates) -> None:
    """Remove a bundle's files whose content is in the repository now; others that have taken their place stay."""
    for entry in plan.ingest:
        path, verified = os.path.join(bundle, entry.path), states.get(entry.path)
        if verified is not None and FileState.of(os.lstat(path)).is_same_content(verified):
            os.unlink(path)


def _collection_cache(butler: Butler, plan: Plan) -> AbstractContextManager[None]:
    """Let Butler cache collections, unless it has to look for overlaps.

    The cached overlap check misses certifications made after caching began. Into a new collection nobody else has
    certified anything, and the bundle's own ranges have been compared; in an existing one Butler has to look each time.
    """
    names = {target.calibration for target in plan.contents.targets}
    return nullcontext() if names & plan.survey.collections.keys() else butler.registry.caching_context()


def _register_collections(butler: Butler, plan: Plan) -> None:
    """Register collections, within the transaction: outside of one, a kill may leave half of the rows of a RUN."""
    existing = plan.survey.collections.keys()
    for run in sorted({entry.run for entry in plan.contents.entries} - existing):
        butler.collections.register(run, CollectionType.RUN, doc=plan.contents.doc)
    for name in sorted({target.calibration for target in plan.contents.targets} - existing):
        butler.collections.register(name, CollectionType.CALIBRATION, doc=plan.contents.doc)


def renew_runs(butler: Butler, plan: Plan) -> None:
    """Register existing RUNs that have no datasets and are in no chain again, after Butler has refused to ingest.

    A program that was killed while it registered one may have written only one of its two rows. Nothing can be ingested
    into such a RUN.
    """
    runs = {entry.run for entry in plan.ingest} & plan.survey.collections.keys()
    if not runs:
        return
    infos = butler.collections.query_info(sorted(runs), include_parents=True, include_summary=True)
    with butler.transaction():
        for info in infos:
            if not info.dataset_types and not info.parents:
                butler.collections.x_remove(info.name)
                butler.collections.register(info.name, CollectionType.RUN, doc=plan.contents.doc)


def _ingest(
    butler: Butler, plan: Plan, formatters: Formatters, source: FileSource, progress: Progress | None
) -> dict[str, str]:
    """Ingest datasets and return their local files, by UUID, if they are known."""
    paths: dict[str, str] = {}
    done = 0
    for entries in _batches(plan.ingest):
        locations = source.provide(entries)
        files = [
            FileDataset(
                path=local_uri(location) if isinstance(location, str) else location,
                refs=[plan.refs[entry.uuid]],
                # Butler would look it up again for each file.
                formatter=formatters.get((entry.dataset_type, entry.instrument)),
            )
            for entry, location in zip(entries, locations, strict=True)
        ]
        ingest_files(butler, files, source.mode)
        if source.mode in ("split", "direct"):
            pairs = zip(entries, locations, strict=True)
            paths |= {entry.uuid: location for entry, location in pairs if isinstance(location, str)}
        done += len(entries)
        if progress is not None:
            progress("ingest", done, len(plan.ingest))
    return paths


def _batches(entries: tuple[Entry, ...]) -> Iterator[list[Entry]]:
    """Yield entries in batches of whole RUNs: Butler makes a table for each RUN in each call."""
    batch: list[Entry] = []
    by_run = groupby(sorted(entries, key=lambda entry: entry.run), key=lambda entry: entry.run)
    for _, members in by_run:
        batch += members
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _certify(butler: Butler, plan: Plan, progress: Progress | None) -> None:
    groups = plan.certifications.new
    for (collection, _, span), entries in tracked("certify", len(groups), progress, groups.items()):
        refs = [plan.refs[entry.uuid] for entry in entries]
        butler.registry.certify(collection, refs, timespan_of(span))


def _change_chains(butler: Butler, plan: Plan) -> None:
    """Put the release into each instrument's chain, within the transaction: readers see all of them or none.

    Raises
    ------
    lsst.daf.butler.registry.ConflictingDefinitionError
        If a chain is not as it was when the plan was made: what was said about lookups would not be true.
    """
    for chain in plan.chains.values():
        if chain.before is None:
            butler.collections.register(chain.name, CollectionType.CHAINED)
        expected = chain.before or ()
        if chain.after != expected:
            # Locks the chain against other programs until the end of the transaction, where a database has such locks.
            butler.collections.prepend_chain(chain.name, chain.release)
            expected = (chain.release, *(member for member in expected if member != chain.release))
        members = tuple(butler.collections.get_info(chain.name).children)
        if members != expected:
            raise ConflictingDefinitionError(f"another program has changed the chain {chain.name}")
        if members != chain.after:
            butler.collections.redefine_chain(chain.name, chain.after)
