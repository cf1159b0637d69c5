"""Validity ranges in a repository, changed the way a package says: all of them or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lsst.daf.butler import Butler, CollectionType, DatasetRef, Timespan

from curated.butler.certified.lookup import Certified, certified_in, timespan_of
from curated.butler.correcting.package_ranges import Said
from curated.butler.correcting.range_changes import Change, Reranging
from curated.butler.correcting.report import Recertification, State, same
from curated.butler.correcting.session import changing
from curated.butler.repository.opening import collection_info
from curated.core.diagnostic import CuratedError, has_errors
from curated.datasets.record import Dataset, Key
from curated.datasets.spans import Span

_COMMIT = re.compile(r"at commit ([0-9a-f]{40})\b")
_CHUNK = 200
"""Data IDs of one call; a query with more of them grows too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to change.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    prefix : `str`
        Path of the package in its repository.
    paths : sequence [`str`]
        Files or directories of the package; only what they are of is changed. Everything if empty.
    release, collection : `str`, optional
        The release, or any calibration collection; by default the first release of each instrument's chain.
    retire : `bool`
        Whether what the package no longer has in force loses its certification.
    dry_run : `bool`
        Whether to change nothing.
    """

    repo: str
    prefix: str = ""
    paths: Sequence[str] = ()
    release: str | None = None
    collection: str | None = None
    retire: bool = False
    dry_run: bool = False

    def command(self, commit: str, *, retire: bool) -> tuple[str, ...]:
        """Return the command that makes the ranges those of a commit."""
        where = ("--collection", self.collection) if self.collection else ()
        where = ("--release", self.release) if self.release else where
        more = ("--retire",) if retire else ()
        return ("curated", "recertify", self.repo, *self.paths, *where, "--rev", commit, *more)


Say = Callable[[str], Said]
"""Returns what the package says at a revision."""

Around = Callable[[Sequence[str]], Sequence[str]]
"""Returns commits that changed some files, and those before them."""


def run_recertify(options: Options, revision: str, say: Say, around: Around) -> Recertification:
    """Change validity ranges; see `curated.butler.recertify_ranges`."""
    said = say(revision)
    report = Recertification(options.repo, said.commit, options.dry_run)
    if said.report.failed:
        report.diagnostics += [d for d in said.report.diagnostics if d.is_error]
        return report
    with changing(options.repo, dry_run=options.dry_run) as butler:
        works = [_work(butler, name, said, options) for name in _collections(butler, options, said)]
        report.collections = tuple(work.collection for work in works)
        options = _pinned(options, report.collections)
        changes = [work.change() for work in works]
        for change in changes:
            _tell(report, change)
        report.diagnostics.sort()
        if not report.changed:
            return report
        command = _find_reverse(works, changes, options, say, around)
        report.reverse = command or ()
        if not options.dry_run:
            with butler.transaction():
                for work, change in zip(works, changes, strict=True):
                    _execute(butler, work.collection, change)
    return report


def _collections(butler: Butler, options: Options, said: Said) -> list[str]:
    instruments = sorted(instrument.name for instrument in said.report.instruments.values())
    if options.collection is not None:
        names = [options.collection]
    elif options.release is not None:
        names = [f"{instrument}/calib/{options.release}" for instrument in instruments]
    else:
        names = [_recommended(butler, instrument) for instrument in instruments]
    infos = {name: collection_info(butler, name) for name in names if name}
    found = [name for name, info in infos.items() if info and info.type is CollectionType.CALIBRATION]
    if not found:
        wanted = ", ".join(infos) or f"in the chains of {', '.join(instruments)}"
        raise CuratedError(
            f"the repository has no calibration collection {wanted}",
            "name a release with --release, or a collection with --collection",
        )
    return found


def _pinned(options: Options, collections: Sequence[str]) -> Options:
    """Return options that name the release: which one is recommended can change until it is taken back."""
    labels = {name.rpartition("/")[2] for name in collections}
    is_named = options.release is not None or options.collection is not None
    return options if is_named or len(labels) > 1 else replace(options, release=labels.pop())


def _recommended(butler: Butler, instrument: str) -> str:
    """Return the first release of an instrument's chain; nothing where there is none."""
    info = collection_info(butler, f"{instrument}/calib")
    members = info.children if info is not None and info.type is CollectionType.CHAINED else ()
    return next((name for name in members if name.startswith(f"{instrument}/calib/")), "")


def _work(butler: Butler, collection: str, said: Said, options: Options) -> Reranging:
    state = _state(butler, collection)
    return Reranging(butler, collection, state, said, options.prefix, options.paths, options.retire)


def _state(butler: Butler, collection: str) -> State:
    state: State = {}
    for info in butler.collections.query_info(collection, include_summary=True):
        for name in sorted(info.dataset_types or ()):
            for certified in certified_in(butler, butler.get_dataset_type(name), collection, info.type):
                state.setdefault(certified.dataset.key, []).append(certified)
    return state


def _tell(report: Recertification, change: Change) -> None:
    """Note all that is removed and added, and what is found."""
    for key, before in change.before.items():
        after = change.after[key]
        report.removed += _less(before, after)
        report.added += _less(after, before)
    report.diagnostics += change.diagnostics


def _less(one: Sequence[Certified], other: Sequence[Certified]) -> list[Dataset]:
    known = {(held.dataset.uuid, held.dataset.span) for held in other}
    datasets = (held.dataset for held in one)
    return sorted(
        (dataset for dataset in datasets if (dataset.uuid, dataset.span) not in known),
        key=lambda dataset: dataset.span,
    )


# -- doing it ----------------------------------------------------------------------------------------------


def _execute(butler: Butler, collection: str, change: Change) -> None:
    """Certify anew all that is of the data IDs that change; if the result is another one, nothing is done."""
    by_type: dict[str, list[Key]] = {}
    for key in change.before:
        by_type.setdefault(key[0], []).append(key)
    for dataset_type, keys in by_type.items():
        for first in range(0, len(keys), _CHUNK):
            part = [dict(data_id) for _, data_id in keys[first : first + _CHUNK]]
            butler.registry.decertify(collection, dataset_type, Timespan(None, None), dataIds=part)
        calls: dict[Span, list[DatasetRef]] = {}
        for key in keys:
            for held in change.after[key]:
                calls.setdefault(held.dataset.span, []).append(held.ref)
        for span, refs in sorted(calls.items()):
            butler.registry.certify(collection, refs, timespan_of(span))
    state = _state(butler, collection)
    wrong = [key for key, after in change.after.items() if not same(state.get(key, ()), after)]
    if wrong:
        raise CuratedError(
            f"{collection} would not hold what was asked for: nothing was changed", str(wrong[0])
        )


# -- and back ----------------------------------------------------------------------------------------------


def _find_reverse(
    works: Sequence[Reranging], changes: Sequence[Change], options: Options, say: Say, around: Around
) -> tuple[str, ...] | None:
    """Return the command that brings back what is there now; `None` where no commit that is known has it."""
    files = {
        p.file.path for work in works for p in work.products.by_uuid.values() if _concerns(changes, p.key)
    }
    infos = [collection_info(work.butler, work.collection) for work in works]
    docs = [match[1] for info in infos if info and (match := _COMMIT.search(info.doc or ""))]
    directories = sorted({path.rpartition("/")[0] for path in files})
    for commit in dict.fromkeys([*docs, *around(directories)]):
        for retire in (False, True):
            try:
                said = say(commit)
            except CuratedError:
                break  # a commit that this clone does not have
            if said.report.failed:
                break
            pairs = zip(works, changes, strict=True)
            if all(_brings_back(work, change, said, retire=retire) for work, change in pairs):
                return options.command(commit, retire=retire)
    return None


def _concerns(changes: Sequence[Change], key: Key) -> bool:
    return any(key in change.before for change in changes)


def _brings_back(work: Reranging, change: Change, said: Said, *, retire: bool) -> bool:
    """Say whether the same command with another commit would end in what is there now."""
    back = Reranging(
        work.butler,
        work.collection,
        {**work.state, **change.after},
        said,
        work.prefix,
        work.paths,
        retire,
    )
    try:
        reverse = back.change()
    except CuratedError:
        return False
    if has_errors(reverse.diagnostics):
        return False
    result = {**work.state, **change.after, **reverse.after}
    return all(same(result.get(key, ()), work.state.get(key, ())) for key in {*result, *work.state})
