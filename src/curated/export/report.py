"""Report of an export: plain data for people and programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from curated.core.diagnostic import Diagnostic, has_errors
from curated.datasets.foreign import ForeignType
from curated.datasets.record import Dataset


@dataclass(frozen=True, slots=True)
class ExportedCalib:
    """A calibration that was written.

    Parameters
    ----------
    dataset : `Dataset`
        The dataset and its range.
    path : `str`
        Path of its text in the package.
    files : `tuple` [`str`]
        Paths of all its files.
    is_original : `bool`
        Whether it went back to the path that it came from.
    """

    dataset: Dataset
    path: str
    files: tuple[str, ...]
    is_original: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        begin, end = self.dataset.span.bounds
        return {
            "path": self.path,
            "files": list(self.files),
            "original": self.is_original,
            "dataset_type": self.dataset.dataset_type,
            "data_id": dict(self.dataset.data_id),
            "uuid": self.dataset.uuid,
            "run": self.dataset.run,
            "collection": self.dataset.collection,
            "begin_tai_ns": begin,
            "end_tai_ns": end,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """Report of an export.

    Parameters
    ----------
    source : `str`
        The repository, or the export directory.
    collections : `tuple` [`str`]
        The collections that were read, in the order of lookups.
    output : `str`
        Directory of the package.
    exported : `tuple` [`ExportedCalib`]
        Calibrations in the order of their paths.
    settings : `tuple` [`str`]
        Paths of settings files that were written with them.
    size : `int`
        Total size of all files in bytes.
    changed : `bool`
        Whether anything was written; `False` if all files were there with the same content.
    diagnostics : `tuple` [`Diagnostic`]
        Findings; calibrations with an error were left out.
    foreign : `tuple` [`ForeignType`]
        Dataset types that no calibration type declares.
    foreign_files : `tuple` [`str`]
        Files of their datasets, which were copied beside the calibrations.
    """

    source: str
    collections: tuple[str, ...]
    output: str
    exported: tuple[ExportedCalib, ...] = ()
    settings: tuple[str, ...] = ()
    size: int = 0
    changed: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()
    foreign: tuple[ForeignType, ...] = ()
    foreign_files: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was left out."""
        return not has_errors(self.diagnostics)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data for machine-readable output."""
        return {
            "failed": not self.ok,
            "source": self.source,
            "collections": list(self.collections),
            "output": self.output,
            "changed": self.changed,
            "size": self.size,
            "calibrations": [calib.to_dict() for calib in self.exported],
            "settings": list(self.settings),
            "foreign": [foreign.to_dict() for foreign in self.foreign],
            "foreign_files": list(self.foreign_files),
            "findings": [d.to_dict() for d in self.diagnostics],
        }
