"""Contents of datasets, as far as they are known without reading large files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from lsst.daf.butler import Butler
from lsst.resources import ResourcePath

from curated.bundle.contents import Contents, Entry, Target
from curated.bundle.manifest_json import read_pieces
from curated.bundle.manifest_reader import MANIFEST_FILE, entry_of
from curated.butler.chains.members import read_records
from curated.butler.repository.files import content_of
from curated.butler.repository.records import ImportRecord
from curated.core.diagnostic import CuratedError
from curated.core.regular_files import FileTree
from curated.datasets.record import Dataset

_MOST_FILES, _LARGEST_FILE = 200, 1 << 20
"""What is read of files that no record covers; more would take longer than the rest of an import's plan."""


def contents_of(
    butler: Butler, root: ResourcePath, datasets: Iterable[Dataset], bundle: Mapping[str, str]
) -> dict[str, str]:
    """Return hashes of datasets' values by UUID, without those that are not known.

    They are those of the bundles that were imported, as the repository's records of imports have them, and for other
    datasets, if they are few and small, of their files.

    Parameters
    ----------
    root : `lsst.resources.ResourcePath`
        Root of the repository.
    datasets : iterable [`Dataset`]
        Datasets with UUID and RUN.
    bundle : `dict` [`str`, `str`]
        Contents of the bundle's datasets, by UUID.
    """
    runs = {dataset.uuid: dataset.run for dataset in datasets}
    contents = {uuid: bundle[uuid] for uuid in runs.keys() & bundle.keys() if bundle[uuid]}
    for label in sorted({_label(run) for uuid, run in runs.items() if uuid not in contents} - {""}):
        for directory, record in read_records(root, label):
            contents |= _recorded_contents(directory, record, runs.keys() - contents.keys())
    return contents | _read_contents(butler, sorted(runs.keys() - contents.keys()))


def _label(run: str) -> str:
    """Return the label of the release to which a RUN may belong, after its name; empty if to none."""
    parts = run.split("/")
    return parts[2] if len(parts) > 3 and parts[1] == "calib" else ""


def _recorded_contents(directory: Path, record: ImportRecord, uuids: Collection[str]) -> dict[str, str]:
    """Return the contents that an imported manifest says, if it is still the one that was imported."""
    digest = hashlib.sha256()
    contents: dict[str, str] = {}
    with (
        # Whatever stands there instead of a manifest.
        suppress(OSError, ValueError, LookupError, TypeError, AttributeError, CuratedError),
        FileTree(directory) as tree,
        os.fdopen(tree.open(MANIFEST_FILE), "rb") as stream,
    ):
        head, datasets = read_pieces(stream, digest)
        entries = tuple(map(entry_of, datasets or ()))
        contents = {
            entry.uuid: entry.content for entry in _imported(head, entries, record) if entry.uuid in uuids
        }
    return contents if digest.hexdigest() == record.manifest else {}


def _imported(head: Any, entries: tuple[Entry, ...], record: ImportRecord) -> tuple[Entry, ...]:
    """Return the datasets of a manifest with the names and UUIDs under which they were imported."""
    label = head["repository"]["label"]
    if label == record.label and not record.renamings:
        return entries
    targets = tuple(
        Target(row["name"], row["collections"]["calibration"], row["collections"]["chain"])
        for row in head["instruments"]
    )
    contents = Contents(Path(), label, "", targets, kinds=(), records={}, entries=entries)
    return contents.relabelled(record.label).renamed(record.renamings).entries


def _read_contents(butler: Butler, uuids: Collection[str]) -> dict[str, str]:
    if not uuids or len(uuids) > _MOST_FILES:
        return {}
    refs = [ref for uuid in uuids if (ref := butler.get_dataset(UUID(uuid))) is not None]
    contents = {}
    for ref, location in butler.get_many_uris(refs, allow_missing=True).items():
        uri = location.primaryURI
        if uri is not None and uri.isLocal:
            # Whatever prevents it: the content is not known then.
            with suppress(OSError):
                if os.stat(uri.ospath).st_size <= _LARGEST_FILE:
                    contents[str(ref.id)] = content_of(uri)
    return contents
