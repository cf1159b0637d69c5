"""Transfer of a bundle's files into a repository: placed on a local disk, uploaded into an object store, or by Butler.

Butler transfers files one after another, with its transaction open, and works out each name anew, which is most of the
time of a large import.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlparse

from lsst.daf.butler import Butler
from lsst.resources import ResourcePath

from curated.bundle.contents import Entry
from curated.bundle.verification import Progress, tracked
from curated.butler.datastores.stores import FileStore
from curated.butler.importing.integrity import FileStates, require_unchanged
from curated.butler.importing.plan import Plan
from curated.butler.repository.files import FileNames, is_plain_path, object_state
from curated.butler.repository.journal import Journal, JournalEntry
from curated.core.diagnostic import CuratedError, Diagnostic, Problem

Uris = Mapping[str, ResourcePath]
"""Objects in a store, by the path of the file in the bundle."""

# As many as the connections that lsst.resources keeps open to a store.
_UPLOADS = 10


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
        if root is not None and (not root.isLocal or Path(root.ospath).stat().st_dev != device):
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


class UploadPlan(NamedTuple):
    """Where files are to be uploaded to, and the datasets that cannot be told apart there."""

    destinations: Uris
    diagnostics: tuple[Diagnostic, ...] = ()


def plan_uploads(stores: Sequence[FileStore], plan: Plan, mode: str) -> UploadPlan:
    """Work out where the files of a plan belong in an object store: where Butler itself would copy them to.

    There are none if Butler transfers the files: to a local disk, in other modes than ``copy``, and where a
    repository has several datastores of files.

    Parameters
    ----------
    stores : sequence [`FileStore`]
        All datastores of the repository that hold files, in Butler's order.
    mode : `str`
        Mode in which Butler is to transfer files; see `butler_mode`.
    """
    root = stores[0].root
    if mode != "copy" or len(stores) > 1 or root.isLocal:
        return UploadPlan({})
    names = FileNames(stores[0].datastore.templates)
    destinations: dict[str, ResourcePath] = {}
    entries: dict[ResourcePath, Entry] = {}
    diagnostics = []
    for entry in plan.ingest:
        name = names.name(entry, plan.refs[entry.uuid])
        uri = root.join(name, forceDirectory=False)
        # What follows a # is no part of an object's name.
        if not is_plain_path(name) or "#" in name or uri.relative_to(root) is None:
            raise CuratedError(
                f"{name!r} would be outside of the datastore {root}: nothing is written there",
                "see to the file templates in the repository's configuration",
            )
        if other := entries.get(uri):
            detail = f"{entry} and {other} of {other.path} would both be {uri}"
            diagnostics.append(Diagnostic.from_problem(Problem("CAL650", (), detail), entry.path))
        entries[uri] = entry
        destinations[entry.path] = uri
    return UploadPlan(destinations, tuple(diagnostics))


def upload(
    plan: Plan, destinations: Uris, states: FileStates, journal: Journal, progress: Progress | None = None
) -> Uris:
    """Upload the files that a store lacks or has with another content, and return the objects for Butler to ingest.

    Readers see none of them before the database does. An object that an earlier import left is used if it is the
    same, and replaced if it is not: no dataset refers to it yet. lsst.resources retries what fails for a while.

    Parameters
    ----------
    destinations : `dict` [`str`, `lsst.resources.ResourcePath`]
        Where to, by path in the bundle.
    states : `dict` [`str`, `FileState`]
        States of the files when they were verified.
    journal : `Journal`
        The objects are written down there first.
    progress : callable, optional
        Called with the stage, the number of files done and their total.

    Raises
    ------
    CuratedError
        If a file is not the one that was verified; no dataset refers to its object.
    """
    entries = [entry for entry in plan.ingest if entry.path in destinations]
    journal.add(JournalEntry(str(destinations[entry.path]), entry.run) for entry in entries)
    uploads = _uploads(plan.contents.root, entries, destinations)
    uploaded = dict(tracked("upload", len(entries), progress, uploads))
    require_unchanged(os.fspath(plan.contents.root), entries, states)
    return uploaded


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
