"""Receipts of imports, by which the same import is known to change nothing without asking Butler.

After an import the repository has all of a bundle. A receipt, in the user's cache, holds the state of the SQLite
database at that time and the path of each file. While the database is in the same state, only the files have to be
looked at. SQLite counts the commits of a database in its header, so any change shows (docs/adr/0020).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from curated.bundle.contents import Contents, Entry
from curated.bundle.renaming import renamings_digest
from curated.bundle.verification import LARGE, sha256_of, spread
from curated.butler.importing.report import ImportReport, InstrumentReport
from curated.butler.importing.request import ImportRequest
from curated.butler.repository.journal import Journal
from curated.butler.repository.records import is_recorded
from curated.core.codes import Severity
from curated.core.diagnostic import CuratedError, Diagnostic
from curated.core.storage.disk import read_own
from curated.core.wholefile import write_whole

VERSION = 5
_MAX_BYTES = 1 << 30
CONFIG = "butler.yaml"

# Findings that the same import would have again; after any other there is something left to be done.
_LASTING = frozenset({"CAL621", "CAL640", "CAL644", "CAL646", "CAL656"})
# Findings about what this import did.
_PAST = frozenset({"CAL628", "CAL630", "CAL645", "CAL658", "CAL689"})


class DatabaseState(NamedTuple):
    """State of the file of an SQLite database, with the number of commits in its header."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    commits: int

    @classmethod
    def of(cls, database: str) -> DatabaseState | None:
        """Return the state of a database, or `None` if commits are pending or not counted."""
        if any(os.path.exists(database + suffix) for suffix in ("-journal", "-wal")):
            return None
        try:
            with open(database, "rb") as stream:
                header = stream.read(100)
                status = os.fstat(stream.fileno())
        except OSError:
            return None
        # Bytes 18 and 19 are 1 with a rollback journal; with a write-ahead log not all commits are counted.
        if len(header) < 100 or header[18:20] != b"\1\1":
            return None
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, _commits(header))


def commit_count(database: str) -> int:
    """Return the number of commits of an SQLite database, modulo 2**32."""
    with open(database, "rb") as stream:
        return _commits(stream.read(100))


def _commits(header: bytes) -> int:
    return int.from_bytes(header[24:28], "big")


@dataclass(frozen=True, slots=True)
class DatabaseSnapshot:
    """An SQLite database before an import.

    Parameters
    ----------
    database : `str`
        Path of the file.
    file : `tuple` [`int`, `int`] or `None`
        Device and inode, if there is a file.
    state : `DatabaseState` or `None`
        Its state, if that can be told.
    """

    database: str
    file: tuple[int, int] | None
    state: DatabaseState | None

    @classmethod
    def of(cls, database: str) -> DatabaseSnapshot:
        """Return the snapshot of a database."""
        return cls(database, _device_and_inode(database), DatabaseState.of(database))

    def require_same_file(self) -> None:
        """Raise an error if the database has been replaced by another file since."""
        if _device_and_inode(self.database) != self.file:
            raise CuratedError(
                f"the repository's database {self.database} was replaced while it was imported into",
                "find out what became of it, then run the import again",
            )

    def undisturbed_state(
        self, first_commit: int, commits: int, *, fresh: bool, changed: bool
    ) -> DatabaseState | None:
        """Return the state after an import, or `None` if another program may have changed the database meanwhile.

        Parameters
        ----------
        first_commit : `int`
            Number of commits at the start of the transaction, which kept others out.
        commits : `int`
            Number of commits of the import.
        fresh : `bool`
            Whether the repository had nothing of the bundle before.
        changed : `bool`
            Whether the import changed anything.
        """
        state = DatabaseState.of(self.database)
        if state is None:
            return None
        if fresh:
            undisturbed = state.commits - first_commit == commits
        else:
            undisturbed = not changed and state == self.state
        return state if undisturbed else None


def _device_and_inode(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptKey:
    """What an import depends on, beside the state of the repository; a receipt is valid for one key.

    Parameters
    ----------
    bundle, repo, label, transfer, chain, formatter, placement
        As in `ImportRequest`, but paths are absolute and the label is the one that is used.
    instruments : `str`
        The choices of the request, in order.
    manifest : `str`
        SHA-256 of the manifest.
    """

    bundle: str
    repo: str
    label: str
    transfer: str
    chain: bool
    formatter: str | None
    instruments: str
    manifest: str
    placement: list[str]
    version: int = field(default=VERSION, init=False)

    @property
    def path(self) -> Path:
        """Path of the receipt."""
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        place = [self.bundle, self.repo, self.label, self.transfer]
        options = [self.chain, self.placement, self.instruments, self.formatter]
        name = hashlib.sha256(orjson.dumps([*place, *options]))
        return Path(base, "curated", "imports", f"{name.hexdigest()[:32]}.json")


def receipt_key(request: ImportRequest, contents: Contents) -> ReceiptKey | None:
    """Return the key of an import, or `None` if the repository is on no local disk."""
    if not os.path.isfile(os.path.join(request.repo, CONFIG)):
        return None
    return ReceiptKey(
        bundle=os.path.abspath(contents.root),
        repo=os.path.abspath(request.repo),
        label=contents.label,
        transfer=request.transfer,
        chain=request.chain,
        formatter=request.formatter,
        instruments=" ".join(sorted(request.instruments)),
        manifest=contents.manifest_sha256,
        placement=request.placement,
    )


def write_receipt(
    request: ImportRequest,
    contents: Contents,
    report: ImportReport,
    database: str,
    state: DatabaseState,
    paths: Mapping[str, str],
) -> None:
    """Write the receipt of an import, unless the same import would find something to do.

    Parameters
    ----------
    database : `str`
        Path of the SQLite database.
    state : `DatabaseState`
        State of the database after the import.
    paths : `dict` [`str`, `str`]
        Local files of the repository, by UUID of the dataset.
    """
    key = receipt_key(request, contents)
    if key is None or any(entry.uuid not in paths for entry in contents.entries):
        return
    if any(diagnostic.code not in _LASTING | _PAST for diagnostic in report.diagnostics):
        return
    receipt = {
        "key": asdict(key),
        "renamings": renamings_digest(contents.renamings),
        "config": _config_state(key.repo),
        "database": database,
        "state": list(state),
        "files": [paths[entry.uuid] for entry in contents.entries],
        "instruments": [asdict(_repeated(instrument)) for instrument in report.instruments],
        "diagnostics": [asdict(d) for d in report.diagnostics if d.code in _LASTING],
    }
    # Without a receipt the next import asks Butler.
    with suppress(OSError):
        key.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(key.path, [orjson.dumps(receipt)], durable=False, mode=0o600, follow=False)


def read_receipt(request: ImportRequest, contents: Contents) -> ImportReport | None:
    """Return the report of an import that would change nothing, or `None` if Butler has to be asked.

    Parameters
    ----------
    contents : `Contents`
        The bundle, whose files have been verified.
    """
    key = receipt_key(request, contents)
    if key is None:
        return None
    try:
        receipt = orjson.loads(read_own(key.path, _MAX_BYTES))
        state = DatabaseState(*receipt["state"])
        if receipt["key"] != asdict(key) or receipt["config"] != _config_state(key.repo):
            return None
        if not is_recorded(key.repo, key.label, key.manifest, receipt["renamings"]):
            return None
        if DatabaseState.of(receipt["database"]) != state or _may_have_leftovers(key.repo):
            return None
        if not _files_are_good(contents, receipt["files"]):
            return None
        return replace(
            ImportReport.of(request, contents),
            planned=True,
            instruments=tuple(_instrument_report(values) for values in receipt["instruments"]),
            diagnostics=tuple(_diagnostic(values) for values in receipt["diagnostics"]),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None  # whatever else it is, it is no receipt of this version


def _config_state(repo: str) -> list[int]:
    status = os.stat(os.path.join(repo, CONFIG))
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns]


def _may_have_leftovers(repo: str) -> bool:
    """Return whether an import, or the creation of a repository beside this one, may have been killed."""
    if Journal.of(os.path.realpath(repo)).exists:
        return True
    with os.scandir(os.path.dirname(repo)) as entries:
        return any(entry.name.startswith("new-repository-") for entry in entries)


def _files_are_good(contents: Contents, paths: Sequence[str]) -> bool:
    """Return whether a repository has a bundle's files, and no others beside them."""
    pairs = list(zip(contents.entries, paths, strict=True))
    root = str(contents.root)
    results = spread(pairs, lambda pair: pair[0].size >= LARGE, lambda pair: _is_good(root, *pair))
    return all(is_good for _, is_good in results) and not _has_other_files(root, paths)


def _is_good(root: str, entry: Entry, path: str) -> bool:
    return os.path.samefile(os.path.join(root, entry.path), path) or sha256_of(path) == (
        entry.size,
        entry.sha256,
    )


def _has_other_files(root: str, paths: Sequence[str]) -> bool:
    """Return whether other files are in the directories of a repository's files, outside of the bundle."""
    expected_paths, bundle = set(paths), Path(os.path.realpath(root))
    return any(
        os.path.join(directory, name) not in expected_paths
        for directory in {os.path.dirname(path) for path in paths}
        if not Path(os.path.realpath(directory)).is_relative_to(bundle)
        for name in os.listdir(directory)
    )


def _repeated(report: InstrumentReport) -> InstrumentReport:
    """Return the report of the same import at the next time."""
    return replace(
        report,
        datasets_new=0,
        datasets_present=report.datasets_new + report.datasets_present,
        datasets_restored=0,
        certifications_new=0,
        certifications_present=report.certifications_new + report.certifications_present,
        records_new=0,
        records_equal=report.records_new + report.records_equal,
        columns=(),
        chain_before=report.chain_after,
        lookups=None,
    )


def _instrument_report(values: Mapping[str, Any]) -> InstrumentReport:
    fields: Any = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
    return InstrumentReport(**fields)


def _diagnostic(values: Mapping[str, Any]) -> Diagnostic:
    return Diagnostic(
        **{**values, "severity": Severity(values["severity"]), "pointer": tuple(values["pointer"])}
    )
