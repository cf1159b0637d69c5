"""Files put where a datastore would put them, several at a time, to be ingested in place.

Butler transfers files one after another and works out each name anew, which is most of the time of a large import.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from lsst.daf.butler import Butler, ButlerConfig
from lsst.daf.butler.registry import ConflictingDefinitionError
from lsst.resources import ResourcePath

from curated.bundle.contents import Entry
from curated.bundle.verification import THREADS, sha256_of
from curated.butler.importing.plan import Plan
from curated.butler.repository.files import FileNames, has_file_templates, local_uri
from curated.core.diagnostic import CuratedError
from curated.core.wholefile import replacing

_METHODS = ("copy", "hardlink")
# A thread's share; one file at a time costs more to hand over than to link.
_SHARE = 64
_BLOCK = 1 << 20


class Placement:
    """Where the files of an import go, and which of them are there by now.

    Parameters
    ----------
    names : `FileNames`
        What files are called there.
    plan : `Plan`
        What the import does.
    method : `str`
        ``copy`` or ``hardlink``.
    root : `lsst.resources.ResourcePath`
        The datastore's root.
    """

    def __init__(self, names: FileNames, plan: Plan, method: str, root: ResourcePath) -> None:
        self.names, self.plan, self.method, self.root = names, plan, method, root
        self.made: list[str] = []
        self.taken: set[str] = set()
        self.directories: set[str] = set()

    def put(self, entries: Sequence[Entry]) -> list[ResourcePath]:
        """Put the files of datasets into the datastore and return where they are.

        Parameters
        ----------
        entries : sequence [`Entry`]
            The datasets.
        """
        places = [self.names.name(entry, self.plan.ref(entry)) for entry in entries]
        for place in places:
            if place in self.taken:
                raise CuratedError(
                    f"the repository's file template gives two datasets the file {place}",
                    "add what tells them apart to the template in the repository's configuration",
                )
            self.taken.add(place)
        base = self.root.ospath
        for directory in {os.path.dirname(place) for place in places} - self.directories:
            os.makedirs(os.path.join(base, directory), exist_ok=True)
            self.directories.add(directory)
        files = [(entry, os.path.join(base, place)) for entry, place in zip(entries, places, strict=True)]
        shares = [files[n : n + _SHARE] for n in range(0, len(files), _SHARE)]
        self.plan.files.update((entry.uuid, target) for entry, target in files)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self._transfer, shares))
        return [local_uri(target) for _, target in files]

    def undo(self) -> None:
        """Take away what was put."""
        for path in self.made:
            with suppress(FileNotFoundError):
                os.unlink(path)
        for directory in sorted(self.directories, reverse=True):
            with suppress(OSError):
                os.removedirs(os.path.join(self.root.ospath, directory))

    def _transfer(self, files: Sequence[tuple[Entry, str]]) -> None:
        root = os.fspath(self.plan.contents.root)
        for entry, target in files:
            source = os.path.join(root, entry.path)
            # What is behind a link is linked or copied; a directory that is one is followed by the system.
            if os.path.islink(source):
                source = os.path.realpath(source)
            try:
                self._make(source, target)
            except FileExistsError:
                # Of an import that was killed, or of one at the same time: not ours to take away later.
                if not self._good(entry, source, target):
                    with replacing(target) as temporary:
                        self._make(source, temporary)

    def _make(self, source: str, target: str) -> None:
        if self.method == "hardlink":
            os.link(source, target)
            self.made.append(target)
            return
        with open(target, "xb") as copy, open(source, "rb") as original:
            self.made.append(target)
            shutil.copyfileobj(original, copy, _BLOCK)

    def _good(self, entry: Entry, source: str, target: str) -> bool:
        # A link to the bundle is no copy: an edit of the bundle would be one of the repository.
        if os.path.samefile(source, target):
            return self.method == "hardlink"
        return sha256_of(target) == (entry.size, entry.sha256)


@contextmanager
def placement(butler: Butler, config: ButlerConfig, plan: Plan, method: str) -> Iterator[Placement | None]:
    """Yield a place for the files of an import, emptied again if it fails; nothing where Butler has to transfer them.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    config : `lsst.daf.butler.ButlerConfig`
        Its configuration.
    plan : `Plan`
        What the import does.
    method : `str`
        How files are transferred.
    """
    roots = list(butler.get_datastore_roots().values())
    root = roots[0] if len(roots) == 1 else None
    if method not in _METHODS or root is None or not root.isLocal or not has_file_templates(config):
        yield None
        return
    place = Placement(FileNames(config, butler), plan, method, root)
    try:
        yield place
    except ConflictingDefinitionError:
        # Another import has the same files, and may count on them.
        raise
    except BaseException:
        place.undo()
        raise
