"""Files and objects that killed imports have left in a repository, and to which nothing refers.

Only those that a journal of this importer names, and that are below the root of a datastore once links are resolved, are
ever removed. Others that lie where a release has its files are reported.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lsst.daf.butler import Butler, CollectionType, DatasetRef
from lsst.resources import ResourcePath

from curated.butler.datastores.stores import file_records
from curated.butler.repository.creation import abandoned_repositories
from curated.butler.repository.journal import Journal, JournalEntry
from curated.core.diagnostic import Problem

_CHUNK = 10_000
_TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{8}\Z")


@dataclass(frozen=True, slots=True)
class Orphans:
    """Files of a bundle that belong to no dataset, and unfinished repositories.

    Parameters
    ----------
    files : `tuple` [`str`]
        Files and objects that a journal names: absolute paths, or URIs.
    directories : `tuple` [`str`]
        Absolute paths of repositories that a journal names, whose creation was killed.
    size : `int`
        Total size of the files in bytes.
    foreign : `tuple` [`str`]
        Files, objects and unfinished repositories that no journal names.
    """

    files: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    size: int = 0
    foreign: tuple[str, ...] = ()

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

    def problems(self) -> list[Problem]:
        """Return what is to be said about them."""
        problems = [Problem("CAL641", (), str(self))] if self else []
        if self.foreign:
            number = len(self.foreign)
            detail = f"{number} file{'s' * (number > 1)}, such as {self.foreign[0]}, which no journal of an import names"
            problems.append(Problem("CAL642", (), detail))
        return problems


def find_orphans(
    butler: Butler,
    repository: str,
    runs: Iterable[str],
    paths: Collection[str],
    journal: Journal,
    *,
    stores: bool,
) -> Orphans:
    """Find what killed imports have left of a bundle.

    Parameters
    ----------
    repository : `str`
        Path or URI of the repository.
    runs : iterable [`str`]
        RUNs of the bundle.
    paths : collection [`str`]
        Files that are known to belong to datasets, or to the repository itself.
    journal : `Journal`
        What imports of this user into the repository were about to make.
    stores : `bool`
        Whether to look into object stores as well, which takes requests for each RUN.
    """
    runs = sorted(runs)
    entries = journal.read()
    journaled = {entry.name for entry in entries if entry.run in runs}
    local_roots = list(_local_roots(butler))
    files = {path for root in local_roots for run in runs for path in _files(root, run)}
    files |= {name for name in journaled if not _is_object(name) and os.path.lexists(name)}
    files = {_resolved(path) for path in files} - {_resolved(path) for path in paths}
    if stores:
        files |= {uri for root in _store_roots(butler) for run in runs for uri in _objects(root, run)}
    if files:
        existing_runs = sorted(set(runs) & set(butler.collections.query("*")))
        files -= set(_dataset_files(butler, _datasets(butler, existing_runs)))
    names = {name if _is_object(name) else _resolved(name) for name in journaled}
    own_files = sorted(
        name for name in files if _is_own(name, names) and _is_below(butler, name, local_roots)
    )
    directories = {entry.name: entry for entry in entries if entry.inode}
    abandoned = list(abandoned_repositories(repository))
    own_directories = [name for name in abandoned if name in directories and _is_same(directories[name])]
    foreign = sorted((files - set(own_files)) | (set(abandoned) - set(own_directories)))
    size = sum(_size(name) for name in own_files)
    return Orphans(tuple(own_files), tuple(own_directories), size, tuple(foreign))


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
        elif _is_below(butler, name, roots):
            os.unlink(name)
            _remove_empty(os.path.dirname(name), roots)
    for directory in orphans.directories:
        shutil.rmtree(directory)
    return (*sorted(files), *orphans.directories)


def close_journal(
    journal: Journal,
    runs: Iterable[str],
    orphans: Orphans,
    *,
    cleaned: bool,
    stores: bool,
    uploads: Collection[str],
) -> None:
    """Leave in a journal what is still there, after an import that ended.

    Parameters
    ----------
    runs : iterable [`str`]
        RUNs of the bundle; what a journal says of others stays.
    cleaned : `bool`
        Whether the orphans were removed.
    stores : `bool`
        Whether object stores were looked into; if not, what a journal says of other objects stays.
    uploads : collection [`str`]
        Objects that datasets refer to now.
    """
    if not journal.exists:
        return
    own_runs = set(runs)
    names = set() if cleaned else {*orphans.files, *orphans.directories}

    def remains(entry: JournalEntry) -> bool:
        if entry.run and entry.run not in own_runs:
            return True
        if not stores and _is_object(entry.name):
            return entry.name not in uploads
        return entry.name in names or _is_named_by(entry.name, names)

    journal.replace(filter(remains, journal.read()))


def _is_named_by(target: str, names: Iterable[str]) -> bool:
    resolved = target if _is_object(target) else _resolved(target)
    return any(_is_own(name, {resolved}) for name in names)


def _is_own(name: str, journaled: Collection[str]) -> bool:
    """Return whether a journal names a file, or the file that it is a temporary copy of."""
    if name in journaled:
        return True
    directory, base = os.path.split(name)
    match = _TEMPORARY.match(base)
    return match is not None and os.path.join(directory, match[1]) in journaled


def _is_below(butler: Butler, name: str, local_roots: Iterable[str]) -> bool:
    """Return whether a file is below the root of a datastore, once links in its path are resolved."""
    if _is_object(name):
        uri = ResourcePath(name, forceDirectory=False)
        return any(uri.relative_to(root) is not None for root in _store_roots(butler))
    directory = os.path.realpath(os.path.dirname(name))
    is_file = os.path.islink(name) or os.path.isfile(name)
    return is_file and any(Path(directory).is_relative_to(root) for root in local_roots)


def _is_same(entry: JournalEntry) -> bool:
    with suppress(OSError):
        status = os.lstat(entry.name)
        return (status.st_dev, status.st_ino) == (entry.device, entry.inode)
    return False


def _resolved(path: str) -> str:
    """Return the path of a file with the links of its directory resolved; the file may be one itself."""
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


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


def _files(root: str, run: str) -> Iterator[str]:
    directory = os.path.join(root, run)
    if not Path(os.path.realpath(directory)).is_relative_to(root):
        return
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
        for records in file_records(butler, chunk).values():
            yield from (_file_name(record.uri) for record in records)


def _file_name(uri: ResourcePath) -> str:
    if not uri.isLocal:
        return str(uri)
    return _resolved(uri.ospath)


def _remove_empty(directory: str, roots: Iterable[str]) -> None:
    """Remove a directory and those above it that are empty, below the roots."""
    with suppress(OSError):
        while not any(Path(root).is_relative_to(directory) for root in roots):
            os.rmdir(directory)
            directory = os.path.dirname(directory)
