"""Records of imports: what was imported, kept in the repository itself, beside its configuration.

``curated-imports/<label>-<hash of the manifest>/``, with a hash of names at the end where the repository calls an
instrument or a filter otherwise than the bundle, holds copies of the bundle's manifest, hash list and signature, and
``import.json``: the label that was used, and formatters and dimension records as they were right after the import.
``curated-imports/state.json`` holds what curated changes later: chains, and ranges that were corrected.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from curated.bundle.manifest_json import LARGEST_MANIFEST
from curated.bundle.manifest_reader import MANIFEST_FILE
from curated.bundle.proof.signature import MAX_SUMS, SIGNATURE_FILE, SUMS_FILE
from curated.bundle.renaming import Renaming, renamings_digest, renamings_to_json
from curated.core.diagnostic import Diagnostic, Problem
from curated.core.regular_files import FileTree, UnsafeFileError
from curated.core.ssh_signature import MAX_SIGNATURE, read_plain_file
from curated.core.wholefile import write_whole

if TYPE_CHECKING:
    from lsst.daf.butler import Butler
    from lsst.resources import ResourcePath

    from curated.bundle.contents import Contents

DIRECTORY = "curated-imports"
IMPORT_FILE, STATE_FILE = "import.json", "state.json"
_FORMAT, _STATE_FORMAT, _VERSION = "curated-import-record", "curated-repository-state", 1
MOST_STATE = 1 << 28

Ranges = dict[str, list[tuple[int, int]]]
"""Ranges in TAI nanoseconds by the UUID of the dataset."""


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """What an import recorded beside the manifest.

    Parameters
    ----------
    label : `str`
        The release label that was used.
    manifest : `str`
        SHA-256 of the manifest.
    formatters : `dict` [`str`, `list` [`str`]]
        Names of the formatters of each dataset type.
    dimensions : `dict` [`str`, `list` [`dict`]]
        Dimension records of the release's instruments, by element.
    renamings : `dict` [`str`, `Renaming`]
        What the repository calls instruments of the bundle, by their names there; see `Contents.renamed`.
    """

    label: str
    manifest: str
    formatters: Mapping[str, Sequence[str]]
    dimensions: Mapping[str, Sequence[Mapping[str, Any]]]
    renamings: Mapping[str, Renaming] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of its directory."""
        return record_name(self.label, self.manifest, renamings_digest(self.renamings))

    def to_json(self) -> bytes:
        """Return the record as the text of its file."""
        values = {
            "format": _FORMAT,
            "version": _VERSION,
            "label": self.label,
            "manifest": self.manifest,
            "formatters": {name: list(formatters) for name, formatters in self.formatters.items()},
            "dimensions": {element: [dict(row) for row in rows] for element, rows in self.dimensions.items()},
        }
        if self.renamings:
            values["instruments"] = renamings_to_json(self.renamings)
        return _json(values)

    @classmethod
    def of(cls, data: bytes) -> ImportRecord:
        """Read a record.

        Raises
        ------
        ValueError
            If it is none.
        """
        try:
            values = json.loads(data)
            if values["format"] != _FORMAT or values["version"] != _VERSION:
                raise ValueError(f"not a {_FORMAT} of version {_VERSION}")
            record = cls(
                str(values["label"]),
                str(values["manifest"]),
                {name: [str(f) for f in formatters] for name, formatters in values["formatters"].items()},
                {e: [dict(row) for row in rows] for e, rows in values["dimensions"].items()},
                {old: Renaming.of(renaming) for old, renaming in values.get("instruments", {}).items()},
            )
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a {_FORMAT}") from error
        return record


@dataclass(frozen=True, slots=True)
class RepositoryState:
    """What curated changed in a repository last.

    Parameters
    ----------
    chains : `dict` [`str`, `list` [`str`]]
        Members of each chain.
    ranges : `dict` [`str`, `Ranges`]
        Ranges of the datasets that were corrected, by collection; none of one that lost its certification.
    """

    chains: dict[str, list[str]] = field(default_factory=dict)
    ranges: dict[str, Ranges] = field(default_factory=dict)

    @classmethod
    def of(cls, data: bytes) -> RepositoryState:
        """Read a state.

        Raises
        ------
        ValueError
            If it is none.
        """
        try:
            values = json.loads(data)
            if values["format"] != _STATE_FORMAT or values["version"] != _VERSION:
                raise ValueError(f"not a {_STATE_FORMAT} of version {_VERSION}")
            state = cls(
                {name: [str(member) for member in members] for name, members in values["chains"].items()},
                {
                    name: {uuid: [(int(b), int(e)) for b, e in spans] for uuid, spans in ranges.items()}
                    for name, ranges in values["ranges"].items()
                },
            )
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a {_STATE_FORMAT}") from error
        return state


def make_record(butler: Butler, contents: Contents) -> ImportRecord:
    """Return the record of an import that has just ended.

    Parameters
    ----------
    contents : `Contents`
        The bundle, under the label that was used.
    """
    from curated.butler.datastores.stores import file_records

    instruments = {target.instrument for target in contents.targets}
    # Formatters are chosen by dataset type and instrument, so that one dataset of each tells them all.
    uuids = {(entry.dataset_type, entry.instrument): entry.uuid for entry in contents.entries}
    refs = [butler.get_dataset(UUID(uuid)) for uuid in uuids.values()]
    records = file_records(butler, [ref for ref in refs if ref is not None])
    formatters: dict[str, list[str]] = {}
    for (name, _), uuid in uuids.items():
        formatters.setdefault(name, []).extend(record.info.formatter for record in records.get(uuid, ()))
    return ImportRecord(
        contents.label,
        contents.manifest_sha256,
        {name: sorted(set(names)) for name, names in formatters.items()},
        {element: dimension_rows(butler, element, instruments) for element in contents.records},
        contents.renamings,
    )


def dimension_rows(butler: Butler, element: str, instruments: Iterable[str]) -> list[dict[str, Any]]:
    """Return the dimension records of instruments as plain data that JSON can hold."""
    rows = []
    for name in sorted(instruments):
        for row in butler.query_dimension_records(element, instrument=name, explain=False, limit=None):
            items = row.toDict().items()
            rows.append({key: value for key, value in items if isinstance(value, (str, int, type(None)))})
    return rows


def _json(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, indent=1, sort_keys=True).encode() + b"\n"


def record_name(label: str, manifest: str, renamings: str = "") -> str:
    """Return the name of a record's directory, by the label that was used and the SHA-256 of the manifest.

    The result of `renamings_digest` follows, since a bundle may be imported under several names.
    """
    return f"{label}-{manifest[:16]}{'-' * bool(renamings)}{renamings}"


def is_recorded(repo: str, label: str, manifest: str, renamings: str = "") -> bool:
    """Return whether a repository on a local disk has the record of an import; see `record_name`."""
    return os.path.isfile(os.path.join(repo, DIRECTORY, record_name(label, manifest, renamings), IMPORT_FILE))


def write_record(root: ResourcePath, bundle: Path, record: ImportRecord) -> None:
    """Write the record of an import; nothing changes where it is there already.

    Parameters
    ----------
    root : `lsst.resources.ResourcePath`
        Root of the repository.
    bundle : `pathlib.Path`
        Directory of the bundle.

    Raises
    ------
    OSError
        If it cannot be written, or the bundle's manifest is not the one that was imported any more.
    """
    directory = root.join(DIRECTORY, forceDirectory=True).join(record.name, forceDirectory=True)
    with FileTree(bundle) as tree:
        manifest = tree.read(MANIFEST_FILE, LARGEST_MANIFEST)
        if hashlib.sha256(manifest).hexdigest() != record.manifest:
            raise OSError(errno.ESTALE, "the bundle's manifest was changed during the import")
        _write(directory, MANIFEST_FILE, manifest)
        # Nothing has looked at the signature of a bundle of which none is required.
        for name, largest in ((SUMS_FILE, MAX_SUMS), (SIGNATURE_FILE, MAX_SIGNATURE)):
            with suppress(FileNotFoundError, UnsafeFileError):
                _write(directory, name, tree.read(name, largest))
    # Last: the record is complete when this is there.
    _write(directory, IMPORT_FILE, record.to_json())


def update_state(
    root: ResourcePath,
    *,
    chains: Mapping[str, Iterable[str]] | None = None,
    ranges: Mapping[str, Ranges] | None = None,
    replace_damaged: bool = False,
) -> bool:
    """Record what was changed; the rest of the recorded state stays.

    Parameters
    ----------
    root : `lsst.resources.ResourcePath`
        Root of the repository.
    chains, ranges
        As in `RepositoryState`, for what was changed.
    replace_damaged : `bool`, optional
        Whether a state that cannot be read is written anew; only an import knows all chains of its release.

    Returns
    -------
    was_damaged : `bool`
        Whether a state that could not be read was replaced.

    Raises
    ------
    OSError
        If it cannot be written, or is damaged.
    """
    directory = root.join(DIRECTORY, forceDirectory=True)
    was_damaged = False
    try:
        state = RepositoryState.of(_read(directory, STATE_FILE))
    except FileNotFoundError:
        state = RepositoryState()
    except ValueError as error:
        if not replace_damaged:
            raise OSError(errno.EINVAL, f"{STATE_FILE} is damaged, and stays as it is") from error
        state, was_damaged = RepositoryState(), True
    values = {
        "format": _STATE_FORMAT,
        "version": _VERSION,
        "chains": state.chains | {name: list(members) for name, members in (chains or {}).items()},
        "ranges": state.ranges
        | {name: state.ranges.get(name, {}) | changed for name, changed in (ranges or {}).items()},
    }
    _write(directory, STATE_FILE, _json(values))
    return was_damaged


def state_findings(
    repo: str,
    *,
    chains: Mapping[str, Iterable[str]] | None = None,
    ranges: Mapping[str, Ranges] | None = None,
) -> list[Diagnostic]:
    """Record what was changed in a repository; return a finding if that cannot be written, since it is changed already.

    Parameters
    ----------
    repo : `str`
        Path, URI or alias of the repository.
    chains, ranges
        As in `update_state`.
    """
    from curated.butler.repository.opening import repository_root

    try:
        update_state(repository_root(repo), chains=chains, ranges=ranges)
    except OSError as error:
        text = f"the change could not be recorded: {error.strerror or error}"
        return [Diagnostic.from_problem(Problem("CAL698", (), text), repo)]
    return []


def read_state(root: ResourcePath) -> RepositoryState:
    """Return the recorded state of a repository.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is damaged.
    """
    return RepositoryState.of(_read(root.join(DIRECTORY, forceDirectory=True), STATE_FILE))


@contextmanager
def local_records(root: ResourcePath, label: str = "") -> Iterator[list[Path]]:
    """Yield the directories of the records of a repository, copied to this machine if they are in a store.

    Parameters
    ----------
    root : `lsst.resources.ResourcePath`
        Root of the repository.
    label : `str`, optional
        Label of the release whose records are wanted, and perhaps others that begin with it; all if not given.
    """
    directory = root.join(DIRECTORY, forceDirectory=True)
    start = f"{label}-" if label else ""
    if root.isLocal:
        top = Path(directory.ospath)
        yield sorted(path.parent for path in top.glob(f"{start}*/{IMPORT_FILE}"))
        return
    with tempfile.TemporaryDirectory(prefix="curated-") as temporary:
        for uri in directory.findFileResources([directory]):
            parts = (uri.relative_to(directory) or "").split("/")
            if len(parts) == 2 and ".." not in parts and parts[0].startswith(start):
                place = Path(temporary, *parts)
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(uri.read())
        yield sorted(path.parent for path in Path(temporary).glob(f"*/{IMPORT_FILE}"))


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a manifest.

    Raises
    ------
    OSError
        If it cannot be read, is no regular file, or is larger than a manifest can be.
    """
    with FileTree(path.parent) as tree, os.fdopen(tree.open(path.name), "rb") as stream:
        if os.fstat(stream.fileno()).st_size > LARGEST_MANIFEST:
            raise UnsafeFileError(f"has more than {LARGEST_MANIFEST} bytes", path.name)
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write(directory: ResourcePath, name: str, data: bytes) -> None:
    with suppress(FileNotFoundError, ValueError):
        if _read(directory, name) == data:
            return
    if directory.isLocal:
        os.makedirs(directory.ospath, exist_ok=True)
        path = os.path.join(directory.ospath, name)
        # What a link leads to is not the repository's.
        if os.path.islink(path):
            os.unlink(path)
        write_whole(path, [data])
    else:
        directory.join(name, forceDirectory=False).write(data, overwrite=True)


def _read(directory: ResourcePath, name: str) -> bytes:
    uri = directory.join(name, forceDirectory=False)
    # Who may write to the repository may have put a pipe or a link there.
    return read_plain_file(uri.ospath, MOST_STATE) if uri.isLocal else uri.read(MOST_STATE)
