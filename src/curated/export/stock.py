"""What there is to export, as plain values: whoever read it, from a repository or from an export directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from curated.core.diagnostic import Diagnostic
from curated.datasets.record import Dataset


class Local(Protocol):
    """A file on this machine."""

    @property
    def ospath(self) -> str:
        """Its path."""


class Place(Protocol):
    """Where a dataset's file is; those of Butler are such."""

    def as_local(self) -> AbstractContextManager[Local]:
        """Return the file on this machine, for as long as it is used."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file that is on this machine already."""

    ospath: str

    @contextmanager
    def as_local(self) -> Iterator[LocalFile]:
        """Return itself."""
        yield self


@dataclass(frozen=True, slots=True)
class DetectorRecord:
    """What a repository knows of a detector; texts are empty where it knows nothing."""

    id: int
    full_name: str = ""
    raft: str = ""
    name_in_raft: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class InstrumentRecord:
    """What a repository knows of an instrument.

    Parameters
    ----------
    name : `str`
        Its name.
    values : `dict`
        Its class, and the numbers of its record, as far as they are known; named as in ``instrument.yaml``.
    detectors : `dict` [`int`, `DetectorRecord`]
        Its detectors.
    filters : `dict` [`str`, `str`]
        The band of each physical filter.
    """

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    detectors: Mapping[int, DetectorRecord] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)


INSTRUMENT_KEYS = ("class_name", "visit_max", "exposure_max", "visit_system")
"""What an instrument's record and ``instrument.yaml`` call the same."""


def instrument_record(
    record: Mapping[str, Any], detectors: Iterable[Mapping[str, Any]], filters: Iterable[Mapping[str, Any]]
) -> InstrumentRecord:
    """Return an instrument of the dimension records of a repository, each as a mapping."""
    known = {key: record[key] for key in INSTRUMENT_KEYS if record.get(key) not in (None, "")}
    texts = [name for name in DetectorRecord.__dataclass_fields__ if name != "id"]
    listed = [DetectorRecord(d["id"], **{key: d.get(key) or "" for key in texts}) for d in detectors]
    return InstrumentRecord(
        record["name"],
        known,
        {one.id: one for one in sorted(listed, key=lambda one: one.id)},
        {f["name"]: f.get("band") or f["name"] for f in sorted(filters, key=lambda f: str(f["name"]))},
    )


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is to export.

    Parameters
    ----------
    source : `str`
        The repository, or the directory.
    collections : `tuple` [`str`]
        The collections that were asked for, in the order of lookups.
    certified : `tuple`
        What each CALIBRATION collection has, in the order of lookups.
    places : `dict` [`str`, `Place`]
        Where the file of each dataset is, by UUID; those whose file is not known are absent.
    instruments : `dict` [`str`, `InstrumentRecord`]
        By name.
    diagnostics : `tuple` [`Diagnostic`]
        What was found on the way.
    """

    source: str
    collections: tuple[str, ...]
    certified: tuple[tuple[Dataset, ...], ...]
    places: Mapping[str, Place]
    instruments: Mapping[str, InstrumentRecord]
    diagnostics: tuple[Diagnostic, ...] = ()
