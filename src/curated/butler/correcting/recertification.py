"""Recertify a collection for the validity ranges of a package: all of them or none."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lsst.daf.butler import Butler, CollectionType, DatasetRef, Timespan

from curated.bundle.renaming import renamed_instruments
from curated.butler.certified.lookup import Certified, certified_in, timespan_of
from curated.butler.correcting.range_changes import RangeChange, RangeComparison, State, equal_ranges
from curated.butler.instruments.names import renamings_in
from curated.butler.instruments.resolution import package_instruments
from curated.butler.repository.opening import changing, collection_info
from curated.butler.repository.records import Ranges, state_findings
from curated.core.diagnostic import CuratedError, Diagnostic, has_errors
from curated.core.times import utc_texts
from curated.datasets.record import Dataset, Key
from curated.datasets.spans import Span, tai_text
from curated.git.repository import open_repository
from curated.history.commits import CheckedCommit, CommitChecker
from curated.package.package import Package

_COMMIT = re.compile(r"at commit ([0-9a-f]{40})\b")
_CHUNK = 200
"""Data IDs of one call; a query with more of them grows too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecertificationRequest:
    """What to recertify.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    revision : `str`
        Commit of the package.
    paths : sequence [`str`]
        Files or directories of the package; only dataset types and data IDs of their calibrations change. All of them
        if empty.
    release, collection : `str`, optional
        The release, or any calibration collection; by default the first release of each instrument's chain.
    retire : `bool`
        Whether calibrations that the package no longer has in force lose their certification.
    dry_run : `bool`
        Whether to change nothing.
    choices : sequence [`str`]
        Choices ``NAME=REPOSITORY'S NAME`` for instruments that are not certain.
    """

    repo: str
    revision: str = "HEAD"
    paths: Sequence[str] = ()
    release: str | None = None
    collection: str | None = None
    retire: bool = False
    dry_run: bool = False
    choices: Sequence[str] = ()

    def command(self, commit: str, *, retire: bool) -> tuple[str, ...]:
        """Return the command that makes the ranges those of a commit."""
        where = ("--collection", self.collection) if self.collection else ()
        where = ("--release", self.release) if self.release else where
        options = [word for choice in self.choices for word in ("--instrument", choice)]
        options += ["--retire"] if retire else []
        return ("curated", "recertify", self.repo, *self.paths, *where, "--rev", commit, *options)


@dataclass(frozen=True, slots=True)
class RecertificationReport:
    """The certifications that were removed and added, or would be.

    Parameters
    ----------
    repository : `str`
        Path, URI or alias of the repository.
    commit : `str`
        Commit of the package.
    dry_run : `bool`
        Whether nothing was done.
    collections : `tuple` [`str`]
        Collections that were compared with the package.
    removed, added : `tuple` [`Dataset`]
        Certifications, in the order of types, data IDs and ranges.
    diagnostics : `tuple` [`Diagnostic`]
        Findings; with an error among them nothing was done.
    reverse : `tuple` [`str`]
        Arguments of the command that undoes it; empty if there is none.
    """

    repository: str
    commit: str
    dry_run: bool
    collections: tuple[str, ...] = ()
    removed: tuple[Dataset, ...] = ()
    added: tuple[Dataset, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    reverse: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not has_errors(self.diagnostics)

    @property
    def changed(self) -> bool:
        """Whether anything changed, or would."""
        return self.ok and bool(self.removed or self.added)

    @property
    def command(self) -> str:
        """The command that undoes it, quoted for a shell."""
        return shlex.join(self.reverse)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data for machine-readable output."""
        times = {
            ns for dataset in (*self.removed, *self.added) for ns in dataset.span.bounds if ns is not None
        }
        utc = utc_texts(times)
        return {
            "repository": self.repository,
            "commit": self.commit,
            "dry_run": self.dry_run,
            "collections": list(self.collections),
            "removed": [_plain(dataset, utc) for dataset in self.removed],
            "added": [_plain(dataset, utc) for dataset in self.added],
            "reverse": list(self.reverse),
            "command": self.command,
            "diagnostics": [d.to_dict() for d in self.diagnostics],
            "ok": self.ok,
            "changed": self.changed,
        }


def _plain(dataset: Dataset, utc: dict[int, str]) -> dict[str, Any]:
    certification: dict[str, Any] = {
        "collection": dataset.collection,
        "dataset_type": dataset.dataset_type,
        "data_id": dict(dataset.data_id),
        "of": str(dataset),
        "uuid": dataset.uuid,
    }
    for end, ns in zip(("begin", "end"), dataset.span.bounds, strict=True):
        certification[f"{end}_tai_ns"] = ns
        certification[f"{end}_tai"] = None if ns is None else tai_text(ns)
        certification[f"{end}_utc"] = None if ns is None else f"{utc[ns]}Z"
    return certification


def run_recertify(request: RecertificationRequest, package: Package) -> RecertificationReport:
    """Change validity ranges; see `curated.butler.recertify_ranges`."""
    checker = CommitChecker(package)
    commit = checker.check(request.revision)
    report = RecertificationReport(request.repo, commit.commit, request.dry_run)
    if commit.report.failed:
        return replace(report, diagnostics=tuple(d for d in commit.report.diagnostics if d.is_error))
    with changing(request.repo, dry_run=request.dry_run) as butler:
        commit, unsettled = _named(butler, request, commit)
        report = replace(report, diagnostics=unsettled)
        comparisons = _comparisons(butler, request, commit, unsettled)
        changes = [comparison.change() for comparison in comparisons]
        report = _with_changes(report, [comparison.collection for comparison in comparisons], changes)
        if not report.changed:
            return report
        request = _with_release(request, report.collections)
        report = replace(report, reverse=_reverse_command(comparisons, changes, request, checker))
        if not request.dry_run:
            with butler.transaction():
                for collection, change in zip(report.collections, changes, strict=True):
                    _execute(butler, collection, change)
            ranges = {
                collection: _ranges(change)
                for collection, change in zip(report.collections, changes, strict=True)
            }
            findings = state_findings(request.repo, ranges=ranges)
            report = replace(report, diagnostics=tuple(sorted((*report.diagnostics, *findings))))
    return report


def _named(
    butler: Butler, request: RecertificationRequest, commit: CheckedCommit
) -> tuple[CheckedCommit, tuple[Diagnostic, ...]]:
    """Return a commit with the names that the repository has for its instruments, and findings about the others."""
    instruments = package_instruments(commit.instruments.values())
    names = renamings_in(butler, request.repo, instruments, request.choices)
    place = str(commit.package.root)
    return (
        replace(commit, instruments=renamed_instruments(commit.instruments, names.renamings)),
        tuple(Diagnostic.from_problem(problem, place) for problem in names.unsettled),
    )


def _ranges(change: RangeChange) -> Ranges:
    """Return the new ranges of all datasets whose data IDs change; none of those that lose their certification."""
    ranges: Ranges = {}
    for key, before in change.before.items():
        ranges |= {certified.dataset.uuid: [] for certified in before}
        for dataset, _ in change.after[key]:
            ranges.setdefault(dataset.uuid, []).append((dataset.span.begin, dataset.span.end))
    return ranges


def _comparisons(
    butler: Butler,
    request: RecertificationRequest,
    commit: CheckedCommit,
    unsettled: tuple[Diagnostic, ...] = (),
) -> list[RangeComparison]:
    prefix = open_repository(commit.package.root).prefix
    return [
        RangeComparison(
            butler, name, _state(butler, name), commit, prefix, request.paths, retire=request.retire
        )
        for name in _collections(butler, request, commit, unsettled)
    ]


def _collections(
    butler: Butler,
    request: RecertificationRequest,
    commit: CheckedCommit,
    unsettled: tuple[Diagnostic, ...],
) -> list[str]:
    instruments = sorted(instrument.name for instrument in commit.instruments.values())
    if request.collection is not None:
        names = [request.collection]
    elif request.release is not None:
        names = [f"{instrument}/calib/{request.release}" for instrument in instruments]
    else:
        names = [_recommended(butler, instrument) for instrument in instruments]
    infos = {name: collection_info(butler, name) for name in names if name}
    collections = [name for name, info in infos.items() if info and info.type is CollectionType.CALIBRATION]
    if not collections:
        missing = ", ".join(infos) or f"in the chains of {', '.join(instruments)}"
        message = f"the repository has no calibration collection {missing}"
        if unsettled:
            # Its instrument has probably another name there.
            raise CuratedError(f"{message}; {unsettled[0].message}", unsettled[0].hint)
        raise CuratedError(message, "name a release with --release, or a collection with --collection")
    return collections


def _recommended(butler: Butler, instrument: str) -> str:
    """Return the first release of an instrument's chain; empty if there is none."""
    info = collection_info(butler, f"{instrument}/calib")
    members = info.children if info is not None and info.type is CollectionType.CHAINED else ()
    return next((name for name in members if name.startswith(f"{instrument}/calib/")), "")


def _with_release(request: RecertificationRequest, collections: Sequence[str]) -> RecertificationRequest:
    """Return a request that names the release: which one is recommended can change until it is undone."""
    labels = {name.rpartition("/")[2] for name in collections}
    is_named = request.release is not None or request.collection is not None
    return request if is_named or len(labels) > 1 else replace(request, release=labels.pop())


def _state(butler: Butler, collection: str) -> State:
    state: State = {}
    for info in butler.collections.query_info(collection, include_summary=True):
        for name in sorted(info.dataset_types or ()):
            for certified in certified_in(butler, butler.get_dataset_type(name), collection, info.type):
                state.setdefault(certified.dataset.key, []).append(certified)
    return state


def _with_changes(
    report: RecertificationReport, collections: Sequence[str], changes: Sequence[RangeChange]
) -> RecertificationReport:
    pairs = [(before, change.after[key]) for change in changes for key, before in change.before.items()]
    return replace(
        report,
        collections=tuple(collections),
        removed=tuple(dataset for before, after in pairs for dataset in _only_in(before, after)),
        added=tuple(dataset for before, after in pairs for dataset in _only_in(after, before)),
        diagnostics=tuple(sorted(d for change in changes for d in change.diagnostics)),
    )


def _only_in(first: Sequence[Certified], second: Sequence[Certified]) -> list[Dataset]:
    ranges = {(c.dataset.uuid, c.dataset.span) for c in second}
    datasets = [c.dataset for c in first if (c.dataset.uuid, c.dataset.span) not in ranges]
    return sorted(datasets, key=lambda dataset: dataset.span)


def _execute(butler: Butler, collection: str, change: RangeChange) -> None:
    """Certify all changed data IDs anew; if the result is not the planned one, nothing is done."""
    keys_by_type: dict[str, list[Key]] = {}
    for key in change.before:
        keys_by_type.setdefault(key[0], []).append(key)
    for dataset_type, keys in keys_by_type.items():
        for data_ids in _chunks([dict(data_id) for _, data_id in keys]):
            butler.registry.decertify(collection, dataset_type, Timespan(None, None), dataIds=data_ids)
        refs_by_span: dict[Span, list[DatasetRef]] = {}
        for key in keys:
            for dataset, ref in change.after[key]:
                refs_by_span.setdefault(dataset.span, []).append(ref)
        for span, refs in sorted(refs_by_span.items()):
            butler.registry.certify(collection, refs, timespan_of(span))
    state = _state(butler, collection)
    wrong = [key for key, after in change.after.items() if not equal_ranges(state.get(key, ()), after)]
    if wrong:
        raise CuratedError(
            f"{collection} would not hold the planned ranges: nothing was changed", str(wrong[0])
        )


def _chunks(data_ids: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for first in range(0, len(data_ids), _CHUNK):
        yield data_ids[first : first + _CHUNK]


def _reverse_command(
    comparisons: Sequence[RangeComparison],
    changes: Sequence[RangeChange],
    request: RecertificationRequest,
    checker: CommitChecker,
) -> tuple[str, ...]:
    """Return the command that restores the present ranges; empty if no commit nearby has them."""
    for commit in _candidate_commits(comparisons, changes, checker):
        try:
            checked, _ = _named(comparisons[0].butler, request, checker.check(commit))
        except CuratedError:
            continue  # a commit that this clone does not have
        if checked.report.failed:
            continue
        for retire in (False, True):
            pairs = zip(comparisons, changes, strict=True)
            if all(_restores(comparison, change, checked, retire=retire) for comparison, change in pairs):
                return request.command(commit, retire=retire)
    return ()


def _candidate_commits(
    comparisons: Sequence[RangeComparison], changes: Sequence[RangeChange], checker: CommitChecker
) -> list[str]:
    """Return the commits that the collections were made of, and those around the last changes of the files."""
    infos = [collection_info(c.butler, c.collection) for c in comparisons]
    docs = [match[1] for info in infos if info and (match := _COMMIT.search(info.doc or ""))]
    keys = {key for change in changes for key in change.before}
    files = {
        d.file.path for c in comparisons for d in c.package_datasets.by_uuid.values() if d.dataset.key in keys
    }
    directories = sorted({path.rpartition("/")[0] for path in files})
    return list(dict.fromkeys([*docs, *checker.commits_near(directories)]))


def _restores(
    comparison: RangeComparison, change: RangeChange, commit: CheckedCommit, *, retire: bool
) -> bool:
    """Return whether recertifying after a change, with another commit, restores the present ranges."""
    present = comparison.state
    changed = {**present, **change.after}
    try:
        reverse = replace(comparison, state=changed, commit=commit, retire=retire).change()
    except CuratedError:
        return False
    if has_errors(reverse.diagnostics):
        return False
    result = {**changed, **reverse.after}
    return all(equal_ranges(result.get(key, ()), present.get(key, ())) for key in {*result, *present})
