"""Repositories on servers: their configurations, what readers see in them, and what the servers do meanwhile."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from curated.butler import open_repository
from support.repositories import DATASET_TYPES
from support.servers import Postgres, Store

_CERTIFICATIONS = (
    "SELECT tablename FROM pg_tables WHERE tablename LIKE 'dataset_calibs_%' AND schemaname = '{}'"
)


def write_seed(path: Path, db: str, namespace: str | None = None) -> Path:
    """Write a seed configuration, as a site would."""
    schema = f"  namespace: {namespace}\n" if namespace else ""
    path.write_text(f"registry:\n  db: {db}\n{schema}")
    return path


def repository_contents(repo: str) -> dict[str, Any]:
    """All that a reader can see in a repository: datasets and their files, certifications, chains."""
    with closing(open_repository(repo)) as butler:
        return _content(butler)


def _content(butler: Any) -> dict[str, Any]:
    names = {kind.name for kind in butler.registry.queryDatasetTypes()}
    content: dict[str, Any] = {"datasets": {}, "certified": set()}
    for name in sorted(names & DATASET_TYPES.keys()):
        refs = butler.query_datasets(name, "*", find_first=False, explain=False)
        records = butler._datastore.export_records(refs)
        infos = {
            i: info for r in records.values() for i, kinds in r.records.items() for info in kinds.values()
        }
        for ref in refs:
            (info,) = infos[ref.id]
            file = (info.path, info.file_size, info.checksum, butler.getURI(ref).read())
            content["datasets"][str(ref.id)] = (name, str(ref.dataId), ref.run, *file)
        for association in butler.registry.queryDatasetAssociations(name, "*"):
            if association.timespan is not None:
                certification = (association.collection, str(association.ref.id), association.timespan.nsec)
                content["certified"].add(certification)
    collections = butler.collections.query_info("*", include_doc=True)
    content["chains"] = {c.name: c.children for c in collections if c.type.name == "CHAINED"}
    content["instruments"] = [
        str(r.toDict()) for r in butler.query_dimension_records("detector", explain=False)
    ]
    return content


def nothing_to_see(repo: str) -> bool:
    """Whether readers see nothing in a repository."""
    content = repository_contents(repo)
    return not any(content[name] for name in ("datasets", "certified", "chains", "instruments"))


def look_up(repo: str, utc: str) -> Any:
    """The defects of detector 1 at a time."""
    from astropy.time import Time
    from lsst.daf.butler import Timespan

    moment = Timespan.fromInstant(Time(utc, scale="utc").tai)
    with closing(open_repository(repo, collections="Lab/calib")) as butler:
        return butler.get("defects", instrument="Lab", detector=1, timespan=moment)


@contextmanager
def requests(store: Store) -> Iterator[list[str]]:
    """The methods of the requests that a block makes for FITS files."""
    methods: list[str] = []
    number = len(store.requests())
    yield methods
    methods += [method for method, path in store.requests()[number:] if path.endswith(".fits")]


@contextmanager
def server_lock(postgres: Postgres, schema: str, process: subprocess.Popen[str]) -> Iterator[int]:
    """Hold an import where it certifies, and yield the number of the server's process that works for it.

    Nobody else can write into the tables of certifications until the block ends.
    """
    with postgres.connect(postgres.shared) as connection:
        tables = [row[0] for row in connection.execute(_CERTIFICATIONS.format(schema)).fetchall()]
        assert tables
        connection.autocommit = False
        for table in tables:
            connection.execute(f"LOCK TABLE {schema}.{table} IN SHARE MODE")
        yield wait_for_lock(postgres, "relation", process)
        connection.rollback()


def wait_for_lock(postgres: Postgres, kind: str, process: subprocess.Popen[str]) -> int:
    """Wait until a process waits for a lock, and return the number of the server's process that works for it."""
    query = f"SELECT pid FROM pg_stat_activity WHERE datname = '{postgres.shared}' AND wait_event = '{kind}'"
    deadline = time.monotonic() + 60
    while not (rows := postgres.run(query)):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(process.communicate())
        time.sleep(0.05)
    return int(rows[0][0])
