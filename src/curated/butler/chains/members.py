"""Members of a chain, and which of them are releases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from lsst.daf.butler import Butler, CollectionInfo, CollectionType
from lsst.resources import ResourcePath

from curated.bundle.export_file import DOC
from curated.butler.chains.order import Chain
from curated.butler.repository.opening import collection_info
from curated.butler.repository.records import IMPORT_FILE, MOST_STATE, ImportRecord, local_records
from curated.core.ssh_signature import read_plain_file
from curated.datasets.names import is_label


def read_chain(butler: Butler, root: ResourcePath, name: str, instrument: str) -> Chain:
    """Read the members of a chain, and find out which of them are releases.

    Parameters
    ----------
    root : `lsst.resources.ResourcePath`
        Root of the repository, where imports are recorded.
    name : `str`
        Name of the chain; it need not exist.
    instrument : `str`
        Butler name of its instrument.
    """
    info = collection_info(butler, name)
    if info is None or info.type is not CollectionType.CHAINED:
        return Chain(name, None if info is None else info.type)
    members = tuple(info.children)
    infos = collection_infos(butler, members)
    flat = {}
    for member in members:
        # Butler describes an inner chain by its members, at whatever depth, and leaves itself out.
        flat[member] = (member,) if member in infos else tuple(collection_infos(butler, [member]))
    releases = frozenset(name for name, info in infos.items() if _is_release(info, instrument, root))
    return Chain(name, info.type, members, flat, releases)


def collection_infos(butler: Butler, names: Iterable[str]) -> dict[str, CollectionInfo]:
    """Return Butler's descriptions of collections in the order of lookups; of chains, those of their members."""
    names = list(names)
    if not names:
        return {}
    infos = butler.collections.query_info(names, flatten_chains=True, include_summary=True, include_doc=True)
    return {info.name: info for info in infos}


def _is_release(info: CollectionInfo, instrument: str, root: ResourcePath) -> bool:
    """Return whether a collection is a release of a package for an instrument.

    The names of collections and RUNs prove nothing, since the stack's own writer makes the same. What every way to
    bring a bundle into a repository writes is the documentation of the collection. Where that was changed, or the
    collection was there before, the record of the import remains.
    """
    prefix = f"{instrument}/calib/"
    label = info.name.removeprefix(prefix)
    if info.type is not CollectionType.CALIBRATION or label == info.name or not is_label(label):
        return False
    if (info.doc or "").startswith(DOC):
        return True
    instruments = (
        row["name"]
        for _, record in read_records(root, label)
        for row in record.dimensions.get("instrument", ())
        if "name" in row
    )
    return instrument in instruments


def read_records(root: ResourcePath, label: str) -> Iterator[tuple[Path, ImportRecord]]:
    """Yield what imports of a release recorded, and the directories that hold it; damaged records are left out."""
    with suppress(OSError), local_records(root, label) as directories:
        for directory in directories:
            with suppress(OSError, ValueError):
                record = ImportRecord.of(read_plain_file(directory / IMPORT_FILE, MOST_STATE))
                if record.label == label:
                    yield directory, record
