"""Files and objects that killed imports have left in a repository, and to which nothing refers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lsst.daf.butler import Butler, CollectionType, DatasetRef
from lsst.resources import ResourcePath

from curated.butler.repository.creation import abandoned_repositories

_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Orphans:
    """Files under the RUNs of a bundle that belong to no dataset, and unfinished repositories.

    Parameters
    ----------
    files : `tuple` [`str`]
        Absolute paths of files, or URIs of objects.
    directories : `tuple` [`str`]
        Absolute paths of repositories whose creation was killed.
    size : `int`
        Total size of the files in bytes.
    """

    files: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    size: int = 0

    def __bool__(self) -> bool:
        return bool(self.files or self.directories)

    def __str__(self) -> str:
        parts = []
        if self.files:
            count = f"{len(self.files)} file{'s' * (len(self.files) > 1)}"
            parts.append(f"{count} ({self.size / 1e6:.1f} MB), such as {self.files[0]}")
        if self.directories:
            number = len(self.directories)
            count = f"{number} unfinished repositor{'ies' if number > 1 else 'y'}"
            parts.append(f"{count}, such as {self.directories[0]}")
        return " and ".join(parts) + ", left by killed imports: nothing refers to it"


def find_orphans(
    butler: Butler, repository: str, runs: Iterable[str], paths: Collection[str], *, stores: bool
) -> Orphans:
    """Find what killed imports have left of a bundle.

    Parameters
    ----------
    repository : `str`
        Path or URI of the repository.
    runs : iterable [`str`]
        RUNs of the bundle.
    paths : collection [`str`]
        Files that are known to belong to datasets.
    stores : `bool`
        Whether to look into object stores as well, which takes requests for each RUN.
    """
    runs = sorted(runs)
    files = {
        path for root in _local_roots(butler) for run in runs for path in _files(os.path.join(root, run))
    }
    files -= set(paths)
    if stores:
        files |= {uri for root in _store_roots(butler) for run in runs for uri in _objects(root, run)}
    if files:
        existing_runs = sorted(set(runs) & set(butler.collections.query("*")))
        files -= set(_dataset_files(butler, _datasets(butler, existing_runs)))
    size = sum(_size(name) for name in files)
    return Orphans(tuple(sorted(files)), tuple(abandoned_repositories(repository)), size)


def remove_orphans(butler: Butler, orphans: Orphans) -> tuple[str, ...]:
    """Remove what killed imports have left, and return what was removed.

    All datasets of the repository are checked first: a file may belong to one of another RUN.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository, which must be locked.
    """
    files = set(orphans.files)
    if files:
        runs = butler.collections.query("*", collection_types={CollectionType.RUN})
        files -= set(_dataset_files(butler, _datasets(butler, list(runs))))
    roots = [*_local_roots(butler)]
    for name in sorted(files):
        if _is_object(name):
            ResourcePath(name).remove()
            continue
        os.unlink(name)
        _remove_empty(os.path.dirname(name), roots)
    for directory in orphans.directories:
        shutil.rmtree(directory)
    return (*sorted(files), *orphans.directories)


def _local_roots(butler: Butler) -> Iterator[str]:
    for root in butler.get_datastore_roots().values():
        if root is not None and root.isLocal:
            yield os.path.realpath(root.ospath)


def _store_roots(butler: Butler) -> Iterator[ResourcePath]:
    for root in butler.get_datastore_roots().values():
        if root is not None and not root.isLocal:
            yield root


def _objects(root: ResourcePath, run: str) -> Iterator[str]:
    with suppress(NotImplementedError):  # a store that cannot list objects
        for directory, _, names in root.join(run, forceDirectory=True).walk():
            yield from (str(directory.join(name, forceDirectory=False)) for name in names)


def _is_object(name: str) -> bool:
    return "://" in name  # no absolute path has two slashes


def _size(name: str) -> int:
    return int(ResourcePath(name).size()) if _is_object(name) else os.lstat(name).st_size


def _files(directory: str) -> Iterator[str]:
    # A link counts as a file and is never followed: it may lead out of the repository.
    for parent, _, names in os.walk(directory):
        for name in names:
            yield os.path.join(parent, name)


def _datasets(butler: Butler, collections: list[str]) -> Iterator[DatasetRef]:
    if not collections:
        return
    for dataset_type in butler.registry.queryDatasetTypes():
        with butler.query() as query:
            yield from query.datasets(dataset_type, collections, find_first=False)


def _dataset_files(butler: Butler, refs: Iterable[DatasetRef]) -> Iterator[str]:
    remaining = iter(refs)
    while chunk := list(islice(remaining, _CHUNK)):
        for locations in butler.get_many_uris(chunk, allow_missing=True).values():
            uris = [locations.primaryURI, *locations.componentURIs.values()]
            yield from (_file_name(uri) for uri in uris if uri is not None)


def _file_name(uri: ResourcePath) -> str:
    if not uri.isLocal:
        return str(uri)
    # The file may be a link into a bundle; links in its directory are resolved, as in `_local_roots`.
    return os.path.join(os.path.realpath(os.path.dirname(uri.ospath)), os.path.basename(uri.ospath))


def _remove_empty(directory: str, roots: Iterable[str]) -> None:
    """Remove a directory and those above it that are empty, below the roots."""
    with suppress(OSError):
        while not any(Path(root).is_relative_to(directory) for root in roots):
            os.rmdir(directory)
            directory = os.path.dirname(directory)
