"""Imports killed at random moments, and the state of a repository, to be compared with that of an undisturbed import."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curated.butler import import_bundle
from support.preloaded import shared_programs
from support.programs import python_command

# The command, which reports when everything is imported: a kill before that would not test anything.
_COMMAND = """
import importlib, os, pkgutil
import curated.butler, curated.cli
for package in (curated.butler, curated.cli):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
importlib.import_module("lsst.daf.butler.registry.databases.sqlite")
print("ready", os.getpid(), flush=True)
curated.cli.main.main()
"""


_LOCK = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR)
fcntl.flock(descriptor, fcntl.LOCK_EX)
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Have another process hold the lock of a file, as one does that is writing it."""
    process = subprocess.Popen(python_command(_LOCK, path), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    try:
        yield
    finally:
        process.communicate()


_KILL_AT = """
import os, signal, sys
event, count, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def hook(name, arguments):
    global count
    if name == event:
        count -= 1
        if count == 0:
            os.kill(os.getpid(), number)
sys.argv = ["curated", *sys.argv[4:]]
import curated.cli.main
sys.addaudithook(hook)
curated.cli.main.main()
"""


def run_and_kill(
    arguments: Sequence[str | Path], event: str, count: int, number: signal.Signals, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command that is sent a signal just before an operation of the system.

    Parameters
    ----------
    event : `str`
        Audit event of Python, such as ``os.rename``.
    count : `int`
        The signal is sent when the event occurs for this time.
    """
    command = (_KILL_AT, event, str(count), str(int(number)), *arguments)
    return shared_programs().run("python", *command, cwd=cwd, environment=os.environ)


@dataclass(frozen=True)
class Kill:
    """An import that was killed."""

    transfer: str
    moment: float
    """Seconds from the start of its work."""

    killed: bool
    """Whether it was still running at that moment."""

    stage: str
    """What it had done until then; see `progress`."""

    leftovers: int
    """Number of files and directories that it left."""

    removed: int
    """Number of those that the next import with ``--clean`` removed."""

    equal: bool
    """Whether that import led to the state of an undisturbed one."""


def state_of(repo: Path) -> dict[str, Any]:
    """Return the contents of a repository, with the records without files and the files without records."""
    from lsst.daf.butler import Butler, CollectionType

    butler = Butler.from_config(str(repo))
    datasets, certifications, hashes, recorded_paths, missing_files = [], [], {}, set(), []
    for dataset_type in butler.registry.queryDatasetTypes():
        refs = butler.query_datasets(dataset_type, "*", find_first=False, explain=False, limit=None)
        uris = butler.get_many_uris(refs, allow_missing=True)
        for ref in refs:
            datasets.append([dataset_type.name, str(ref.id), ref.run, sorted(ref.dataId.required.items())])
            uri = uris[ref].primaryURI if ref in uris else None
            if uri is None or not Path(uri.ospath).is_file():
                missing_files.append(str(ref.id))
            else:
                recorded_paths.add(uri.ospath)
                hashes[str(ref.id)] = hashlib.sha256(Path(uri.ospath).read_bytes()).hexdigest()
        certifications += [
            [association.collection, str(association.ref.id), association.timespan.nsec]
            for association in butler.registry.queryDatasetAssociations(
                dataset_type, "*", collectionTypes={CollectionType.CALIBRATION}
            )
        ]
    collections = [butler.collections.get_info(name) for name in butler.collections.query("*")]
    root = Path(next(iter(butler.get_datastore_roots().values())).ospath)
    files = [str(path) for path in root.rglob("*.fits*") if path.is_file()]
    return {
        "datasets": sorted(datasets),
        "certifications": sorted(certifications),
        "hashes": hashes,
        "records": sorted(
            [element, str(record.toDict())]
            for element in ("instrument", "detector", "physical_filter")
            for record in butler.registry.queryDimensionRecords(element)
        ),
        "collections": sorted([c.name, c.type.name, list(c.children), c.doc] for c in collections),
        "unrecorded files": sorted(path for path in files if path not in recorded_paths),
        "missing files": missing_files,
        "orphaned records": _count_orphaned_records(repo),
    }


def _count_orphaned_records(repo: Path) -> int:
    """Return the number of datastore records whose dataset does not exist; Butler has no query for them."""
    with closing(sqlite3.connect(f"file:{repo}/gen3.sqlite3?mode=ro", uri=True)) as database:
        table = "select 1 from sqlite_master where name = 'file_datastore_records'"
        if not database.execute(table).fetchone():
            return 0
        query = "select count(*) from file_datastore_records where dataset_id not in (select id from dataset)"
        (count,) = database.execute(query).fetchone()
        return int(count)


def start_import(bundle: Path, repo: Path, transfer: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start the command that imports a bundle, and return when it begins to work; its process has another number."""
    arguments = ("-q", "import", str(bundle), str(repo), "--transfer", transfer)
    command = shared_programs().command("python", _COMMAND, *arguments)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    word, number = process.stdout.readline().split()
    assert word == b"ready"
    return process, int(number)


def duration(bundle: Path, repo: Path, transfer: str) -> float:
    """Return how many seconds an undisturbed import works."""
    process, _ = start_import(bundle, repo, transfer)
    start = time.monotonic()
    process.communicate()
    assert process.returncode == 0
    return time.monotonic() - start


def kill_once(bundle: Path, place: Path, transfer: str, moment: float, clean_state: dict[str, Any]) -> Kill:
    """Kill an import, run it again, and compare the result with that of an undisturbed import.

    Parameters
    ----------
    bundle : `pathlib.Path`
        Directory of the bundle to import.
    place : `pathlib.Path`
        Directory for the repository; it is emptied first.
    transfer : `str`
        Transfer mode, such as ``copy``.
    moment : `float`
        Seconds from the start of its work until it is killed.
    clean_state : `dict`
        `state_of` a repository after an undisturbed import.
    """
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    repo = place / "repo"
    process, number = start_import(bundle, repo, transfer)
    try:
        process.wait(timeout=moment)
    except subprocess.TimeoutExpired:
        os.kill(number, signal.SIGKILL)
    process.communicate()
    killed = process.returncode == -signal.SIGKILL
    stage, leftovers = progress(place, repo)
    report = import_bundle(bundle, str(repo), transfer=transfer, clean=True)
    equal = report.ok and state_of(repo) == clean_state
    # A dry run looks at everything in the repository.
    again = import_bundle(bundle, str(repo), transfer=transfer, dry_run=True)
    unchanged = not again.changed and not again.diagnostics and not progress(place, repo)[1]
    return Kill(transfer, moment, killed, stage, leftovers, len(report.removed), equal and unchanged)


def progress(place: Path, repo: Path) -> tuple[str, int]:
    """Return the stage that an import had reached, and the number of files and directories that belong to nothing.

    The stages are ``before`` the repository was created, ``creating`` it in a temporary place, ``created`` without
    datasets, ``transaction`` with files and without datasets, ``stored`` with datasets and without a chain, ``done``.
    """
    temporary = len(list(place.glob("new-repository-*")))
    if not repo.exists():
        return ("creating" if temporary else "before"), temporary
    finish_rollback(repo)
    state = state_of(repo)
    assert not state["missing files"]
    assert not state["orphaned records"]
    leftovers = len(state["unrecorded files"]) + temporary
    if not state["datasets"]:
        return ("transaction" if leftovers else "created"), leftovers
    members = [
        member for _, kind, children, _ in state["collections"] if kind == "CHAINED" for member in children
    ]
    return ("done" if members else "stored"), leftovers


def finish_rollback(repo: Path) -> None:
    """Open a repository's database for writing, which undoes a commit that was killed half-way.

    SQLite refuses to read such a database from a program that must not write.
    """
    with closing(sqlite3.connect(repo / "gen3.sqlite3")) as database:
        database.execute("SELECT 1 FROM sqlite_master").fetchone()


def moments(seed: int, count: int, seconds: float) -> list[float]:
    """Return sorted random moments, uniformly distributed over a duration."""
    source = random.Random(seed)
    return sorted(source.uniform(0, seconds) for _ in range(count))
