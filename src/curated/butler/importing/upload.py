"""The files of a bundle into an object store: in parallel, and before anything is written to the database."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from lsst.daf.butler import Butler, ButlerConfig
from lsst.resources import ResourcePath

from curated.bundle.contents import Entry
from curated.bundle.verification import Progress, tracked
from curated.butler.importing.plan import Plan
from curated.butler.repository.files import FileNames, has_file_templates, object_state
from curated.core.diagnostic import CuratedError

Places = dict[str, ResourcePath]
"""Where objects are to be, or are, by the path of the file in the bundle."""

# As many as the connections that lsst.resources keeps open to a store.
_WORKERS = 10


def refuse_links(transfer: str, *roots: ResourcePath | None) -> None:
    """Refuse a transfer mode that the place of the files does not have, before anything is made or written.

    Parameters
    ----------
    transfer : `str`
        How files are to go into the repository.
    *roots : `lsst.resources.ResourcePath`, optional
        Where its files are.
    """
    for root in roots:
        if transfer in ("hardlink", "symlink") and root is not None and not root.isLocal:
            raise CuratedError(
                f"no {transfer} can lead into {root}",
                "use --transfer copy, which uploads, many files at a time",
            )


def upload_places(butler: Butler, config: ButlerConfig, plan: Plan, method: str) -> Places:
    """Work out where the files that a plan ingests belong in an object store.

    It is where Butler itself would copy them to: the repository's file templates say so.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    config : `lsst.daf.butler.ButlerConfig`
        Its configuration.
    plan : `Plan`
        What the import does; two datasets with one place are added to its findings.
    method : `str`
        How Butler is to transfer files.

    Returns
    -------
    places : `dict`
        Nothing for what Butler is left to do: everything on a local disk, in other modes, and where
        a repository has several datastores.
    """
    roots = list(butler.get_datastore_roots().values())
    (root,) = roots if len(roots) == 1 else (None,)
    if method != "copy" or root is None or root.isLocal or not has_file_templates(config):
        return {}
    names = FileNames(config, butler)
    places: Places = {}
    taken: dict[ResourcePath, Entry] = {}
    for entry in plan.ingest:
        place = root.join(names.name(entry, plan.ref(entry)), forceDirectory=False)
        if other := taken.get(place):
            plan.find(entry.path, "CAL650", f"{entry} and {other} of {other.path} would both be {place}")
        taken[place] = entry
        places[entry.path] = place
    return places


def upload(plan: Plan, places: Places, progress: Progress | None = None) -> Places:
    """Upload what a store lacks or has otherwise, and return the objects for Butler to take in where they are.

    A reader sees none of them before the database does. An object that an earlier import left is
    used if it is the same, and replaced if it is not: no dataset refers to it yet. Whatever fails for
    a while is repeated, by lsst.resources.

    Parameters
    ----------
    plan : `Plan`
        What the import does.
    places : `dict`
        What `upload_places` returned.
    progress : callable, optional
        Told the stage, how much is done, and how much there is.
    """
    entries = [entry for entry in plan.ingest if entry.path in places]
    done = _uploaded(plan.contents.root, entries, places)
    return dict(tracked("upload", len(entries), progress, done))


def _uploaded(root: Path, entries: Sequence[Entry], places: Places) -> Iterator[tuple[str, ResourcePath]]:
    pool = ThreadPoolExecutor(int(os.environ.get("LSST_RESOURCES_NUM_WORKERS") or _WORKERS))
    try:
        directories = {places[entry.path].dirname() for entry in entries}
        there = set().union(*pool.map(_listed, directories))

        def one(entry: Entry) -> tuple[str, ResourcePath]:
            place, source = places[entry.path], root / entry.path
            local = ResourcePath(str(source.absolute()), forceDirectory=False)
            if place not in there or object_state(place, entry.size, source) != "same":
                place.transfer_from(local, transfer="copy", overwrite=True, multithreaded=False)
            return entry.path, _known(place, local, entry.size)

        yield from pool.map(one, entries)
    finally:
        # After a failure, not the rest first.
        pool.shutdown(cancel_futures=True)


def _listed(directory: ResourcePath) -> set[ResourcePath]:
    # Mostly nothing is there, and a list is had for less than an answer about each. Not what is below.
    for _, _, names in directory.walk():
        return {directory.join(name, forceDirectory=False) for name in names}
    return set()


class _Uploaded:
    """An object of which all is known that Butler asks for when it takes a file in.

    Butler, told to copy it to where it is, finds it there. It would otherwise ask the store for
    the size of each, one after another, while its transaction is open.
    """

    # Butler takes size and checksum of a local file from that.
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
    return type("Uploaded", (_Uploaded, scheme), {})


def _known(place: ResourcePath, source: ResourcePath, size: int) -> ResourcePath:
    scheme: Any = type(place)
    made: ResourcePath = _class_for(scheme)(urlparse(place.geturl()), forceDirectory=False)
    vars(made).update(source=source, known_size=size)
    return made
