"""Conversion into a directory that may hold files already."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from curated.check.report import Report
from curated.convert.files import Converted
from curated.convert.origin import Origin
from curated.convert.package import convert_package
from curated.core.diagnostic import CuratedError
from curated.core.parallel import Progress
from curated.core.wholefile import staging_directory
from curated.package.package import Package


def convert_into(
    package: Package,
    origin: Origin,
    output: Path,
    paths: Sequence[str] = (),
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> tuple[Report, list[Converted]]:
    """Convert into a directory that may hold files already; see `convert_package`.

    Everything is written beside first, and moved into place only if nothing is wrong.

    Raises
    ------
    CuratedError
        If something stands in the way.
    """
    made = [path for path in (output, *output.parents) if not path.exists()]
    output.mkdir(parents=True, exist_ok=True)
    try:
        with staging_directory(output, ".curated-") as staging:
            report, converted = convert_package(package, origin, staging, paths, jobs=jobs, progress=progress)
            if not report.failed:
                obstacle = _obstacle(staging, output)
                if obstacle is not None:
                    raise CuratedError(f"{obstacle} is in the way", "move it away, or name another directory")
                made = []
                _merge(staging, output)
            return report, converted
    finally:
        for path in made:
            path.rmdir()


def _obstacle(source: Path, target: Path) -> Path | None:
    """Return what a file or directory cannot take the place of."""
    for entry in os.scandir(source):
        place, is_directory = target / entry.name, entry.is_dir(follow_symlinks=False)
        if os.path.lexists(place) and place.is_dir() != is_directory:
            return place
        found = _obstacle(Path(entry.path), place) if is_directory and place.is_dir() else None
        if found is not None:
            return found
    return None


def _merge(source: Path, target: Path) -> None:
    """Move files to where others may be already; whole directories where there are none."""
    for entry in sorted(os.scandir(source), key=lambda e: e.name):
        place = target / entry.name
        if entry.is_dir(follow_symlinks=False) and place.is_dir():
            _merge(Path(entry.path), place)
        else:
            os.replace(entry.path, place)
