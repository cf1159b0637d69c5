"""Imports that are killed at random moments of the real command, and what a repository holds, to be compared."""

from __future__ import annotations

import hashlib
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curated.butler import import_bundle
from support import programs


@dataclass(frozen=True)
class Kill:
    """One import that was killed, and what was there afterwards."""

    transfer: str
    moment: float
    killed: bool
    stage: str
    left: int
    cleaned: int
    equal: bool


def command(bundle: Path, repo: Path, *options: str) -> list[str]:
    """The command line of an import."""
    return programs.command("-q", "import", bundle, repo, *options)


def state_of(repo: Path) -> dict[str, Any]:
    """All that matters of a repository: what is in force, rows without files, and files without rows."""
    from lsst.daf.butler import Butler, CollectionType

    butler = Butler.from_config(str(repo))
    datasets, certifications, files, recorded_paths, refs_without_file = [], [], {}, set(), []
    for dataset_type in butler.registry.queryDatasetTypes():
        refs = butler.query_datasets(dataset_type, "*", find_first=False, explain=False, limit=None)
        uris = butler.get_many_uris(refs, allow_missing=True)
        for ref in refs:
            datasets.append([dataset_type.name, str(ref.id), ref.run, sorted(ref.dataId.required.items())])
            uri = uris[ref].primaryURI if ref in uris else None
            if uri is None or not Path(uri.ospath).is_file():
                refs_without_file.append(str(ref.id))
            else:
                recorded_paths.add(uri.ospath)
                files[str(ref.id)] = hashlib.sha256(Path(uri.ospath).read_bytes()).hexdigest()
        certifications += [
            [association.collection, str(association.ref.id), association.timespan.nsec]
            for association in butler.registry.queryDatasetAssociations(
                dataset_type, "*", collectionTypes={CollectionType.CALIBRATION}
            )
        ]
    collections = [butler.collections.get_info(name) for name in butler.collections.query("*")]
    root = next(iter(butler.get_datastore_roots().values())).ospath
    with closing(sqlite3.connect(f"file:{repo}/gen3.sqlite3?mode=ro", uri=True)) as database:
        # Records of the datastore whose dataset is gone: Butler has no question for that.
        orphaned_records = 0
        if database.execute("select 1 from sqlite_master where name = 'file_datastore_records'").fetchone():
            query = (
                "select count(*) from file_datastore_records where dataset_id not in (select id from dataset)"
            )
            orphaned_records = database.execute(query).fetchone()[0]
    return {
        "datasets": sorted(datasets),
        "certifications": sorted(certifications),
        "files": files,
        "records": sorted(
            [element, str(record.toDict())]
            for element in ("instrument", "detector", "physical_filter")
            for record in butler.registry.queryDimensionRecords(element)
        ),
        "collections": sorted([i.name, i.type.name, list(i.children), i.doc] for i in collections),
        "left": sorted(
            str(p) for p in Path(root).rglob("*.fits*") if p.is_file() and str(p) not in recorded_paths
        ),
        "without file": refs_without_file,
        "without row": orphaned_records,
    }


def duration(bundle: Path, repo: Path, transfer: str) -> float:
    """How long one clean import takes, by the real command."""
    line = command(bundle, repo, "--transfer", transfer)
    start = time.monotonic()
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def kill_once(bundle: Path, place: Path, transfer: str, moment: float, wanted: dict[str, Any]) -> Kill:
    """Kill one import after so many seconds, look, import again and compare with what a clean import makes.

    Parameters
    ----------
    bundle : `pathlib.Path`
        The bundle.
    place : `pathlib.Path`
        Directory for the repository, emptied first.
    transfer : `str`
        How files are transferred.
    moment : `float`
        Seconds from the start of the process.
    wanted : `dict`
        `state_of` a repository that one clean import made.
    """
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    repo = place / "repo"
    line = command(bundle, repo, "--transfer", transfer)
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=moment)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    # Its output ends when the program has: what is looked at, and taken away, is nobody's any more.
    process.communicate()
    killed = process.returncode == -signal.SIGKILL
    stage, left = look(place, repo)
    report = import_bundle(bundle, str(repo), transfer=transfer, clean=True)
    equal = report.ok and state_of(repo) == wanted
    # A dry run asks Butler, whatever an import remembers.
    again = import_bundle(bundle, str(repo), transfer=transfer, dry_run=True)
    nothing = not again.changed and not again.diagnostics and not look(place, repo)[1]
    return Kill(transfer, moment, killed, stage, left, len(report.removed), equal and nothing)


def look(place: Path, repo: Path) -> tuple[str, int]:
    """How far an import had come, and how many files and directories belong to nothing."""
    staging = len(list(place.glob("new-repository-*")))
    if not repo.exists():
        return ("creating" if staging else "before"), staging
    finish_rollback(repo)
    state = state_of(repo)
    assert not state["without file"]
    assert not state["without row"]
    left = len(state["left"]) + staging
    if not state["datasets"]:
        return ("transaction" if left else "created"), left
    children = [
        child for _, kind, members, _ in state["collections"] if kind == "CHAINED" for child in members
    ]
    return ("done" if children else "stored"), left


def finish_rollback(repo: Path) -> None:
    """Open a repository's database for writing, which undoes a commit that was killed half-way.

    SQLite refuses to read such a database from a program that must not write.
    """
    with closing(sqlite3.connect(repo / "gen3.sqlite3")) as database:
        database.execute("SELECT 1 FROM sqlite_master").fetchone()


def moments(seed: int, count: int, seconds: float) -> list[float]:
    """Moments spread evenly at random over a duration."""
    source = random.Random(seed)
    return sorted(source.uniform(0, seconds) for _ in range(count))
