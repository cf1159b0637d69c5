"""What an export did: plain data for people and programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from curated.core.diagnostic import Diagnostic, has_errors
from curated.datasets.record import Dataset


@dataclass(frozen=True, slots=True)
class Exported:
    """A calibration that was written.

    Parameters
    ----------
    dataset : `Dataset`
        The dataset and its range.
    path : `str`
        Its text, below the output directory.
    files : `tuple` [`str`]
        All of its files.
    original : `bool`
        Whether it went back to the path of the package that it came from.
    """

    dataset: Dataset
    path: str
    files: tuple[str, ...]
    original: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        begin, end = self.dataset.span.bounds
        return {
            "path": self.path,
            "files": list(self.files),
            "original": self.original,
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
    """What an export did.

    Parameters
    ----------
    source : `str`
        From where.
    collections : `tuple` [`str`]
        The collections that were asked for.
    output : `str`
        The package's directory.
    exported : `tuple` [`Exported`]
        The calibrations, in the order of their paths.
    settings : `tuple` [`str`]
        The settings files that were written with them.
    size : `int`
        Size of all files in bytes.
    changed : `bool`
        Whether anything was written; all files may have been there, with the same content.
    diagnostics : `tuple` [`Diagnostic`]
        Findings; what has an error was left out.
    """

    source: str
    collections: tuple[str, ...]
    output: str
    exported: tuple[Exported, ...] = ()
    settings: tuple[str, ...] = ()
    size: int = 0
    changed: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()

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
            "calibrations": [one.to_dict() for one in self.exported],
            "settings": list(self.settings),
            "findings": [d.to_dict() for d in self.diagnostics],
        }
