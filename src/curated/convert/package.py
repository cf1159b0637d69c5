"""Checked calibrations to stamped FITS files: all of them, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from curated.check.cache import Cache
from curated.check.deprecations import ends_and_marks, find_marked
from curated.check.file import FileReport
from curated.check.package import check_loaded, load_reports, select
from curated.check.report import Report
from curated.convert.files import Converted, fits_path
from curated.convert.origin import Origin
from curated.convert.task import Task
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile
from curated.core.parallel import Progress, run_all
from curated.package.files import Files
from curated.package.instrument import Instrument
from curated.package.package import Package
from curated.package.validity import natural_ends


def convert_package(
    package: Package,
    origin: Origin,
    output: Path | None,
    paths: Sequence[str] = (),
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    records: bool = False,
    recipes: Mapping[str, object] | None = None,
) -> tuple[Report, list[Converted]]:
    """Convert a package, or some of its files, to FITS below a new directory.

    Parameters
    ----------
    package : `Package`
        The package.
    origin : `Origin`
        The commit.
    output : `~pathlib.Path`, optional
        Where to write; the caller makes it and, if the report has failed, throws it away. Without one,
        nothing is written.
    paths : sequence [`str`], optional
        Files or directories relative to the package's root; all files if empty. What is out of use is converted
        only where it is named itself.
    jobs : `int`, optional
        Number of processes.
    progress : `~collections.abc.Callable`, optional
        Told of progress.
    records : `bool`, optional
        Whether a bundle is made: provenance is written as text too, beside each file that holds it, and
        content and recipe are told of each.
    recipes : `dict` [`str`, `object`], optional
        Recipes of files that exist; these are checked, but not made again.

    Returns
    -------
    report : `Report`
        What the check found.
    converted : `list` [`Converted`]
        The files; those with errors are left out.
    """
    made: dict[str, Converted] = {}
    out_of_use: set[str] = set()

    def load(
        files: Files, listed: Sequence[CalibFile], declared: Mapping[str, Instrument]
    ) -> dict[str, FileReport]:
        marked = find_marked(files, listed)
        wanted = [f for f in select(listed, paths) if f.path not in marked or f.path in paths]
        # Of two files of one name only the first is written; that there are two is found by the check.
        places = {fits_path(file.path): file.path for file in reversed(wanted)}
        out_of_use.update(marked.keys() - set(places.values()))
        task = Task(
            files,
            dict(declared),
            origin,
            natural_ends(listed, *ends_and_marks(marked)),
            str(output) if output is not None else "",
            frozenset(places.values()),
            package.config.silence,
            records,
        )
        known = {}
        if recipes:
            found = ((file.path, task.known(file, recipes)) for file in listed)
            known = {path: converted for path, converted in found if converted is not None}
        kept = [file for file in listed if file.path in known]
        cache = Cache(package.root) if kept else None
        whole = len(kept) == len(listed)
        reports = load_reports(files, kept, declared, cache, jobs, progress, complete=whole)
        made.update((path, one) for path, one in known.items() if not task.is_wrong(reports[path]))
        todo = [file for file in listed if file.path not in known]
        for report, converted in run_all(task, todo, jobs, progress):
            reports[report.path] = report
            if converted is not None:
                made[report.path] = converted
        return reports

    report = check_loaded(package, paths, load)
    missing = [file.path for file in report.files if file.path not in made and file.path not in out_of_use]
    if missing and not report.failed:
        hint = "silence only findings that leave a calibration behind; correct the file or remove it"
        raise CuratedError(f"{missing[0]} cannot be converted, though its errors are silenced", hint)
    return report, [made[file.path] for file in report.files if file.path in made]
