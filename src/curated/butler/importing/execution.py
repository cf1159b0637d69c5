"""A plan, carried out: one transaction for all that readers see."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby
from pathlib import Path

from lsst.daf.butler import Butler, ButlerConfig, CollectionType, FileDataset, Formatter, FormatterV2
from lsst.resources import ResourcePath

from curated.bundle.contents import Entry
from curated.bundle.verification import Progress, tracked
from curated.butler.formatter import CalibFormatter
from curated.butler.importing.placement import placement
from curated.butler.importing.plan import Plan, groups
from curated.butler.importing.receipt import Witness
from curated.butler.importing.summary import chain_members
from curated.butler.repository.files import local_uri
from curated.butler.repository.opening import configured_formatters
from curated.registry import all_types

Formatters = dict[tuple[str, str], type[Formatter | FormatterV2]]
"""Formatter to record, by dataset type and instrument; without an entry the repository decides."""

# Enough that the cost of a call does not count; few enough that what Butler makes of them is no memory.
_BATCH = 5_000


def choose_formatters(plan: Plan, config: ButlerConfig, butler: Butler, repository: str) -> Formatters:
    """Decide whose formatter is recorded for the datasets that a plan ingests.

    A repository's own formatters are used wherever they can be imported. Where they cannot, and
    the repository holds calibrations only, ours is recorded; a repository that is shared with the
    stack is refused, because the stack could not read such datasets without curated.

    Parameters
    ----------
    plan : `Plan`
        What the import does; findings are added.
    config : `lsst.daf.butler.ButlerConfig`
        The repository's configuration.
    butler : `lsst.daf.butler.Butler`
        The repository.
    repository : `str`
        Its name in findings.
    """
    if ("datastore", "formatters") not in config:
        # Several datastores, each with its own; Butler sorts that out.
        return {}
    factory = configured_formatters(config, butler)
    chosen: Formatters = {}
    failed: dict[str, list[str]] = {}
    for entry in plan.ingest:
        key = (entry.dataset_type, entry.instrument)
        if key in chosen:
            continue
        try:
            chosen[key] = factory.getFormatterClass(plan.ref(entry))
        except (ImportError, KeyError) as error:
            chosen[key] = CalibFormatter
            failed.setdefault(str(error), []).append(entry.dataset_type)
    if failed:
        code = "CAL629" if _shared(butler, plan) else "CAL628"
        for why, names in failed.items():
            plan.find(repository, code, f"{', '.join(sorted(set(names)))}: {why}")
    return chosen


def _shared(butler: Butler, plan: Plan) -> bool:
    ours = {kind.name for kind in plan.contents.kinds} | {cls.SPEC.dataset for cls in all_types().values()}
    return any(found.name not in ours for found in butler.registry.queryDatasetTypes())


def method_for(transfer: str, bundle: Path, butler: Butler) -> str:
    """Return how Butler is to transfer files.

    Butler's own move cannot be repeated when it was killed. Ours links, or copies where it must, and
    removes the bundle's files when all is done.

    Parameters
    ----------
    transfer : `str`
        What the user wants.
    bundle : `pathlib.Path`
        The bundle's directory.
    butler : `lsst.daf.butler.Butler`
        The repository.
    """
    if transfer != "move":
        return transfer
    device = bundle.stat().st_dev
    for root in butler.get_datastore_roots().values():
        if root is None or not root.isLocal or Path(root.ospath).stat().st_dev != device:
            return "copy"
    return "hardlink"


def execute(
    butler: Butler,
    config: ButlerConfig,
    plan: Plan,
    formatters: Formatters,
    transfer: str,
    witness: Witness,
    *,
    chain: bool = True,
    progress: Progress | None = None,
    uploaded: Mapping[str, ResourcePath] | None = None,
) -> None:
    """Carry out a plan.

    Dataset types are registered first, which Butler cannot take back and which nobody sees. Collections, records,
    datasets and certifications are one transaction. The chains change when all the rest is done.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    config : `lsst.daf.butler.ButlerConfig`
        Its configuration.
    plan : `Plan`
        What to do.
    formatters : `dict`
        Whose formatter to record, by dataset type.
    transfer : `str`
        How files go into the repository.
    witness : `Witness`
        Told of what is written, and when.
    chain : `bool`, optional
        Whether to change the chains of recommended collections.
    progress : callable, optional
        Told the stage, how much is done, and how much there is.
    uploaded : `dict`, optional
        Objects that files were uploaded to before, by the file's path.
    """
    for name in sorted(plan.survey.new_types):
        butler.registry.registerDatasetType(plan.survey.dataset_types[name])
    method = method_for(transfer, plan.contents.root, butler)
    with placement(butler, config, plan, method) as place, _caching(butler, plan), butler.transaction():
        witness.begin()
        _register(butler, plan)
        for element, records in plan.survey.missing.items():
            butler.registry.insertDimensionData(element, *records, skip_existing=True)
        if place is None:
            root = str(plan.contents.root.absolute())
            _ingest(butler, plan, formatters, method, _joined(root, uploaded or {}), progress)
            if method == "direct":
                plan.files.update((e.uuid, os.path.join(root, e.path)) for e in plan.ingest)
        else:
            # Every file is in the datastore; "split" finds that out with less work than None.
            _ingest(butler, plan, formatters, "split", place.put, progress)
        for collection, refs, span in tracked("certify", len(plan.certify), progress, groups(plan)):
            butler.registry.certify(collection, refs, span)
    witness.commits += 1
    for entry, uri in plan.lost:
        source = ResourcePath(str(plan.contents.root / entry.path))
        uri.transfer_from(source, transfer="copy", overwrite=True)
    if chain:
        _prepend(butler, plan, witness)
    if transfer == "move":
        for entry in plan.ingest:
            (plan.contents.root / entry.path).unlink()


def _caching(butler: Butler, plan: Plan) -> AbstractContextManager[None]:
    """Let Butler remember collections, where it need not look for overlaps.

    Its look is blind to what was certified since it began to remember. Into a collection that is new nobody else has
    certified anything, and the bundle's own ranges have been compared; into another one it has to look each time.
    """
    names = {target.calibration for target in plan.contents.targets}
    return nullcontext() if names & plan.survey.collections.keys() else butler.registry.caching_context()


def _register(butler: Butler, plan: Plan) -> None:
    """Register collections, within the transaction: of a RUN, Butler writes one row and then the other."""
    known = plan.survey.collections.keys()
    for run in sorted({entry.run for entry in plan.contents.entries} - known):
        butler.collections.register(run, CollectionType.RUN, doc=plan.contents.doc)
    for name in sorted({target.calibration for target in plan.contents.targets} - known):
        butler.collections.register(name, CollectionType.CALIBRATION, doc=plan.contents.doc)


def renew_runs(butler: Butler, plan: Plan) -> None:
    """Register those RUNs anew that were there and have no datasets, unless they are in a chain.

    A program that was killed while it registered one may have left it by half. Nothing can be written to it then.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository, which has refused to ingest.
    plan : `Plan`
        What the import does.
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
    butler: Butler,
    plan: Plan,
    formatters: Formatters,
    method: str,
    find: Callable[[list[Entry]], Sequence[ResourcePath]],
    progress: Progress | None,
) -> None:
    done = 0
    for entries in _batches(plan.ingest):
        files = [
            FileDataset(
                path=path,
                refs=[plan.ref(entry)],
                # Butler would look it up again for each file.
                formatter=formatters.get((entry.dataset_type, entry.instrument)),
            )
            for entry, path in zip(entries, find(entries), strict=True)
        ]
        butler.ingest(*files, transfer=method, skip_existing=True)
        done += len(entries)
        if progress is not None:
            progress("ingest", done, len(plan.ingest))


def _joined(
    root: str, uploaded: Mapping[str, ResourcePath]
) -> Callable[[list[Entry]], Sequence[ResourcePath]]:
    return lambda entries: [uploaded.get(e.path) or local_uri(os.path.join(root, e.path)) for e in entries]


def _batches(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Yield entries in portions of whole RUNs: Butler makes a table for each RUN in each call."""
    batch: list[Entry] = []
    by_run = groupby(sorted(entries, key=lambda entry: entry.run), key=lambda entry: entry.run)
    for _, members in by_run:
        batch += members
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _prepend(butler: Butler, plan: Plan, witness: Witness) -> None:
    for target in plan.contents.targets:
        before, after = chain_members(plan, target)
        if before is None:
            butler.collections.register(target.chain, CollectionType.CHAINED)
            witness.commits += 1
        if before != after:
            butler.collections.prepend_chain(target.chain, target.calibration)
            witness.commits += 1
