"""Imports of small bundles into local repositories, and what tests ask of their reports and results."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curated.butler import ImportReport, open_repository
from support.preloaded import shared_programs
from support.programs import curated_command, python_command, run_curated
from support.repositories import DATASET_TYPES, write_manifest

# It kills itself, so that nothing can be tidied up, when a number of items of a stage are done.
_IMPORT = """
import json, os, signal, sys
from curated.butler import import_bundle
bundle, repo, transfer, seed, stage, count = sys.argv[1:]
def die(now, done, total):
    if now == stage and done == int(count or total):
        os.kill(os.getpid(), signal.SIGKILL)
report = import_bundle(bundle, repo, transfer=transfer, seed_config=seed or None, progress=die)
print(json.dumps(report.to_dict()))
"""


def start_import(
    bundle: Path,
    repo: str,
    seed: Path | None = None,
    *,
    transfer: str = "copy",
    stage: str = "",
    count: int | None = None,
    new_python: bool = False,
) -> subprocess.Popen[str]:
    """Start an import that kills itself when ``count`` items of a stage are done, or all of them.

    With ``new_python`` the process that is returned is the import, so that it can be killed from outside.
    """
    arguments = [str(bundle), repo, transfer, str(seed or ""), stage, str(count or "")]
    return subprocess.Popen(
        python_command(_IMPORT, *arguments)
        if new_python
        else shared_programs().command("python", _IMPORT, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def new_datasets(process: subprocess.Popen[str]) -> int:
    """Number of datasets that an import of `start_import` ingested, which must succeed."""
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    report = json.loads(output)
    assert report["ok"]
    return sum(instrument["datasets_new"] for instrument in report["instruments"])


def run_import(
    bundle: Path, repo: Path, *options: str, before: Callable[[], object] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the real command, after a function in its process that changes what it may do."""
    if before is None:
        return run_curated("-q", "import", bundle, repo, *options)
    command = curated_command("-q", "import", bundle, repo, *options)
    return subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=before, timeout=200
    )


def assert_refused(done: subprocess.CompletedProcess[str], status: int, *texts: str) -> None:
    """The command failed with a clear message."""
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert all(text in done.stderr for text in texts), done.stderr


def assert_whole(repo: str) -> None:
    """All datasets of `make_bundle` are there, certified once, and their files are in place."""
    butler = open_repository(repo)
    names = ("camera_geometry", "defects", "transmission_filter")
    refs = [ref for name in names for ref in butler.query_datasets(name, "*", find_first=False)]
    assert len(refs) == 6
    assert all(butler.getURI(ref).size() > 0 for ref in refs)
    assert sum(1 for n in names for _ in butler.registry.queryDatasetAssociations(n, "Lab/calib/v1")) == 6
    assert butler.collections.get_info("Lab/calib").children == ("Lab/calib/v1",)


def codes(report: ImportReport) -> list[str]:
    """Codes of the findings."""
    return [diagnostic.code for diagnostic in report.diagnostics]


def counts(report: ImportReport) -> dict[str, int]:
    """The numbers in the report of the only instrument."""
    (instrument,) = report.to_dict()["instruments"]
    return {key: value for key, value in instrument.items() if isinstance(value, int)}


def file_states(repo: str) -> dict[str, tuple[int, int]]:
    """Inode and size of all files of a repository but its database."""
    return {
        str(path): (path.stat().st_ino, path.stat().st_size)
        for path in Path(repo).rglob("*")
        if path.is_file() and ".sqlite3" not in path.name
    }


def edit_manifest(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest of a bundle, and the files that follow from it."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    change(manifest)
    write_manifest(bundle, manifest)


def prepare_repository(repo: str, **records: Any) -> Any:
    """Create a repository that has dimension records already."""
    from lsst.daf.butler import Butler

    from curated.butler.repository.creation import create_repository

    create_repository(repo, DATASET_TYPES)
    butler = Butler.from_config(repo, writeable=True)
    for element, rows in records.items():
        butler.registry.insertDimensionData(element, *rows)
    return butler
