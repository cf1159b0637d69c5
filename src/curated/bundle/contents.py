"""The contents of a bundle, once its manifest has been checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from curated.bundle.export_file import ExportedDataset, Record
from curated.bundle.renaming import Renaming
from curated.core.diagnostic import CuratedError
from curated.datasets.names import is_label
from curated.datasets.record import Dataset, data_id_of, dataset_uuid


@dataclass(frozen=True, slots=True)
class Kind:
    """A dataset type, as the bundle defines it."""

    name: str
    dimensions: tuple[str, ...]
    storage_class: str


@dataclass(frozen=True, slots=True)
class Target:
    """The collections of one instrument, and how else it is called.

    Parameters
    ----------
    directory : `str`
        Directory in the package, by which files may name it.
    aliases : `tuple` [`str`]
        Other names that files give it; none if its name is declared.
    bundle_name : `str`
        Name in the bundle, if the repository has it under another one; empty otherwise.
    """

    instrument: str
    calibration: str
    chain: str
    directory: str = ""
    aliases: tuple[str, ...] = ()
    bundle_name: str = ""


Place = tuple[str, str, Any]
"""A dimension record: element, instrument, and number of the detector or name of the instrument or filter."""


class Claims(NamedTuple):
    """Validity and origin of a dataset as a manifest has them, to be compared with the header of its file.

    Parameters
    ----------
    begin, end : `str`
        Validity in UTC, ISO 8601 with a ``Z`` at the end; empty where it is open.
    begin_tai_ns, end_tai_ns : `int` or `None`
        The same in nanoseconds since 1970-01-01 TAI.
    path, blob, commit : `str`
        Path of its text in the git repository, the text's blob, and the last commit that changed it; empty where
        they are not known.
    """

    begin: str = ""
    end: str = ""
    begin_tai_ns: int | None = None
    end_tai_ns: int | None = None
    path: str = ""
    blob: str = ""
    commit: str = ""


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
    claims : `Claims`
        Validity and origin, of a dataset in a manifest.
    """

    path: str = ""
    sha256: str = ""
    size: int = 0
    recipe: str = ""
    claims: Claims = field(default=Claims(), compare=False, repr=False)

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
    sha1 : `str`
        Commit that it was made of.
    head : `dict`
        The manifest as plain data, without its datasets.
    manifest_sha256 : `str`
        SHA-256 of the manifest that was read; empty if it was not read from a file.
    inferred : `dict` [`Place`, `frozenset` [`str`]]
        Keys of dimension records whose values nobody declared; a repository knows better.
    renamings : `dict` [`str`, `Renaming`]
        How these contents differ from the bundle's: what a repository calls its instruments, by their names there.
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
    sha1: str = ""
    head: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    manifest_sha256: str = field(default="", compare=False)
    inferred: Mapping[Place, frozenset[str]] = field(default_factory=dict, repr=False)
    renamings: Mapping[str, Renaming] = field(default_factory=dict)

    @property
    def instrument_names(self) -> dict[str, str]:
        """Names in a repository by those in the bundle, of the instruments whose names differ."""
        return {old: renaming.name for old, renaming in self.renamings.items() if renaming.name != old}

    def exported(self) -> Iterator[ExportedDataset]:
        """Yield the datasets as the export file of the bundle has them."""
        dimensions = {kind.name: kind.dimensions for kind in self.kinds}
        for entry in self.entries:
            values = dict(entry.data_id)
            yield ExportedDataset(
                entry.dataset_type,
                tuple((name, values[name]) for name in dimensions[entry.dataset_type]),
                entry.span,
                entry.uuid,
                entry.run,
                entry.collection,
                entry.path,
            )

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

    def renamed(self, renamings: Mapping[str, Renaming]) -> Contents:
        """Return the same contents under the names that a repository has for instruments and filters.

        Data IDs, collections and dimension records follow, and UUIDs follow from these; files stay as they are.

        Parameters
        ----------
        renamings : `dict` [`str`, `Renaming`]
            By the name in the bundle; instruments without one keep their names.
        """
        changes = {
            old: renaming for old, renaming in renamings.items() if renaming.name != old or renaming.filters
        }
        if not changes:
            return self
        places = {place: _renamed_place(place, changes) for place in self.inferred}
        return replace(
            self,
            targets=tuple(_renamed_target(target, changes) for target in self.targets),
            records={
                element: [_renamed_record(element, record, changes) for record in records]
                for element, records in self.records.items()
            },
            entries=tuple(_renamed_entry(entry, changes) for entry in self.entries),
            inferred={places[place]: keys for place, keys in self.inferred.items()},
            renamings=changes,
        )


def _renamed_target(target: Target, changes: Mapping[str, Renaming]) -> Target:
    old = target.instrument
    if old not in changes or changes[old].name == old:
        return target
    new = changes[old].name
    return replace(
        target,
        instrument=new,
        calibration=f"{new}{target.calibration.removeprefix(old)}",
        chain=f"{new}{target.chain.removeprefix(old)}",
        bundle_name=old,
    )


def _renamed_record(element: str, record: Record, changes: Mapping[str, Renaming]) -> Record:
    key = "name" if element == "instrument" else "instrument"
    change = changes.get(record[key])
    if change is None:
        return record
    if element == "physical_filter":
        name = change.filters.get(record["name"], record["name"])
        return {**record, "instrument": change.name, "name": name}
    return {**record, key: change.name}


def _renamed_place(place: Place, changes: Mapping[str, Renaming]) -> Place:
    element, instrument, key = place
    change = changes.get(instrument)
    if change is None:
        return place
    if element == "instrument":
        return element, change.name, change.name
    return element, change.name, change.filters.get(key, key) if element == "physical_filter" else key


def _renamed_entry(entry: Entry, changes: Mapping[str, Renaming]) -> Entry:
    old = entry.instrument
    change = changes.get(old)
    if change is None:
        return entry
    values = dict(entry.data_id) | {"instrument": change.name}
    if "physical_filter" in values:
        name = str(values["physical_filter"])
        values["physical_filter"] = change.filters.get(name, name)
    data_id = data_id_of(values)
    # What a reference refers to may be in a run that does not belong to the instrument.
    run, collection = (
        f"{change.name}/{name.removeprefix(f'{old}/')}" if name.startswith(f"{old}/") else name
        for name in (entry.run, entry.collection)
    )
    uuid = dataset_uuid(entry.dataset_type, run, data_id)
    return replace(entry, data_id=data_id, run=run, collection=collection, uuid=uuid)


def check_label(label: str, hint: str = "use letters, digits, '_', '-' and single '.'") -> str:
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
