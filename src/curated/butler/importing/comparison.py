"""What a repository has of a bundle already: the same files, others, or none."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from lsst.daf.butler import Butler
from lsst.resources import ResourcePath

from curated.bundle.contents import Entry
from curated.bundle.verification import LARGE, sha256_of, spread
from curated.butler.importing.plan import Plan
from curated.butler.repository.files import content_of, object_state


def compare_files(butler: Butler, plan: Plan) -> None:
    """Hold the files of datasets that a repository has already against a bundle's.

    Parameters
    ----------
    butler : `lsst.daf.butler.Butler`
        The repository.
    plan : `Plan`
        What the import does; what is lost, taken or to be ingested again is added to it.
    """
    if not plan.present:
        # Not only to save time: a datastore that has never been written to cannot be asked.
        return
    # A UUID does not see the content: a label that was used twice shows only here.
    entries = {e.uuid: e for e in plan.contents.entries if e.uuid in plan.present}
    uris = butler.get_many_uris(plan.present.values(), allow_missing=True)
    places = {str(ref.id): found.primaryURI for ref, found in uris.items()}
    for entry in (entry for uuid, entry in entries.items() if uuid not in places):
        if entry.is_reference:
            plan.find(entry.place, "CAL681", f"{entry}: the repository knows of no file")
        else:
            plan.ingest.append(entry)
    pairs = [(entries[uuid], uri) for uuid, uri in places.items() if uri is not None]
    plan.files.update((entry.uuid, uri.ospath) for entry, uri in pairs if uri.isLocal)
    roots = [root for root in butler.get_datastore_roots().values() if root is not None]
    compare = partial(_state, str(plan.contents.root))
    for (entry, uri), state in spread(
        pairs, lambda pair: not pair[1].isLocal or pair[0].size >= LARGE, compare
    ):
        if state == "differs":
            plan.taken.append(entry)
            plan.find(entry.place, "CAL625", f"{entry} has another content in run {entry.run}")
        elif state == "missing" and entry.is_reference:
            plan.find(entry.place, "CAL681", f"{entry}: {uri} is gone")
        elif state == "missing" and not _within(uri, roots):
            plan.find(entry.place, "CAL631", f"{entry} refers to {uri}, which is gone")
        elif state == "missing":
            plan.find(entry.place, "CAL630", f"{entry}: {uri} is gone")
            plan.lost.append((entry, uri))


def _state(root: str, pair: tuple[Entry, ResourcePath]) -> str:
    entry, uri = pair
    try:
        if not entry.sha256:
            return "same" if content_of(uri) == entry.content else "differs"
        if not uri.isLocal:
            # Another machine's file is not worth reading whole.
            return object_state(uri, entry.size, None if entry.is_reference else Path(root, entry.path))
        if entry.is_reference:
            # It was verified when it came; its size has to do.
            same = uri.size() == entry.size
        else:
            # What is the bundle's own file has been verified.
            same = _same_file(os.path.join(root, entry.path), uri.ospath) or (
                sha256_of(uri.ospath) == (entry.size, entry.sha256)
            )
    except FileNotFoundError:
        return "missing"
    return "same" if same else "differs"


def _same_file(ours: str, theirs: str) -> bool:
    try:
        return os.path.samefile(ours, theirs)
    except FileNotFoundError:
        # An import by moving has taken ours away, or theirs is lost.
        return False


def _within(uri: ResourcePath, roots: Iterable[ResourcePath]) -> bool:
    return any(uri.relative_to(root) is not None for root in roots)
