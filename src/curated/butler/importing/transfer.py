"""Transfer of a bundle's files into a repository: placed on a local disk, uploaded into an object store, or by Butler.

Butler transfers files one after another, with its transaction open, and works out each name anew, which is most of the
time of a large import.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlparse

from lsst.daf.butler import Butler, ButlerConfig
from lsst.daf.butler.registry import ConflictingDefinitionError
from lsst.resources import ResourcePath

from curated.bundle.contents import Entry
from curated.bundle.verification import THREADS, Progress, sha256_of, tracked
from curated.butler.importing.plan import Plan
from curated.butler.repository.files import FileNames, has_file_templates, object_state
from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.core.wholefile import replacing

Uris = Mapping[str, ResourcePath]
"""Objects in a store, by the path of the file in the bundle."""

# As many as the connections that lsst.resources keeps open to a store.
_UPLOADS = 10
# Files for one task of a thread; for one file, handing it over costs more than a link.
_SHARE = 64
_BLOCK = 1 << 20


def butler_mode(transfer: str, bundle: Path, butler: Butler) -> str:
    """Return the mode in which Butler is to transfer files.

    Butler's own move cannot be repeated after a kill. Ours links, or copies where it must, and
    removes the bundle's files at the end of the import.

    Parameters
    ----------
    transfer : `str`
        The mode that was requested.
    bundle : `pathlib.Path`
        Directory of the bundle.
    """
    if transfer != "move":
        return transfer
    device = bundle.stat().st_dev
    for root in butler.get_datastore_roots().values():
        if root is None or not root.isLocal or Path(root.ospath).stat().st_dev != device:
            return "copy"
    return "hardlink"


def refuse_links(transfer: str, roots: Iterable[ResourcePath | None]) -> None:
    """Raise an error if files are to be linked into an object store.

    Parameters
    ----------
    transfer : `str`
        The mode that was requested.
    roots : iterable [`lsst.resources.ResourcePath` or `None`]
        Where the repository's files are, or will be.
    """
    for root in roots:
        if transfer in ("hardlink", "symlink") and root is not None and not root.isLocal:
            raise CuratedError(
                f"no {transfer} can lead into {root}",
                "use --transfer copy, which uploads, many files at a time",
            )


# Object stores.


class UploadPlan(NamedTuple):
    """Where files are to be uploaded to, and the datasets that cannot be told apart there."""

    destinations: Uris
    diagnostics: tuple[Diagnostic, ...] = ()


def plan_uploads(butler: Butler, config: ButlerConfig, plan: Plan, mode: str) -> UploadPlan:
    """Work out where the files of a plan belong in an object store: where Butler itself would copy them to.

    There are none if Butler transfers the files: to a local disk, in other modes than ``copy``, and where a
    repository has several datastores.

    Parameters
    ----------
    mode : `str`
        Mode in which Butler is to transfer files; see `butler_mode`.
    """
    root = _single_root(butler)
    if mode != "copy" or root is None or root.isLocal or not has_file_templates(config):
        return UploadPlan({})
    names = FileNames(config, butler)
    destinations: dict[str, ResourcePath] = {}
    entries: dict[ResourcePath, Entry] = {}
    diagnostics = []
    for entry in plan.ingest:
        uri = root.join(names.name(entry, plan.refs[entry.uuid]), forceDirectory=False)
        if other := entries.get(uri):
            detail = f"{entry} and {other} of {other.path} would both be {uri}"
            diagnostics.append(Diagnostic.from_problem(Problem("CAL650", (), detail), entry.path))
        entries[uri] = entry
        destinations[entry.path] = uri
    return UploadPlan(destinations, tuple(diagnostics))


def upload(plan: Plan, destinations: Uris, progress: Progress | None = None) -> Uris:
    """Upload the files that a store lacks or has with another content, and return the objects for Butler to ingest.

    Readers see none of them before the database does. An object that an earlier import left is used if it is the
    same, and replaced if it is not: no dataset refers to it yet. lsst.resources retries what fails for a while.

    Parameters
    ----------
    destinations : `dict` [`str`, `lsst.resources.ResourcePath`]
        Where to, by path in the bundle.
    progress : callable, optional
        Called with the stage, the number of files done and their total.
    """
    entries = [entry for entry in plan.ingest if entry.path in destinations]
    uploads = _uploads(plan.contents.root, entries, destinations)
    return dict(tracked("upload", len(entries), progress, uploads))


def _uploads(root: Path, entries: Sequence[Entry], destinations: Uris) -> Iterator[tuple[str, ResourcePath]]:
    pool = ThreadPoolExecutor(int(os.environ.get("LSST_RESOURCES_NUM_WORKERS") or _UPLOADS))
    try:
        directories = {destinations[entry.path].dirname() for entry in entries}
        existing = set().union(*pool.map(_objects, directories))
        yield from pool.map(partial(_upload, root, destinations, existing), entries)
    finally:
        # After a failure, without those that have not begun.
        pool.shutdown(cancel_futures=True)


def _upload(
    root: Path, destinations: Uris, existing: set[ResourcePath], entry: Entry
) -> tuple[str, ResourcePath]:
    destination, path = destinations[entry.path], root / entry.path
    source = ResourcePath(str(path.absolute()), forceDirectory=False)
    if destination not in existing or object_state(destination, entry.size, path) != "same":
        destination.transfer_from(source, transfer="copy", overwrite=True, multithreaded=False)
    return entry.path, _uploaded_object(destination, source, entry.size)


def _objects(directory: ResourcePath) -> set[ResourcePath]:
    """Return the objects in a directory, not those below; mostly there are none, and a list is one request."""
    for _, _, names in directory.walk():
        return {directory.join(name, forceDirectory=False) for name in names}
    return set()


class _UploadedObject:
    """An object whose existence, size and content are known without asking the store.

    Butler, told to copy it to where it is, finds it there. It would otherwise ask the store for
    the size of each, one after another, while its transaction is open (docs/adr/0016).
    """

    # Butler takes size and checksum of a local file from `as_local`.
    isLocal = True
    source: ResourcePath
    known_size: int

    def exists(self) -> bool:
        return True

    def size(self) -> int:
        return self.known_size

    def as_local(self, *_: Any, **__: Any) -> AbstractContextManager[ResourcePath]:
        return nullcontext(self.source)


@cache
def _class_for(scheme: Any) -> Any:
    return type("UploadedObject", (_UploadedObject, scheme), {})


def _uploaded_object(uri: ResourcePath, source: ResourcePath, size: int) -> ResourcePath:
    scheme: Any = type(uri)
    uploaded: ResourcePath = _class_for(scheme)(urlparse(uri.geturl()), forceDirectory=False)
    vars(uploaded).update(source=source, known_size=size)
    return uploaded


# Local disks.


class FileSource(Protocol):
    """The files of datasets, for Butler to ingest."""

    mode: str
    """The mode in which Butler is to transfer them."""

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
        self.mode = mode
        self._root, self._uploads = str(bundle.absolute()), uploads

    def provide(self, entries: Sequence[Entry]) -> list[str | ResourcePath]:
        """Return a local path or a URI for each dataset."""
        return [self._uploads.get(e.path) or os.path.join(self._root, e.path) for e in entries]


class PlacedFiles:
    """Files that are copied or linked to where the datastore has them, several at a time, to be ingested in place.

    Parameters
    ----------
    names : `FileNames`
        Names of the files in the datastore.
    link : `bool`
        Whether files are hard links, not copies.
    root : `str`
        Root of the datastore.
    """

    # Every file is in the datastore; "split" notices that with less work than `None`.
    mode = "split"

    def __init__(self, names: FileNames, plan: Plan, *, link: bool, root: str) -> None:
        self._names, self._plan, self._link, self._root = names, plan, link, root
        self._bundle = os.fspath(plan.contents.root)
        self._created: list[str] = []
        self._used: set[str] = set()
        self._directories: set[str] = set()

    def provide(self, entries: Sequence[Entry]) -> list[str | ResourcePath]:
        """Put the files of datasets into the datastore and return their paths there.

        Raises
        ------
        CuratedError
            If two datasets have the same path.
        """
        names = [self._names.name(entry, self._plan.refs[entry.uuid]) for entry in entries]
        for name in names:
            if name in self._used:
                raise CuratedError(
                    f"the repository's file template gives two datasets the file {name}",
                    "add what tells them apart to the template in the repository's configuration",
                )
            self._used.add(name)
        for directory in {os.path.dirname(name) for name in names} - self._directories:
            os.makedirs(os.path.join(self._root, directory), exist_ok=True)
            self._directories.add(directory)
        files = [(entry, os.path.join(self._root, name)) for entry, name in zip(entries, names, strict=True)]
        shares = [files[n : n + _SHARE] for n in range(0, len(files), _SHARE)]
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self._place, shares))
        return [target for _, target in files]

    def remove(self) -> None:
        """Remove what was put into the datastore."""
        for path in self._created:
            with suppress(FileNotFoundError):
                os.unlink(path)
        for directory in sorted(self._directories, reverse=True):
            with suppress(OSError):
                os.removedirs(os.path.join(self._root, directory))

    def _place(self, files: Sequence[tuple[Entry, str]]) -> None:
        for entry, target in files:
            source = os.path.join(self._bundle, entry.path)
            # The target of a link is linked or copied; the system follows links to directories.
            if os.path.islink(source):
                source = os.path.realpath(source)
            try:
                self._create(source, target)
            except FileExistsError:
                # Of an import that was killed, or of one at the same time: not ours to remove later.
                if not self._is_good(entry, source, target):
                    with replacing(target) as temporary:
                        self._create(source, temporary)

    def _create(self, source: str, target: str) -> None:
        if self._link:
            os.link(source, target)
            self._created.append(target)
            return
        with open(target, "xb") as copy, open(source, "rb") as original:
            self._created.append(target)
            shutil.copyfileobj(original, copy, _BLOCK)

    def _is_good(self, entry: Entry, source: str, target: str) -> bool:
        # A link to the bundle is no copy: an edit of the bundle would be one of the repository.
        if os.path.samefile(source, target):
            return self._link
        return sha256_of(target) == (entry.size, entry.sha256)


@contextmanager
def file_source(
    butler: Butler, config: ButlerConfig, plan: Plan, mode: str, uploads: Uris
) -> Iterator[FileSource]:
    """Yield the source of the files to ingest; what it put into a datastore is removed if the block fails.

    Parameters
    ----------
    mode : `str`
        Mode in which Butler is to transfer files; see `butler_mode`.
    uploads : `dict` [`str`, `lsst.resources.ResourcePath`]
        Objects that files were uploaded to, by path in the bundle.
    """
    root = _single_root(butler)
    if mode not in ("copy", "hardlink") or root is None or not root.isLocal or not has_file_templates(config):
        yield BundleFiles(plan.contents.root, mode, uploads)
        return
    files = PlacedFiles(FileNames(config, butler), plan, link=mode == "hardlink", root=root.ospath)
    try:
        yield files
    except ConflictingDefinitionError:
        # Another import has the same files, and may count on them.
        raise
    except BaseException:
        files.remove()
        raise


def _single_root(butler: Butler) -> ResourcePath | None:
    """Return the root of a repository's files, or `None` if it has several datastores."""
    roots = list(butler.get_datastore_roots().values())
    return roots[0] if len(roots) == 1 else None
