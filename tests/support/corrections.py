"""A package with three epochs of a detector, and what repositories with its release certify."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

from conftest import GitPackage
from curated.butler import open_repository, recertify_ranges
from curated.datasets.spans import LAST_NS
from curated.package.package import open_package
from support.packages import defects_path, defects_text
from support.programs import run_curated
from support.repositories import tai_ns

DATES = ("20200101T000000", "20220101T000000", "20240101T000000")
OLD, BAD, NEW = (defects_path(0, date) for date in DATES)
OTHER = defects_path(1)
LATER = defects_path(0, "20250101T000000")


def text(date: str, x0: int, detector: int = 0, **meta: str) -> str:
    """Return the text of a defect list that starts at a date."""
    return defects_text(meta, detector=detector, date=datetime.fromisoformat(date).isoformat(), x0=x0)


def make_epochs_package(path: Path) -> GitPackage:
    """Three epochs of one detector, one of another."""
    path.mkdir()
    package = GitPackage(path)
    package.git("init", "--quiet")
    files = {name: text(date, n) for n, (name, date) in enumerate(zip((OLD, BAD, NEW), DATES, strict=True))}
    package.commit({"curated.yaml": "calibs: calibs\n", **files, OTHER: text(DATES[0], 5, 1)})
    return package


def certified(repo: str, collection: str = "Lab/calib/v1") -> set[tuple[int, str, int, int]]:
    """Detector, CALIBDATE of the run, and range of all that a collection certifies."""
    butler = open_repository(repo)
    associations = butler.registry.queryDatasetAssociations("defects", collection, flattenChains=False)
    return {
        (f.ref.dataId["detector"], f.ref.run.rpartition("/")[2][:4], *f.timespan.nsec)
        for f in associations
        if f.timespan is not None
    }


def files_of(repo: str) -> dict[str, bytes]:
    """Return the content of every FITS file of a repository."""
    return {str(p): p.read_bytes() for p in sorted(Path(repo).rglob("*.fits"))}


def datasets(repo: str) -> set[str]:
    """Return the UUIDs of all defect lists in a repository."""
    refs = open_repository(repo).query_datasets("defects", "*", find_first=False)
    return {str(ref.id) for ref in refs}


def change(repo: str, package: GitPackage, **options: Any) -> Any:
    """Recertify a repository."""
    return recertify_ranges(repo, open_package(package.path), **options)


def run_printed_command(command: str, package: GitPackage) -> int:
    """Run a command that was printed; its exit status."""
    program, *arguments = shlex.split(command)
    assert program == "curated"
    return run_curated(*arguments, cwd=package.path).returncode


def at(year: int) -> int:
    """Return the start of a year in TAI nanoseconds."""
    return tai_ns(f"{year}-01-01T00:00:00")


FIRST = {
    (0, "2020", at(2020), at(2022)),
    (0, "2022", at(2022), at(2024)),
    (0, "2024", at(2024), LAST_NS),
    (1, "2020", at(2020), LAST_NS),
}


def collection_type(name: str) -> Any:
    """Return a kind of collection by its name."""
    from lsst.daf.butler import CollectionType

    return CollectionType[name]
