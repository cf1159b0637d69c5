"""Match a repository's datasets to the files of a package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from astropy.io import fits
from lsst.daf.butler import Butler, DatasetRef

from curated.bundle.identity import package_datasets, validity_times
from curated.butler.certified.lookup import Certified
from curated.butler.repository.files import StoredLocation
from curated.butler.repository.opening import read
from curated.calib import Calib, CalibrationError
from curated.check.file import read_and_check
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.core.metadata import Metadata
from curated.datasets.deprecation import MARK
from curated.datasets.record import Dataset, Key
from curated.history.commits import CheckedCommit
from curated.provenance import Provenance

_OF_VALIDITY = frozenset({"CALIBDATE", "CALIB_ID", *MARK.keys})
"""Keywords about when a calibration is in force; its values do not depend on them."""


@dataclass(frozen=True, slots=True)
class PackageDataset:
    """A calibration of a package, as the dataset that it is under some label.

    Parameters
    ----------
    dataset : `Dataset`
        The dataset; its range is when the package has it in force, or would have it if it is deprecated.
    file : `CalibFile`
        File of the package.
    in_use : `bool`
        Whether it is not deprecated.
    """

    dataset: Dataset
    file: CalibFile
    in_use: bool

    @property
    def date(self) -> str:
        """The part of its run that tells its CALIBDATE."""
        return "/".join(self.dataset.run.removeprefix(f"{self.dataset.collection}/").split("/")[:2])


@dataclass(frozen=True, slots=True)
class PackageDatasets:
    """The calibrations of a package, as datasets of some labels.

    Parameters
    ----------
    commit : `CheckedCommit`
        The package at a commit.
    prefix : `str`
        Path of the package in its repository.
    by_uuid : `dict` [`str`, `PackageDataset`]
        Datasets of all labels.
    counts : `dict`
        Number of calibrations by collection, dataset type and data ID, and CALIBDATE.
    """

    commit: CheckedCommit
    prefix: str
    by_uuid: dict[str, PackageDataset]
    counts: Counter[tuple[str, Key, str]] = field(repr=False)

    @classmethod
    def of(cls, commit: CheckedCommit, prefix: str, labels: Iterable[str]) -> PackageDatasets:
        """Return the calibrations of a package as datasets of some labels."""
        report = commit.report
        times = validity_times(report)
        datasets = [
            PackageDataset(by_path[file.path], file, report.ranges[file.path].deprecation is None)
            for by_path in (package_datasets(report, commit.instruments, label, times) for label in labels)
            for file in report.files
        ]
        counts = Counter((d.dataset.collection, d.dataset.key, d.date) for d in datasets)
        return cls(commit, prefix, {d.dataset.uuid: d for d in datasets}, counts)

    def match(self, butler: Butler, certified: Iterable[Certified]) -> dict[str, PackageDataset]:
        """Return the calibration that each dataset of a repository is, by UUID of the dataset.

        It is the one of the same run, dataset type and data ID; if several have this CALIBDATE, only the one that
        the stamp in the file names. A dataset without such a calibration is matched to one with the same values that
        no other dataset is: its start may have been corrected.
        """
        matches: dict[str, PackageDataset] = {}
        unmatched = []
        for dataset, ref in certified:
            match = self.by_uuid.get(dataset.uuid)
            if match is not None and self._is_sure(butler, ref, match):
                matches[dataset.uuid] = match
            else:
                unmatched.append((dataset, ref))
        matched_paths = {match.file.path for match in matches.values()}
        for dataset, ref in unmatched:
            for candidate in self._of_key(dataset.key, matched_paths) if is_curated(dataset) else ():
                if _equal(_read(butler, ref), self._calib(candidate.file)):
                    matches[dataset.uuid] = candidate
                    matched_paths.add(candidate.file.path)
                    break
        return matches

    def _is_sure(self, butler: Butler, ref: DatasetRef, match: PackageDataset) -> bool:
        # The run of the second calibration of one CALIBDATE depends on which files there were.
        is_only = self.counts[match.dataset.collection, match.dataset.key, match.date] < 2
        return is_only or source_path(butler, ref) == f"{self.prefix}{match.file.source}"

    def _of_key(self, key: Key, matched_paths: set[str]) -> Iterator[PackageDataset]:
        paths = set(matched_paths)
        for candidate in self.by_uuid.values():
            if candidate.dataset.key == key and candidate.in_use and candidate.file.path not in paths:
                paths.add(candidate.file.path)
                yield candidate

    def _calib(self, file: CalibFile) -> Calib | None:
        return read_and_check(self.commit.package.files, file, {}, companion=False).calib


def is_curated(dataset: Dataset) -> bool:
    """Return whether a dataset came with a release."""
    parts = dataset.run.split("/")
    return len(parts) > 3 and parts[1] == "calib" and (parts[3] == "curated" or parts[3:] == ["unbounded"])


def label_of(dataset: Dataset) -> str:
    """Return the label of the release that a dataset came with."""
    return dataset.run.split("/")[2]


def source_path(butler: Butler, ref: DatasetRef) -> str:
    """Return the path in Git that the stamp of a dataset's file names; empty if it names none."""
    try:
        with StoredLocation(butler.getURI(ref)).as_local() as local:
            return str(fits.getval(local.ospath, "REPOPATH"))
    except (OSError, KeyError, LookupError):
        return ""


def _read(butler: Butler, ref: DatasetRef) -> Calib | None:
    try:
        return read(butler, ref)
    except (OSError, LookupError, CuratedError, CalibrationError):
        return None


def _equal(first: Calib | None, second: Calib | None) -> bool:
    """Return whether two calibrations hold the same values, whenever they are in force and whoever edited them."""
    return first is not None and second is not None and _undated(first) == _undated(second)


def _undated(calib: Calib) -> Calib:
    keywords = {key: value for key, value in calib.metadata.items() if key not in _OF_VALIDITY}
    return replace(calib, metadata=Metadata(keywords), provenance=Provenance())
