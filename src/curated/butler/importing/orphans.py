"""What killed imports have left on disk or in an object store, and nothing refers to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lsst.daf.butler import Butler, CollectionType, DatasetRef
from lsst.resources import ResourcePath

from curated.butler.importing.plan import Plan
from curated.butler.repository.creation import abandoned_repositories

_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Orphans:
    """Files under the RUNs of a bundle that no dataset has, and unfinished repositories.

    Parameters
    ----------
    files : `tuple` [`str`]
        Absolute paths of files, or URIs of objects.
    directories : `tuple` [`str`]
        Absolute paths of repositories whose creation was killed.
    size : `int`
        Of the files, in bytes.
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
            many = len(self.directories)
            count = f"{many} unfinished repositor{'ies' if many > 1 else 'y'}"
            parts.append(f"{count}, such as {self.directories[0]}")
        return " and ".join(parts) + ", left by killed imports: nothing refers to it"


def find_orphans(butler: Butler, plan: Plan, repository: str, *, thoroughly: bool) -> Orphans:
    """Look for what killed imports have left of a bundle.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    plan : `Plan`
        What the import does, or has done.
    repository : `str`
        Path or URI of the repository.
    thoroughly : `bool`
        Whether to look into object stores as well, which takes a request for each RUN and more.
    """
    runs = sorted({entry.run for entry in plan.contents.entries})
    files = {path for root in _roots(butler) for run in runs for path in _files(os.path.join(root, run))}
    files -= set(plan.files.values())
    if thoroughly:
        files |= {name for root in _stores(butler) for run in runs for name in _objects(root, run)}
    if files:
        known = sorted(set(runs) & set(butler.collections.query("*")))
        files -= set(_named(butler, _datasets(butler, known)))
    size = sum(_size(path) for path in files)
    return Orphans(tuple(sorted(files)), tuple(abandoned_repositories(repository)), size)


def remove_orphans(butler: Butler, orphans: Orphans) -> tuple[str, ...]:
    """Remove what killed imports have left, and return what was removed.

    All datasets of the repository are asked first: a file may be named by one of another RUN.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository, which nobody else imports into.
    orphans : `Orphans`
        What was found.
    """
    files = set(orphans.files)
    if files:
        runs = butler.collections.query("*", collection_types={CollectionType.RUN})
        files -= set(_named(butler, _datasets(butler, list(runs))))
    roots = [*_roots(butler)]
    for path in sorted(files):
        if _is_object(path):
            ResourcePath(path).remove()
            continue
        os.unlink(path)
        _prune(os.path.dirname(path), roots)
    for directory in orphans.directories:
        shutil.rmtree(directory)
    return (*sorted(files), *orphans.directories)


def _roots(butler: Butler) -> Iterator[str]:
    for root in butler.get_datastore_roots().values():
        if root is not None and root.isLocal:
            yield os.path.realpath(root.ospath)


def _stores(butler: Butler) -> Iterator[ResourcePath]:
    for root in butler.get_datastore_roots().values():
        if root is not None and not root.isLocal:
            yield root


def _objects(root: ResourcePath, run: str) -> Iterator[str]:
    with suppress(NotImplementedError):  # a store that lists nothing
        for place, _, names in root.join(run, forceDirectory=True).walk():
            yield from (str(place.join(name, forceDirectory=False)) for name in names)


def _is_object(name: str) -> bool:
    return "://" in name  # no absolute path has two slashes


def _size(name: str) -> int:
    return int(ResourcePath(name).size()) if _is_object(name) else os.lstat(name).st_size


def _files(directory: str) -> Iterator[str]:
    # A link is looked at as a file, never followed: it may lead out of the repository.
    for place, _, names in os.walk(directory):
        for name in names:
            yield os.path.join(place, name)


def _datasets(butler: Butler, collections: list[str]) -> Iterator[DatasetRef]:
    if not collections:
        return
    for dataset_type in butler.registry.queryDatasetTypes():
        with butler.query() as query:
            yield from query.datasets(dataset_type, collections, find_first=False)


def _named(butler: Butler, refs: Iterable[DatasetRef]) -> Iterator[str]:
    remaining = iter(refs)
    while chunk := list(islice(remaining, _CHUNK)):
        for found in butler.get_many_uris(chunk, allow_missing=True).values():
            uris = [found.primaryURI, *found.componentURIs.values()]
            yield from (_path(uri) for uri in uris if uri is not None)


def _path(uri: ResourcePath) -> str:
    if not uri.isLocal:
        return str(uri)
    # The file itself may be a link into a bundle; its directory is looked at as `_roots` does.
    return os.path.join(os.path.realpath(os.path.dirname(uri.ospath)), os.path.basename(uri.ospath))


def _prune(directory: str, roots: Iterable[str]) -> None:
    with suppress(OSError):
        while not any(Path(root).is_relative_to(directory) for root in roots):
            os.rmdir(directory)
            directory = os.path.dirname(directory)
