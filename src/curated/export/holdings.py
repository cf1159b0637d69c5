"""The calibrations that a repository or an export directory holds, as plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from curated.core.diagnostic import Diagnostic
from curated.datasets.record import Dataset


class LocalPath(Protocol):
    """A file on this machine."""

    @property
    def ospath(self) -> str:
        """Its path."""


class FileLocation(Protocol):
    """The location of a dataset's file, such as a ``ResourcePath`` of Butler."""

    def as_local(self) -> AbstractContextManager[LocalPath]:
        """Return the file on this machine, for as long as it is used."""


LARGEST_FILE = 1 << 32
"""Size in bytes of the largest file that is read: 4 GB, more than an image of any detector."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """The location of a file that is on this machine already."""

    ospath: str

    @contextmanager
    def as_local(self) -> Iterator[LocalFile]:
        """Return itself."""
        yield self


@dataclass(frozen=True, slots=True)
class DetectorRecord:
    """A detector in a repository; texts are empty if they are unknown there."""

    id: int
    full_name: str = ""
    raft: str = ""
    name_in_raft: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class InstrumentRecord:
    """An instrument in a repository.

    Parameters
    ----------
    name : `str`
        Butler name of the instrument.
    values : `dict`
        Its class and the limits of its record, as far as they are known; keys are those of ``instrument.yaml``.
    detectors : `dict` [`int`, `DetectorRecord`]
        All detectors, by number.
    filters : `dict` [`str`, `str`]
        Band of each physical filter.
    """

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    detectors: Mapping[int, DetectorRecord] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)


INSTRUMENT_KEYS = ("class_name", "visit_max", "exposure_max", "detector_max", "visit_system")
"""Keys that an instrument's record and ``instrument.yaml`` have in common."""


def instrument_record(
    record: Mapping[str, Any], detectors: Iterable[Mapping[str, Any]], filters: Iterable[Mapping[str, Any]]
) -> InstrumentRecord:
    """Return an instrument from the dimension records of a repository, each as a mapping."""
    values = {key: record[key] for key in INSTRUMENT_KEYS if record.get(key) not in (None, "")}
    texts = [name for name in DetectorRecord.__dataclass_fields__ if name != "id"]
    detector_records = [
        DetectorRecord(d["id"], **{key: d.get(key) or "" for key in texts}) for d in detectors
    ]
    return InstrumentRecord(
        record["name"],
        values,
        {detector.id: detector for detector in sorted(detector_records, key=lambda detector: detector.id)},
        {f["name"]: f.get("band") or f["name"] for f in sorted(filters, key=lambda f: str(f["name"]))},
    )


FindDatasets = Callable[[Iterable[str]], Mapping[str, Mapping[str, str]]]


def _no_datasets(_: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """Know no dataset, as an export directory."""
    return {}


@dataclass(frozen=True, slots=True)
class Holdings:
    """The calibrations that a repository or an export directory holds.

    Parameters
    ----------
    source : `str`
        The repository or the directory.
    collections : `tuple` [`str`]
        The collections that were read, in the order of lookups.
    certified : `tuple` [`tuple` [`Dataset`, ...], ...]
        Certified datasets of each CALIBRATION collection, in the order of lookups.
    locations : `dict` [`str`, `FileLocation`]
        Location of each dataset's file by UUID; a dataset is absent if it has none.
    instruments : `dict` [`str`, `InstrumentRecord`]
        Records of the datasets' instruments, by name.
    diagnostics : `tuple` [`Diagnostic`]
        Findings about collections and certifications.
    storage_classes : `dict` [`str`, `str`]
        Storage class of each dataset type, by its name.
    find_datasets : callable
        Returns ``type`` and ``run`` of those datasets, by UUID, that the repository knows, whatever they are.
    """

    source: str
    collections: tuple[str, ...]
    certified: tuple[tuple[Dataset, ...], ...]
    locations: Mapping[str, FileLocation]
    instruments: Mapping[str, InstrumentRecord]
    diagnostics: tuple[Diagnostic, ...] = ()
    storage_classes: Mapping[str, str] = field(default_factory=dict)
    find_datasets: FindDatasets = field(default=_no_datasets, compare=False, repr=False)
