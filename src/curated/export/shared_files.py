"""Exported calibrations that are equal, as one file for all of their detectors and filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from curated.check.package import read_package
from curated.core.storage.file_set import write_file_set
from curated.editing.sharing import companions_of, plan_share, shareable
from curated.export.report import ExportedCalib
from curated.package.package import open_package


def share_equal_files(root: Path, exported: Sequence[ExportedCalib], jobs: int | None) -> list[ExportedCalib]:
    """Merge the files of a package that is being made, and return where the calibrations are now.

    Parameters
    ----------
    root : `pathlib.Path`
        Directory of the package, with its settings.
    """
    package = open_package(root)
    reading = read_package(package, jobs=jobs, use_cache=False)
    files = shareable(package, package.layout.files)
    plan = plan_share(package, reading, files, jobs=jobs)
    if plan.failed or not plan.merges:
        return list(exported)
    write_file_set(root, plan.contents, before=plan.before, removed=plan.removed)
    merged = open_package(root)
    companions = {
        file.source: companions_of(merged, replace(file, path=file.source))
        for file in {file.source: file for file in merged.layout.files if file.shared}.values()
    }
    paths = {member: merge.path for merge in plan.merges for member in merge.members}
    return sorted(
        (
            replace(
                calib,
                path=paths[calib.path],
                files=tuple(sorted([paths[calib.path], *companions[paths[calib.path]]])),
            )
            if calib.path in paths
            else calib
            for calib in exported
        ),
        key=lambda calib: (calib.path, calib.dataset.data_id),
    )
