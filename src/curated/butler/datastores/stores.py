"""The datastores of a repository that hold files: one, or the children of a chain to any depth."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from lsst.daf.butler import Butler, DatasetRef
from lsst.daf.butler.datastore.constraints import Constraints
from lsst.daf.butler.datastore.stored_file_info import StoredFileInfo
from lsst.daf.butler.datastores.chainedDatastore import ChainedDatastore
from lsst.daf.butler.datastores.fileDatastore import FileDatastore
from lsst.daf.butler.datastores.inMemoryDatastore import InMemoryDatastore
from lsst.daf.butler.registry.interfaces import DatabaseInsertMode
from lsst.resources import ResourcePath

from curated.butler.datastores.names import FormatterNames
from curated.core.diagnostic import CuratedError, Problem


@dataclass(frozen=True, slots=True, eq=False)
class FileStore:
    """A datastore that holds files.

    Parameters
    ----------
    datastore : `lsst.daf.butler.datastores.fileDatastore.FileDatastore`
        The datastore as Butler has it.
    constraints : `tuple` [`lsst.daf.butler.datastore.constraints.Constraints`]
        Its constraints, and those of the chains that it is in.
    formatters : `FormatterNames`
        Formatters that its configuration names.
    """

    datastore: FileDatastore
    constraints: tuple[Constraints, ...]
    formatters: FormatterNames

    @property
    def root(self) -> ResourcePath:
        """Where its files are."""
        root: ResourcePath = self.datastore.root
        return root

    @property
    def table(self) -> str:
        """Name of the table in which the registry has its records."""
        return str(self.datastore.config["records", "table"])

    def accepts(self, ref: DatasetRef) -> bool:
        """Return whether no constraint rejects a dataset."""
        return all(constraints.isAcceptable(ref) for constraints in self.constraints)


class FileRecord(NamedTuple):
    """The record that a datastore has of a dataset's file, or of the file of one of its components."""

    store: FileStore
    info: StoredFileInfo

    @property
    def uri(self) -> ResourcePath:
        """Where the file is."""
        uri: ResourcePath = self.info.file_location(self.store.datastore.locationFactory).uri
        return uri


_FORMATTER_NAMES: WeakKeyDictionary[FileDatastore, FormatterNames] = WeakKeyDictionary()
"""Formatters that the configuration of a datastore names: reading them takes longer than many a question about files."""

FileRecords = dict[str, list[FileRecord]]
"""Records of files, by UUID of the dataset, in the order in which Butler looks into datastores."""


def file_stores(butler: Butler) -> tuple[FileStore, ...]:
    """Return the datastores of a repository that hold files, in the order in which Butler looks into them.

    Raises
    ------
    CuratedError
        If there is none, or one is of a kind that is not supported.
    """
    datastore: Any = butler._datastore  # noqa: SLF001 (Butler has no other way to its datastores)
    stores = tuple(_stores(datastore, butler))
    if not stores:
        raise CuratedError(
            f"the repository has no datastore that holds files: {_kind(datastore)} keeps nothing",
            "see to 'datastore: cls:' of its butler.yaml; FileDatastore, or a ChainedDatastore with one, can be used",
        )
    return stores


def _stores(datastore: Any, butler: Butler, constraints: tuple[Constraints, ...] = ()) -> Iterator[FileStore]:
    if isinstance(datastore, ChainedDatastore):
        chain_constraints = (*constraints, datastore.constraints)
        for child, more in zip(datastore.datastores, datastore.datastoreConstraints, strict=True):
            child_constraints = chain_constraints if more is None else (*chain_constraints, more)
            yield from _stores(child, butler, child_constraints)
    elif isinstance(datastore, FileDatastore):
        yield FileStore(datastore, (*constraints, datastore.constraints), _formatter_names(datastore, butler))
    elif not isinstance(datastore, InMemoryDatastore):
        raise CuratedError(
            f"a datastore of kind {_kind(datastore)} is not supported",
            "use FileDatastore, or a ChainedDatastore of these, in 'datastore: cls:' of the repository's butler.yaml",
        )


def _formatter_names(datastore: FileDatastore, butler: Butler) -> FormatterNames:
    names = _FORMATTER_NAMES.get(datastore)
    if names is None:
        names = FormatterNames()
        names.registerFormatters(datastore.config["formatters"], universe=butler.dimensions)
        _FORMATTER_NAMES[datastore] = names
    return names


def _kind(datastore: Any) -> str:
    if isinstance(datastore, ChainedDatastore):
        return f"ChainedDatastore of {', '.join(map(_kind, datastore.datastores)) or 'nothing'}"
    return type(datastore).__name__


def file_records(butler: Butler, refs: Iterable[DatasetRef]) -> FileRecords:
    """Return the records that a repository has of the files of datasets, by UUID."""
    refs = list(refs)
    records: FileRecords = {}
    if not refs:
        # Not only to save time: a datastore that has never been written to cannot be asked.
        return records
    for store in file_stores(butler):
        # The one way to all records at once that Butler has, and that it uses for its own exports.
        for data in store.datastore.export_records(refs).values():
            for uuid, tables in data.records.items():
                for infos in tables.values():
                    # A file datastore has no other kind of record.
                    files = [FileRecord(store, info) for info in infos if isinstance(info, StoredFileInfo)]
                    records.setdefault(str(uuid), []).extend(files)
    return records


def replace_formatters(records: Iterable[tuple[DatasetRef, FileRecord]], name: str) -> None:
    """Replace the formatter in records of files, within the transaction of the caller; nothing else changes.

    Butler has no function for it: to forget and ingest a dataset again would move its file. The datastore itself
    replaces rows by their primary key when a file is ingested directly a second time (docs/adr/0033).

    Parameters
    ----------
    records : iterable [`tuple`]
        Datasets and their records.
    name : `str`
        Full name of the formatter.
    """
    by_store: dict[FileStore, list[tuple[DatasetRef, StoredFileInfo]]] = {}
    for ref, record in records:
        by_store.setdefault(record.store, []).append((ref, record.info.update(formatter=name)))
    for store, rows in by_store.items():
        refs, infos = zip(*rows, strict=True)
        store.datastore.addStoredItemInfo(refs, infos, DatabaseInsertMode.REPLACE)


def datastore_problems(
    stores: Iterable[FileStore],
    refs: Iterable[DatasetRef],
    mode: str,
    device: int,
) -> Iterator[Problem]:
    """Yield why datasets could not be ingested into datastores, of what can be told before anything is written.

    Parameters
    ----------
    refs : iterable [`lsst.daf.butler.DatasetRef`]
        Datasets to ingest, with expanded data IDs.
    mode : `str`
        Mode in which Butler is to transfer files; nothing is written into the roots if it is ``direct``.
    device : `int`
        Device of the files, from which hard links cannot lead to another one.
    """
    stores, refs = list(stores), list(refs)
    kinds: dict[tuple[str, str], DatasetRef] = {}
    for ref in refs:
        kinds.setdefault((ref.datasetType.name, str(ref.dataId.get("instrument"))), ref)
    receivers = {id(store): store for ref in kinds.values() for store in stores if store.accepts(ref)}
    rejected = sorted({name for (name, _), ref in kinds.items() if not any(s.accepts(ref) for s in stores)})
    if rejected:
        yield Problem(
            "CAL659",
            (),
            f"no datastore accepts {', '.join(rejected)}",
            "change 'constraints:' or 'datastore_constraints:' in the repository's butler.yaml, or leave the types out",
        )
    tables: dict[str, FileStore] = {}
    names: dict[str, FileStore] = {}
    runs = sorted({ref.run for ref in refs})
    for store in receivers.values():
        other = tables.setdefault(store.table, store)
        if other is not store:
            detail = f"the datastores {other.root} and {store.root} have one table of records, {store.table}"
            yield Problem("CAL659", (), detail, "give each child its own 'records: table:' in butler.yaml")
        if names.setdefault(store.datastore.name, store) is not store:
            # Butler records by name where a dataset is, and makes names of roots.
            detail = f"two datastores have one name, {store.datastore.name}"
            hint = "give each child its own root, and its own 'name:' if it has one, in butler.yaml"
            yield Problem("CAL659", (), detail, hint)
        if store.root.isLocal and mode != "direct":
            yield from _local_problems(store.root.ospath, runs, device if mode == "hardlink" else None)


def _local_problems(root: str, runs: Iterable[str], device: int | None) -> Iterator[Problem]:
    directories = {nearest_directory(os.path.join(root, run)) for run in runs}
    for directory in sorted(directories):
        if not os.access(directory, os.W_OK | os.X_OK):
            detail = f"{directory} of the datastore {root} cannot be written to"
            yield Problem("CAL659", (), detail, "see to its permissions")
            return
    if device is not None and any(os.stat(directory).st_dev != device for directory in directories):
        detail = f"no hard link can lead from the bundle's disk to that of the datastore {root}"
        yield Problem("CAL659", (), detail, "use --transfer copy")


def nearest_directory(directory: str) -> str:
    """Return a directory, or the nearest one above it that exists."""
    while not os.path.isdir(directory) and os.path.dirname(directory) != directory:
        directory = os.path.dirname(directory)
    return directory
