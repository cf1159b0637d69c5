"""The changes that make the validity ranges of a collection those of a package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from lsst.daf.butler import Butler

from curated.butler.certified.lookup import Certified, dataset_of
from curated.butler.correcting.matching import (
    PackageDataset,
    PackageDatasets,
    is_curated,
    label_of,
    source_path,
)
from curated.check.package import is_below
from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.datasets.record import Key, key_text
from curated.datasets.spans import Span, utc_span_texts
from curated.history.commits import CheckedCommit

State = dict[Key, list[Certified]]
"""Certifications of a collection, by dataset type and data ID."""


def equal_ranges(first: Iterable[Certified], second: Iterable[Certified]) -> bool:
    """Return whether two lists certify the same datasets for the same ranges."""
    sides = (sorted((c.dataset.uuid, c.dataset.span) for c in side) for side in (first, second))
    return next(sides) == next(sides)


@dataclass(frozen=True, slots=True)
class RangeChange:
    """The change of one collection.

    Parameters
    ----------
    before, after : `dict`
        Certifications of all dataset types and data IDs that change, now and then.
    diagnostics : `tuple` [`Diagnostic`]
        Findings about overlaps, and about calibrations that cannot be certified or stay certified.
    """

    before: State
    after: State
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class _Selection:
    """What the paths of a request select: keys, `None` for all, and the datasets of the files that they name."""

    keys: frozenset[Key] | None
    uuids: frozenset[str] = frozenset()

    def __contains__(self, key: Key) -> bool:
        return self.keys is None or key in self.keys


@dataclass(frozen=True)
class RangeComparison:
    """The ranges of one collection, compared with those of a package.

    Parameters
    ----------
    collection : `str`
        Name of the collection.
    state : `dict`
        Present certifications of the collection.
    commit : `CheckedCommit`
        The package at a commit.
    prefix : `str`
        Path of the package in its repository.
    paths : sequence [`str`]
        Files or directories; only dataset types and data IDs of their calibrations change. All of them if empty.
    retire : `bool`
        Whether calibrations that the package no longer has in force lose their certification.
    """

    butler: Butler
    collection: str
    state: State
    commit: CheckedCommit
    prefix: str = ""
    paths: Sequence[str] = ()
    retire: bool = False

    @cached_property
    def package_datasets(self) -> PackageDatasets:
        """The calibrations of the package, under the labels of the collection's datasets."""
        labels = {label_of(c.dataset) for c in self._certified() if is_curated(c.dataset)}
        parts = self.collection.split("/")
        if len(parts) == 3 and parts[1] == "calib":
            labels.add(parts[2])
        return PackageDatasets.of(self.commit, self.prefix, sorted(labels))

    @cached_property
    def matches(self) -> dict[str, PackageDataset]:
        """The calibration that each certified dataset is, by UUID."""
        unique = {c.dataset.uuid: c for c in self._certified()}
        return self.package_datasets.match(self.butler, unique.values())

    def _certified(self) -> Iterator[Certified]:
        for certified in self.state.values():
            yield from certified

    def change(self) -> RangeChange:
        """Work out what changes; nothing is done."""
        selection = self._select()
        additions, diagnostics = self._additions(selection)
        before_by_key: State = {}
        after_by_key: State = {}
        for key in sorted({*self.state, *additions}, key=key_text):
            if key not in selection:
                continue
            before = self.state.get(key, [])
            diagnostics += self._stale_findings(before, selection)
            after = [*self._retained(before, selection), *additions.get(key, [])]
            if not equal_ranges(before, after):
                before_by_key[key], after_by_key[key] = before, after
                diagnostics += self._overlap_findings(key, after)
        return RangeChange(before_by_key, after_by_key, tuple(diagnostics))

    def _select(self) -> _Selection:
        """Return what the paths select, also by files that are no longer in the package."""
        if not self.paths:
            return _Selection(None)
        package_datasets = self.package_datasets.by_uuid.values()
        keys = {d.dataset.key for d in package_datasets if is_below(d.file.source, self.paths)}
        uuids = {uuid for uuid, match in self.matches.items() if match.file.source in self.paths}
        deleted = set(self.paths) - {d.file.source for d in package_datasets}
        for dataset, ref in self._certified() if deleted else ():
            if dataset.uuid in self.matches or not is_curated(dataset):
                continue
            if source_path(self.butler, ref).removeprefix(self.prefix) in deleted:
                uuids.add(dataset.uuid)
                keys.add(dataset.key)
        if not keys:
            raise CuratedError(
                f"neither the package nor {self.collection} has a calibration at {', '.join(self.paths)}",
                "name files as they are, or were, in the package",
            )
        return _Selection(frozenset(keys), frozenset(uuids))

    def _additions(self, selection: _Selection) -> tuple[State, list[Diagnostic]]:
        """Return the calibrations that the package has in force and the collection does not certify.

        Those that have no dataset in the repository have a finding.
        """
        matched_paths = {match.file.path for match in self.matches.values()}
        candidates: dict[str, list[PackageDataset]] = {}
        for candidate in self.package_datasets.by_uuid.values():
            path = candidate.file.path
            if candidate.in_use and candidate.dataset.key in selection and path not in matched_paths:
                candidates.setdefault(path, []).append(candidate)
        additions: State = {}
        diagnostics = []
        for path, same_file in candidates.items():
            # Under its own label, or else under that of an earlier release that this one refers to.
            same_file.sort(key=lambda candidate: candidate.dataset.collection != self.collection)
            first = same_file[0].dataset
            if first.collection != self.collection and path not in self.paths:
                continue
            refs = (self.butler.get_dataset(candidate.dataset.uuid) for candidate in same_file)
            ref = next((ref for ref in refs if ref is not None), None)
            if ref is not None:
                certified = Certified(dataset_of(ref, self.collection, first.span), ref)
                additions.setdefault(first.key, []).append(certified)
            else:
                detail = f"{self.collection} has no dataset of it; in force {_utc(first.span)}"
                diagnostics.append(_finding(path, "CAL674", detail))
        return additions, diagnostics

    def _retained(self, before: Sequence[Certified], selection: _Selection) -> Iterator[Certified]:
        """Yield the certifications that stay, each dataset of the package with the range that it has there."""
        uuids = set()
        for dataset, ref in before:
            match = self.matches.get(dataset.uuid)
            if match is not None and match.in_use:
                if dataset.uuid not in uuids:
                    yield Certified(dataset_of(ref, self.collection, match.dataset.span), ref)
                uuids.add(dataset.uuid)
            elif not is_curated(dataset) or not self._is_retired(dataset.uuid, selection):
                yield Certified(dataset, ref)

    def _is_retired(self, uuid: str, selection: _Selection) -> bool:
        return self.retire or uuid in selection.uuids

    def _stale_findings(self, before: Sequence[Certified], selection: _Selection) -> Iterator[Diagnostic]:
        """Yield a finding for each certification that stays although the package does not have it in force."""
        for dataset, _ in before:
            match = self.matches.get(dataset.uuid)
            if match is not None and match.in_use:
                continue
            # What somebody else made is none of the package's business.
            if is_curated(dataset) and not self._is_retired(dataset.uuid, selection):
                reason = f"{match.file.path} is deprecated" if match else "the package does not have it"
                consequence = f"dataset {dataset.uuid} stays certified {_utc(dataset.span)}"
                yield _finding(self.collection, "CAL675", f"{dataset}: {reason}; {consequence}")

    def _overlap_findings(self, key: Key, after: Sequence[Certified]) -> Iterator[Diagnostic]:
        for pair in pairwise(sorted((c.dataset for c in after), key=lambda dataset: dataset.span)):
            if pair[0].span.overlaps(pair[1].span):
                texts = (f"{self._name(dataset.uuid)} {_utc(dataset.span)}" for dataset in pair)
                yield _finding(self.collection, "CAL673", f"{key_text(key)}: {' and '.join(texts)}")

    def _name(self, uuid: str) -> str:
        match = self.matches.get(uuid)
        return match.file.path if match is not None else f"dataset {uuid}"


def _utc(span: Span) -> str:
    return f"from {utc_span_texts([span])[span]}"


def _finding(file: str, code: str, detail: str) -> Diagnostic:
    return Diagnostic.from_problem(Problem(code, (), detail), file)
