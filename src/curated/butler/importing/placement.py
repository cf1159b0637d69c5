"""Placement of a bundle's files on a local disk: copied or linked to where a repository's datastore has them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from lsst.daf.butler.registry import ConflictingDefinitionError
from lsst.resources import ResourcePath

from curated.bundle.contents import Entry
from curated.bundle.verification import THREADS
from curated.butler.datastores.stores import FileStore
from curated.butler.importing.integrity import FileState, FileStates, changed_file
from curated.butler.importing.plan import Plan
from curated.butler.importing.transfer import Uris
from curated.butler.repository.files import (
    FileNames,
    is_plain_path,
    local_uri,
    require_inside,
    size_and_hash_of,
)
from curated.butler.repository.journal import Journal, JournalEntry
from curated.core.diagnostic import CuratedError
from curated.core.regular_files import FileTree, UnsafeFileError, blocks
from curated.core.storage.disk import flush
from curated.core.wholefile import replacing, size_and_hash, written

# Files for one task of a thread; for one file, handing it over costs more than a link.
_SHARE = 64


class FileSource(Protocol):
    """The files of datasets, for Butler to ingest."""

    mode: str
    """The mode in which Butler is to transfer them."""

    is_verified: bool
    """Whether what `provide` returns has the content that was verified."""

    def provide(self, entries: Sequence[Entry]) -> list[str | ResourcePath]:
        """Return a local path or a URI for each dataset."""


class BundleFiles:
    """The files of a bundle, or the objects that they were uploaded to; Butler transfers them.

    Parameters
    ----------
    bundle : `pathlib.Path`
        Directory of the bundle.
    mode : `str`
        How Butler transfers them.
    uploads : `dict` [`str`, `lsst.resources.ResourcePath`]
        Objects, by path in the bundle.
    """

    def __init__(self, bundle: Path, mode: str, uploads: Uris) -> None:
        self.mode, self.is_verified = mode, bool(uploads)
        self._root, self._uploads = str(bundle.absolute()), uploads

    def provide(self, entries: Sequence[Entry]) -> list[str | ResourcePath]:
        """Return a local path or a URI for each dataset."""
        return [self._uploads.get(e.path) or os.path.join(self._root, e.path) for e in entries]


class PlacedFiles:
    """Files that are copied or linked to where the datastore has them, several at a time, to be ingested in place.

    What a file was when it was verified is what is in the datastore: a copy is hashed while it is made, and a link must
    lead to the same file.

    Parameters
    ----------
    names : `FileNames`
        Names of the files in the datastore.
    transfer : `str`
        ``copy``, ``hardlink`` or ``symlink``.
    root : `str`
        Root of the datastore.
    states : `dict` [`str`, `FileState`]
        States of the bundle's files when they were verified.
    journal : `Journal`
        Files are written down there before they are made.
    """

    # Every file is in the datastore; "split" notices that with less work than `None`.
    mode = "split"
    is_verified = True

    def __init__(
        self, names: FileNames, plan: Plan, transfer: str, root: str, states: FileStates, journal: Journal
    ) -> None:
        self._names, self._plan, self._transfer, self._root = names, plan, transfer, root
        self._states, self._journal = states, journal
        self._bundle = os.path.abspath(plan.contents.root)
        self._tree = FileTree(self._bundle)
        self._created: list[str] = []
        self._used: set[str] = set()
        self._directories: set[str] = set()

    def provide(self, entries: Sequence[Entry]) -> list[str | ResourcePath]:
        """Put the files of datasets into the datastore and return their paths there.

        Raises
        ------
        CuratedError
            If two datasets have the same path, if one is outside of the datastore, or if a file is not the one that
            was verified.
        """
        names = [self._names.name(entry, self._plan.refs[entry.uuid]) for entry in entries]
        for name in names:
            if name in self._used:
                raise _shared_name(name)
            self._used.add(name)
        for directory in {os.path.dirname(name) for name in names} - self._directories:
            require_inside(self._root, f"{directory}/file" if directory else "file")
            os.makedirs(os.path.join(self._root, directory), exist_ok=True)
            self._directories.add(directory)
        for name in names:
            if not is_plain_path(name):
                require_inside(self._root, name)
        files = [(entry, os.path.join(self._root, name)) for entry, name in zip(entries, names, strict=True)]
        self._journal.add(JournalEntry(target, entry.run) for entry, target in files)
        shares = [files[n : n + _SHARE] for n in range(0, len(files), _SHARE)]
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self._place, shares))
        # The database must not say that they are there before they are on the disk.
        flush([*(target for _, target in files), *self._directory_paths(names)])
        return [target for _, target in files]

    def _directory_paths(self, names: Iterable[str]) -> list[str]:
        """Return the directories of files, and all that these are in, the inner ones first."""
        directories = {""}
        for name in names:
            parent = os.path.dirname(name)
            while parent not in directories:
                directories.add(parent)
                parent = os.path.dirname(parent)
        return [os.path.join(self._root, name) for name in sorted(directories, key=len, reverse=True)]

    def remove(self) -> None:
        """Remove what was put into the datastore."""
        for path in self._created:
            with suppress(FileNotFoundError):
                os.unlink(path)
        for directory in sorted(self._directories, reverse=True):
            with suppress(OSError):
                os.removedirs(os.path.join(self._root, directory))

    def close(self) -> None:
        """Close the bundle's directory."""
        self._tree.close()

    def _place(self, files: Sequence[tuple[Entry, str]]) -> None:
        for entry, target in files:
            try:
                self._create(entry, target)
            except FileExistsError:
                # Of an import that was killed, or of one at the same time: not ours to remove later.
                if not self._is_good(entry, target):
                    with replacing(target) as temporary:
                        self._create(entry, temporary)

    def _create(self, entry: Entry, target: str) -> None:
        if self._transfer == "copy":
            self._copy(entry, target)
            return
        source = os.path.join(self._bundle, entry.path)
        if self._transfer == "symlink":
            os.symlink(source, target)
        else:
            os.link(source, target, follow_symlinks=False)
        self._created.append(target)
        state = FileState.of(os.stat(target))
        verified = self._states.get(entry.path)
        if verified is None or not state.is_same_content(verified):
            raise changed_file(entry.path)

    def _copy(self, entry: Entry, target: str) -> None:
        with open(target, "xb", buffering=0) as copy:
            self._created.append(target)
            try:
                handle = self._tree.open(entry.path)
            except (UnsafeFileError, FileNotFoundError) as error:
                raise changed_file(entry.path) from error
            try:
                parts = written(blocks(handle, entry.size + 1), copy.fileno())
                if size_and_hash(parts) != (entry.size, entry.sha256):
                    raise changed_file(entry.path)
            finally:
                os.close(handle)

    def _is_good(self, entry: Entry, target: str) -> bool:
        state = FileState.of(os.lstat(target))
        verified = self._states.get(entry.path)
        if self._transfer == "symlink":
            return os.path.islink(target) and os.readlink(target) == os.path.join(self._bundle, entry.path)
        # A link to the bundle is no copy: an edit of the bundle would be one of the repository.
        if os.path.islink(target) or (verified is not None and state[:2] == verified[:2]):
            return self._transfer == "hardlink" and verified is not None and state.is_same_content(verified)
        try:
            return size_and_hash_of(local_uri(target)) == (entry.size, entry.sha256)
        except OSError:
            return False


@contextmanager
def file_source(
    stores: Sequence[FileStore],
    plan: Plan,
    mode: str,
    uploads: Uris,
    states: FileStates,
    journal: Journal,
) -> Iterator[FileSource]:
    """Yield the source of the files to ingest; what it put into a datastore is removed if the block fails.

    Parameters
    ----------
    stores : sequence [`FileStore`]
        All datastores of the repository that hold files, in Butler's order.
    mode : `str`
        Mode in which Butler is to transfer files; see `butler_mode`.
    uploads : `dict` [`str`, `lsst.resources.ResourcePath`]
        Objects that files were uploaded to, by path in the bundle.
    states, journal
        See `PlacedFiles`.
    """
    root = stores[0].root
    if mode == "direct" or len(stores) > 1 or not root.isLocal:
        if mode != "direct" and not uploads:
            journal.add(_copies(stores, plan))
        yield BundleFiles(plan.contents.root, mode, uploads)
        return
    files = PlacedFiles(FileNames(stores[0].datastore.templates), plan, mode, root.ospath, states, journal)
    try:
        yield files
    except ConflictingDefinitionError:
        # Another import has the same files, and may count on them.
        raise
    except BaseException:
        files.remove()
        raise
    finally:
        files.close()


def require_places(stores: Sequence[FileStore], plan: Plan, mode: str) -> None:
    """Refuse datasets whose files would be outside of a datastore, or in each other's place, before any is written.

    Where there is one datastore on a local disk, `PlacedFiles` looks at each name when it is made.

    Parameters
    ----------
    stores : sequence [`FileStore`]
        All datastores of the repository that hold files, in Butler's order.
    mode : `str`
        Mode in which Butler is to transfer files; see `butler_mode`.

    Raises
    ------
    CuratedError
        With the first that is refused.
    """
    runs = {entry.run for entry in plan.ingest}
    for store in stores:
        if store.root.isLocal:
            for run in runs:
                require_inside(store.root.ospath, f"{run}/file")
    if mode == "direct" or len(stores) == 1:
        return
    for store in stores:
        names: set[str] = set()
        directories: set[str] = set()
        for _, name in _names(store, plan):
            if name in names:
                raise _shared_name(name)
            names.add(name)
            directory = os.path.dirname(name)
            if directory not in directories or not is_plain_path(name):
                _require_name(store, name)
                directories.add(directory)


def _require_name(store: FileStore, name: str) -> None:
    if store.root.isLocal:
        require_inside(store.root.ospath, name)
    elif not is_plain_path(name) or "#" in name:
        raise CuratedError(
            f"{name!r} would be outside of the datastore {store.root}: nothing is written there",
            "see to the file templates in the repository's configuration",
        )


def _names(store: FileStore, plan: Plan) -> Iterator[tuple[Entry, str]]:
    """Yield the datasets that a datastore accepts, and the names of their files in it."""
    names = FileNames(store.datastore.templates)
    for entry in plan.ingest:
        ref = plan.refs[entry.uuid]
        if store.accepts(ref):
            yield entry, names.name(entry, ref)


def _copies(stores: Sequence[FileStore], plan: Plan) -> Iterator[JournalEntry]:
    """Yield the files that Butler is about to make, as a journal has them."""
    for store in stores:
        root = store.root
        for entry, name in _names(store, plan):
            place = (
                os.path.join(root.ospath, name)
                if root.isLocal
                else str(root.join(name, forceDirectory=False))
            )
            yield JournalEntry(place, entry.run)


def _shared_name(name: str) -> CuratedError:
    return CuratedError(
        f"the repository's file template gives two datasets the file {name}",
        "add what tells them apart to the template in the repository's configuration",
    )
