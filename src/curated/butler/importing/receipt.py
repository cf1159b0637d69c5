"""What an import remembers, so that the same one is known to change nothing without asking Butler.

An import that has left a repository with all of a bundle notes which state of the SQLite database that was, and where
each file is. As long as the database is in the very same state, only the files have to be looked at. SQLite counts the
commits of a database in its header: whatever anybody changes, the count says so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from curated.bundle.contents import Contents, Entry
from curated.bundle.verification import LARGE, sha256_of, spread
from curated.butler.importing.report import ImportReport, InstrumentReport
from curated.core.codes import Severity
from curated.core.diagnostic import CuratedError, Diagnostic
from curated.core.wholefile import write_whole

VERSION = 1
CONFIG = "butler.yaml"

# Findings that the same import would have again; with any other there is something left to be done.
_LASTING = frozenset({"CAL621", "CAL640"})


def state_of(database: str) -> list[int] | None:
    """Return what identifies the state of an SQLite database; nothing where that cannot be told.

    Parameters
    ----------
    database : `str`
        Path of its file.
    """
    if any(os.path.exists(database + suffix) for suffix in ("-journal", "-wal")):
        return None
    try:
        with open(database, "rb") as stream:
            header = stream.read(100)
            status = os.fstat(stream.fileno())
    except OSError:
        return None
    # Bytes 18 and 19: one where there is a journal for each transaction, which alone keeps the count.
    if len(header) < 100 or header[18:20] != b"\1\1":
        return None
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, _count(header)]


def commits_of(database: str) -> int:
    """Return how often an SQLite database has been changed."""
    with open(database, "rb") as stream:
        return _count(stream.read(100))


def _file(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _count(header: bytes) -> int:
    return int.from_bytes(header[24:28], "big")


@dataclass(slots=True)
class Witness:
    """Whether an import was the only one that changed the database while it looked and wrote.

    Parameters
    ----------
    database : `str`, optional
        The SQLite database's file; there is no telling of others.
    """

    database: str | None
    looked: list[int] | None = None
    file: tuple[int, int] | None = None
    begun: int = 0
    commits: int = 0

    def look(self) -> None:
        """Note the state before the repository is asked."""
        if self.database is not None:
            self.looked = state_of(self.database)
            self.file = _file(self.database)

    def check(self) -> None:
        """Raise `CuratedError` if the database has been taken away while it was written to."""
        if self.database is not None and _file(self.database) != self.file:
            raise CuratedError(
                f"the repository's database {self.database} was replaced while it was imported into",
                "find out what became of it, then run the import again",
            )

    def begin(self) -> None:
        """Note the state at the start of the transaction, which keeps others out."""
        if self.database is not None:
            self.begun = commits_of(self.database)

    def state(self, *, fresh: bool, changed: bool) -> list[int] | None:
        """Return the state of the database if it is known to hold what the import was about.

        Parameters
        ----------
        fresh : `bool`
            Whether the repository had nothing of the bundle before.
        changed : `bool`
            Whether the import changed anything.
        """
        now = None if self.database is None else state_of(self.database)
        if now is None:
            return None
        alone = now[-1] - self.begun == self.commits if fresh else not changed and now == self.looked
        return now if alone else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for; a receipt answers one question.

    Parameters
    ----------
    bundle, repo, label, transfer : `str`
        As given to the import; paths are absolute.
    chain : `bool`
        Whether the chains are changed.
    manifest : `str`
        SHA-256 of the manifest.
    """

    bundle: str
    repo: str
    label: str
    transfer: str
    chain: bool
    manifest: str
    version: int = field(default=VERSION, init=False)

    @property
    def path(self) -> Path:
        """Where the receipt is."""
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        name = hashlib.sha256(orjson.dumps([self.bundle, self.repo, self.label, self.transfer, self.chain]))
        return Path(base, "curated", "imports", f"{name.hexdigest()[:32]}.json")


def write_receipt(
    question: Question,
    report: ImportReport,
    database: str,
    state: list[int],
    files: Mapping[str, str],
    contents: Contents,
) -> None:
    """Note that a repository has all of a bundle.

    Parameters
    ----------
    question : `Question`
        What was asked for.
    report : `ImportReport`
        What was done.
    database : `str`
        The database's file.
    state : `list`
        Its state.
    files : `dict`
        Where the files are, by UUID.
    contents : `Contents`
        The bundle.
    """
    if any(entry.uuid not in files for entry in contents.entries):
        return
    if any(d.code not in _LASTING and d.code not in ("CAL628", "CAL630") for d in report.diagnostics):
        return
    value = {
        "question": asdict(question),
        "config": _config_state(question.repo),
        "database": database,
        "state": state,
        "files": [files[entry.uuid] for entry in contents.entries],
        "instruments": [asdict(_again(one)) for one in report.instruments],
        "diagnostics": [asdict(d) for d in report.diagnostics if d.code in _LASTING],
    }
    # A receipt is a convenience: without one the next import asks Butler.
    with suppress(OSError):
        question.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(question.path, [orjson.dumps(value)], durable=False)


def remembered(question: Question, contents: Contents, report: ImportReport) -> ImportReport | None:
    """Return the report of an import that has nothing to do; nothing if Butler has to be asked.

    The bundle's files have been verified.

    Parameters
    ----------
    question : `Question`
        What is asked for.
    contents : `Contents`
        The bundle.
    report : `ImportReport`
        What is known without the repository.
    """
    try:
        value = orjson.loads(question.path.read_bytes())
        same = value["question"] == asdict(question) and value["config"] == _config_state(question.repo)
        if not same or value["state"] is None or state_of(value["database"]) != value["state"]:
            return None
        if _left(question.repo) or not _files_good(contents, value["files"]):
            return None
        return replace(
            report,
            planned=True,
            instruments=tuple(_instrument(one) for one in value["instruments"]),
            diagnostics=tuple(_diagnostic(one) for one in value["diagnostics"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _config_state(repo: str) -> list[int]:
    status = os.stat(os.path.join(repo, CONFIG))
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns]


def _left(repo: str) -> bool:
    """Whether the creation of a repository may have been killed; Butler's part tells for sure."""
    with os.scandir(os.path.dirname(repo)) as entries:
        return any(entry.name.startswith("new-repository-") for entry in entries)


def _files_good(contents: Contents, files: list[str]) -> bool:
    pairs = list(zip(contents.entries, files, strict=True))
    root = str(contents.root)
    results = spread(pairs, lambda pair: pair[0].size >= LARGE, lambda pair: _good(root, *pair))
    return all(good for _, good in results) and not _beside(root, files)


def _good(root: str, entry: Entry, path: str) -> bool:
    return os.path.samefile(os.path.join(root, entry.path), path) or sha256_of(path) == (
        entry.size,
        entry.sha256,
    )


def _beside(root: str, files: list[str]) -> bool:
    """Whether something is in the directories of the repository's files that is none of them."""
    known, inside = set(files), Path(os.path.realpath(root))
    return any(
        os.path.join(directory, name) not in known
        for directory in {os.path.dirname(path) for path in files}
        if not Path(os.path.realpath(directory)).is_relative_to(inside)
        for name in os.listdir(directory)
    )


def _again(one: InstrumentReport) -> InstrumentReport:
    return replace(
        one,
        datasets_new=0,
        datasets_present=one.datasets_new + one.datasets_present,
        datasets_restored=0,
        certifications_new=0,
        certifications_present=one.certifications_new + one.certifications_present,
        records_new=0,
        records_equal=one.records_new + one.records_equal,
        chain_before=one.chain_after,
    )


def _instrument(values: dict[str, Any]) -> InstrumentReport:
    plain: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return InstrumentReport(**plain)


def _diagnostic(values: dict[str, Any]) -> Diagnostic:
    return Diagnostic(
        **{**values, "severity": Severity(values["severity"]), "pointer": tuple(values["pointer"])}
    )
