"""Which calibrations are out of use, before all of them are checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from curated.check.file import FileReport
from curated.check.reader import check_one, read_file
from curated.core.keys import CalibFile
from curated.datasets.deprecation import Deprecation
from curated.package.files import Files


def find_marked(files: Files, listed: Iterable[CalibFile]) -> dict[str, FileReport]:
    """Return the reports of the files that are out of use, by path; only they are looked at closely.

    Parameters
    ----------
    files : `Files`
        The package's files.
    listed : iterable [`CalibFile`]
        The calibrations.
    """
    marked = {}
    for file in listed:
        data = read_file(files, file.path)
        if isinstance(data, bytes) and b"deprecated" in data.lower():
            report = check_one(files, file, {}, beside=False)[2]
            if report.deprecation is not None:
                marked[file.path] = report
    return marked


def ends_and_marks(
    reports: Mapping[str, FileReport],
) -> tuple[dict[str, datetime], dict[str, Deprecation]]:
    """Return VALIDEND of the files that have one, and the marks of those that are out of use, by path."""
    ends = {path: datetime.fromisoformat(report.end) for path, report in reports.items() if report.end}
    return ends, {path: r.deprecation for path, r in reports.items() if r.deprecation is not None}
