"""Repositories on servers: their seed configurations and contents, and imports that kill themselves on the way."""

from __future__ import annotations

import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from curated.butler import open_repository
from support.programs import python_command
from support.repositories import STORAGE

# An import that kills itself, so that nothing is cleaned up, after a number of steps of a stage.
_IMPORT = """
import os, signal, sys
from curated.butler import import_bundle
bundle, repo, seed, stage, count = sys.argv[1:]
def die(now, done, total):
    if now == stage and done == int(count):
        os.kill(os.getpid(), signal.SIGKILL)
report = import_bundle(bundle, repo, seed_config=seed or None, progress=die)
print(sum(one.datasets_new for one in report.instruments), report.ok)
"""


def start(
    bundle: Path, repo: str, seed: Path | None = None, stage: str = "", count: int = 1
) -> subprocess.Popen[str]:
    """Start an import that kills itself after ``count`` steps of a stage; without a stage it runs to its end."""
    arguments = [str(bundle), repo, str(seed or ""), stage, str(count)]
    return subprocess.Popen(
        python_command(_IMPORT, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def write_seed(path: Path, db: str, namespace: str | None = None) -> Path:
    """Write a seed configuration like that of a site."""
    schema = f"  namespace: {namespace}\n" if namespace else ""
    path.write_text(f"registry:\n  db: {db}\n{schema}")
    return path


def everything(repo: str) -> dict[str, Any]:
    """Return everything that readers see in a repository: datasets and their files, certifications, chains."""
    with closing(open_repository(repo)) as butler:
        return _contents(butler)


def _contents(butler: Any) -> dict[str, Any]:
    dataset_types = {dataset_type.name for dataset_type in butler.registry.queryDatasetTypes()}
    contents: dict[str, Any] = {"datasets": {}, "certified": set()}
    for name in sorted(dataset_types & STORAGE.keys()):
        refs = butler.query_datasets(name, "*", find_first=False, explain=False)
        records = butler._datastore.export_records(refs)
        infos = {
            i: info for r in records.values() for i, kinds in r.records.items() for info in kinds.values()
        }
        for ref in refs:
            (info,) = infos[ref.id]
            file = (info.path, info.file_size, info.checksum, butler.getURI(ref).read())
            contents["datasets"][str(ref.id)] = (name, str(ref.dataId), ref.run, *file)
        for association in butler.registry.queryDatasetAssociations(name, "*"):
            if association.timespan is not None:
                contents["certified"].add(
                    (association.collection, str(association.ref.id), association.timespan.nsec)
                )
    collections = butler.collections.query_info("*", include_doc=True)
    contents["chains"] = {c.name: c.children for c in collections if c.type.name == "CHAINED"}
    contents["instruments"] = [
        str(r.toDict()) for r in butler.query_dimension_records("detector", explain=False)
    ]
    return contents
