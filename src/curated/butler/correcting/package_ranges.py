"""What a package says of the datasets of a repository: which file each of them is, and when that is in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from astropy.io import fits
from lsst.daf.butler import Butler, DatasetRef

from curated.bundle.identity import identities
from curated.butler.certified.lookup import Certified
from curated.butler.repository.opening import read
from curated.calib import Calib, CalibrationError
from curated.check.file import read_and_check
from curated.check.instruments import complete_instruments
from curated.check.report import Report
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.core.metadata import Metadata
from curated.datasets.deprecation import MARK
from curated.datasets.record import Key, data_id_of
from curated.datasets.spans import Span
from curated.package.package import Package
from curated.provenance import Provenance

_OF_VALIDITY = frozenset({"CALIBDATE", "CALIB_ID", *MARK.keys})
"""Keywords that say when a calibration is in force, and nothing of what it holds."""


class Said(Protocol):
    """What a package says at a commit, checked."""

    @property
    def commit(self) -> str:
        """SHA1 of the commit."""

    @property
    def package(self) -> Package:
        """The package of the commit."""

    @property
    def report(self) -> Report:
        """What the check found."""


@dataclass(frozen=True, slots=True)
class Product:
    """A calibration of the package, and what it is in a repository under some label.

    Parameters
    ----------
    file : `CalibFile`
        Its file.
    uuid, run, collection : `str`
        Its dataset, and the collection of its release.
    key : `tuple`
        Dataset type and data ID.
    span : `tuple`
        When it is in force, or would be, in TAI nanoseconds.
    in_use : `bool`
        Whether it is not deprecated.
    """

    file: CalibFile
    uuid: str
    run: str
    collection: str
    key: Key
    span: Span
    in_use: bool

    @property
    def date(self) -> str:
        """The part of its run that says its CALIBDATE."""
        return "/".join(self.run.removeprefix(f"{self.collection}/").split("/")[:2])


@dataclass(slots=True)
class Products:
    """The calibrations of a package, as datasets of some labels.

    Parameters
    ----------
    said : `Said`
        What the package says.
    prefix : `str`
        Path of the package in its repository.
    by_uuid : `dict` [`str`, `Product`]
        The calibrations, under every label that was asked for.
    dates : `dict`
        How many calibrations of a collection, dataset type and data ID have a CALIBDATE.
    """

    said: Said
    prefix: str
    by_uuid: dict[str, Product] = field(default_factory=dict)
    dates: Counter[tuple[str, Key, str]] = field(default_factory=Counter)

    def add(self, label: str) -> None:
        """Add what the calibrations are under a label."""
        report = self.said.report
        instruments = complete_instruments(self.said.package, report.reports, report.declared)
        known = identities(report, instruments, report.files, label)
        for file in report.files:
            one = known[file.path]
            span = Span.of(one["validity"]["begin_tai_ns"], one["validity"]["end_tai_ns"])
            key = (one["dataset_type"], data_id_of(one["data_id"]))
            in_use = report.ranges[file.path].deprecation is None
            product = Product(file, one["uuid"], one["run"], one["collection"], key, span, in_use)
            self.by_uuid[product.uuid] = product
            self.dates[product.collection, key, product.date] += 1

    def match(self, butler: Butler, certified: Iterable[Certified]) -> dict[str, Product]:
        """Return the calibration that each dataset is, by UUID of the dataset.

        It is the one of the same run, dataset type and data ID; where a CALIBDATE is that of several, only if the
        stamp in the file names it. A dataset that is none of them is a calibration with the same values that is
        no other dataset: its start may have been corrected.
        """
        found: dict[str, Product] = {}
        others = []
        for dataset, ref in certified:
            product = self.by_uuid.get(dataset.uuid)
            if product is not None and self._is_sure(butler, ref, product):
                found[dataset.uuid] = product
            else:
                others.append((dataset, ref))
        taken = {product.file.path for product in found.values()}
        for dataset, ref in others:
            for product in self._of(dataset.key, taken) if is_curated(ref) else ():
                if _same(_read(butler, ref), self._calib(product.file)):
                    found[dataset.uuid] = product
                    taken.add(product.file.path)
                    break
        return found

    def _is_sure(self, butler: Butler, ref: DatasetRef, product: Product) -> bool:
        # The run of the second of one CALIBDATE depends on which files there were.
        is_clear = self.dates[product.collection, product.key, product.date] < 2
        return is_clear or source_path(butler, ref) == f"{self.prefix}{product.file.path}"

    def _of(self, key: Key, taken: set[str]) -> Iterator[Product]:
        seen = set(taken)
        for product in self.by_uuid.values():
            if product.key == key and product.in_use and product.file.path not in seen:
                seen.add(product.file.path)
                yield product

    def _calib(self, file: CalibFile) -> Calib | None:
        return read_and_check(self.said.package.files, file, {}, companion=False).calib


def is_curated(ref: DatasetRef) -> bool:
    """Say whether a dataset came with a release."""
    parts = ref.run.split("/")
    return len(parts) > 3 and parts[1] == "calib" and (parts[3] == "curated" or parts[3:] == ["unbounded"])


def label_of(ref: DatasetRef) -> str:
    """Return the label of the release that a dataset came with."""
    return ref.run.split("/")[2]


def source_path(butler: Butler, ref: DatasetRef) -> str:
    """Return the path in git that the stamp of a dataset's file names; empty where there is none."""
    try:
        with butler.getURI(ref).as_local() as local:
            return str(fits.getval(local.ospath, "REPOPATH"))
    except (OSError, KeyError, LookupError):
        return ""


def _read(butler: Butler, ref: DatasetRef) -> Calib | None:
    try:
        return read(butler, ref)
    except (OSError, LookupError, CuratedError, CalibrationError):
        return None


def _same(one: Calib | None, other: Calib | None) -> bool:
    """Say whether two calibrations hold the same, whenever they are in force and whoever edited them."""
    return one is not None and other is not None and _undated(one) == _undated(other)


def _undated(calib: Calib) -> Calib:
    kept = {key: value for key, value in calib.metadata.items() if key not in _OF_VALIDITY}
    return replace(calib, metadata=Metadata(kept), provenance=Provenance())
