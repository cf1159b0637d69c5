"""The contents of a bundle, once its manifest has been checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from curated.bundle.export_file import Record
from curated.core.diagnostic import CuratedError
from curated.datasets.record import Dataset, dataset_uuid

DOC = "Curated calibrations of"
"""Begin of the documentation of every collection of a release, also of those that the export file makes."""

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


@dataclass(frozen=True, slots=True)
class Kind:
    """A dataset type, as the bundle defines it."""

    name: str
    dimensions: tuple[str, ...]
    storage_class: str


@dataclass(frozen=True, slots=True)
class Target:
    """The collections of one instrument."""

    instrument: str
    calibration: str
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Dataset):
    """A dataset of a bundle, and its file.

    Without a path the dataset is in the repository already, in a run of another release; its hash may be
    unknown then, and its content is compared.

    Parameters
    ----------
    path : `str`
        Path of the file in the bundle; empty if the bundle has no file of it.
    sha256 : `str`
        Hash of the file; empty if it is unknown.
    size : `int`
        In bytes; 0 if it is unknown.
    recipe : `str`
        Hash of all that the file was made of; empty if it is unknown.
    """

    path: str = ""
    sha256: str = ""
    size: int = 0
    recipe: str = ""

    @classmethod
    def of(
        cls, dataset: Dataset, *, path: str = "", sha256: str = "", size: int = 0, recipe: str = ""
    ) -> Entry:
        """Return a dataset with its file."""
        return cls(
            *dataset.key,
            dataset.span,
            uuid=dataset.uuid,
            run=dataset.run,
            collection=dataset.collection,
            content=dataset.content,
            path=path,
            sha256=sha256,
            size=size,
            recipe=recipe,
        )

    @property
    def is_reference(self) -> bool:
        """Whether the bundle only refers to it."""
        return not self.path

    @property
    def place(self) -> str:
        """Path or run that findings about it name."""
        return self.path or self.run


@dataclass(frozen=True, slots=True)
class Companion:
    """A file with the provenance of a dataset; it is not imported, since the dataset's file has the provenance, too."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Contents:
    """A bundle whose manifest has been checked; its files have not.

    Parameters
    ----------
    root : `pathlib.Path`
        Directory of the bundle.
    label : `str`
        Its release label, as in the collections' names.
    doc : `str`
        Documentation of new collections.
    base : `str`
        Release that it builds on; empty if it holds all its files.
    targets : `tuple` [`Target`]
        Collections of each instrument.
    kinds : `tuple` [`Kind`]
        Dataset types, as the bundle defines them.
    records : `dict`
        Dimension records by element, in the order of insertion.
    entries : `tuple` [`Entry`]
        Datasets in the order of the manifest.
    companions : `tuple` [`Companion`]
        Provenance files beside the files of datasets.
    """

    root: Path
    label: str
    doc: str
    targets: tuple[Target, ...]
    kinds: tuple[Kind, ...]
    records: dict[str, list[Record]]
    entries: tuple[Entry, ...]
    companions: tuple[Companion, ...] = ()
    base: str = ""

    def relabelled(self, label: str) -> Contents:
        """Return the same contents under another release label; UUIDs follow the names."""
        if label == self.label:
            return self
        check_label(label)
        renamed = {t.calibration: _renamed(t, self.label, label) for t in self.targets}
        return replace(
            self,
            label=label,
            targets=tuple(replace(t, calibration=renamed[t.calibration]) for t in self.targets),
            entries=tuple(_moved(entry, renamed) for entry in self.entries),
        )


def is_label(text: str) -> bool:
    """Say whether a text can be a release label, which stands in a collection's name."""
    return _LABEL.match(text) is not None


def check_label(label: str, hint: str = "use letters, digits, '.', '_' and '-'") -> str:
    """Return a release label that can stand in a collection's name.

    Raises
    ------
    CuratedError
        If it cannot.
    """
    if not is_label(label):
        raise CuratedError(f"{label!r} cannot be a label", hint)
    return label


def _renamed(target: Target, old: str, new: str) -> str:
    head = target.calibration.removesuffix(f"/{old}")
    if head == target.calibration:
        raise CuratedError(
            f"collection {target.calibration} does not end in the label '{old}'",
            "make the bundle again with --label",
        )
    return f"{head}/{new}"


def _moved(entry: Entry, renamed: Mapping[str, str]) -> Entry:
    collection = renamed[entry.collection]
    if entry.is_reference:
        return replace(entry, collection=collection)
    run = collection + entry.run.removeprefix(entry.collection)
    uuid = dataset_uuid(entry.dataset_type, run, entry.data_id)
    return replace(entry, collection=collection, run=run, uuid=uuid)
