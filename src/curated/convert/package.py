"""The conversion of a package to stamped FITS files: all of them, or none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

from curated.check.file import check_copies, read_and_check
from curated.check.instruments import read_instruments
from curated.check.package import interrupted_findings, judge, select
from curated.check.report import FileReport, Report, ends_and_marks
from curated.check.rules.bad_amplifiers import Mask, make_masks
from curated.convert.file import Conversion, Converted, fits_path
from curated.convert.inputs import verify_inputs
from curated.convert.origin import Origin, committed_package, find_origin, origin_of_commit
from curated.core.diagnostic import CuratedError
from curated.core.geometry import AmplifiersOutOfUse, Camera
from curated.core.keys import CalibFile, by_source
from curated.core.parallel import Progress, run_all
from curated.core.storage.disk import exclusive, verify_tree
from curated.core.storage.staging import move_together, staging_directory
from curated.git.checkout import check_out
from curated.git.repository import commit_date, open_repository
from curated.package.files import Files, read_file
from curated.package.instrument import Instrument
from curated.package.package import Package, open_package
from curated.package.validity import natural_ends
from curated.registry import get_type
from curated.verification.records import waiver_files
from curated.verification.tables import read_test_tables

Results = tuple[dict[str, FileReport], dict[str, Converted]]
"""Reports of all files and FITS files of those that were converted, by path."""


def convert_package(
    package: Package,
    origin: Origin,
    output: Path | None,
    paths: Sequence[str] = (),
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    for_bundle: bool = False,
    for_values: bool = False,
    recipes: Mapping[str, object] | None = None,
) -> tuple[Report, list[Converted]]:
    """Convert a package, or some of its files, to FITS below a new directory.

    Parameters
    ----------
    origin : `Origin`
        The commit that is converted.
    output : `~pathlib.Path` or `None`
        Where to write; the caller makes the directory, and removes it if the report has failed. If it is `None`,
        nothing is written.
    paths : sequence [`str`], optional
        Files or directories relative to the package's root; all files if empty. A deprecated file is converted only
        if it is named itself.
    jobs : `int`, optional
        Number of processes; see `~curated.core.parallel.run_all`.
    progress : `~collections.abc.Callable`, optional
        Called with the numbers of files done and to be done.
    for_bundle : `bool`, optional
        Whether provenance is written as text too, beside each file that has any, and each file's content and recipe
        are hashed.
    for_values : `bool`, optional
        Whether nothing but the values of each calibration is hashed, and no FITS file made; see
        `curated.calib.fingerprint`.
    recipes : `dict` [`str`, `object`], optional
        Recipes of existing FITS files; these calibrations are checked, but not converted again.

    Returns
    -------
    report : `Report`
        Result of the check.
    converted : `list` [`Converted`]
        The FITS files; there is none of a file with errors.

    Raises
    ------
    CuratedError
        If a file cannot be converted though its errors are silenced, or is not the one that git has.
    """
    interrupted = interrupted_findings(package)
    package = committed_package(package, origin)
    declared, findings = read_instruments(package)
    conversion, deprecated = _plan(
        package, origin, output, paths, declared, for_bundle=for_bundle, recipes=frozenset(recipes or ())
    )
    conversion = replace(conversion, for_values=for_values)
    reports, converted = _run(package, conversion, jobs, progress)
    _require_same_marks(deprecated, reports)
    waiver_day = _day_of(package, origin)
    report = judge(package, paths, declared, reports, [*findings, *interrupted], waiver_day=waiver_day)
    unused = deprecated.keys() - conversion.selected
    missing = [f.path for f in report.files if f.path not in converted and f.path not in unused]
    if missing and not report.failed:
        hint = "silence only findings that leave a calibration behind; correct the file or remove it"
        raise CuratedError(f"{missing[0]} cannot be converted, though its errors are silenced", hint)
    return report, [converted[file.path] for file in report.files if file.path in converted]


def _day_of(package: Package, origin: Origin) -> date | None:
    """Return the day of the commit, by which waivers of failed tests end: the same commit gives the same release."""
    if not waiver_files(package):
        return None
    return commit_date(open_repository(package.root), origin.sha1).date()


def _plan(
    package: Package,
    origin: Origin,
    output: Path | None,
    paths: Sequence[str],
    declared: Mapping[str, Instrument],
    *,
    for_bundle: bool,
    recipes: frozenset[str],
) -> tuple[Conversion, dict[str, FileReport]]:
    """Return the conversion of the selected files, and the reports of all deprecated ones."""
    calib_files = package.layout.files
    deprecated = _deprecated_reports(package.files, calib_files)
    selected = [
        f
        for f in select(calib_files, paths)
        if f.path not in deprecated or f.path in paths or f.source in paths
    ]
    # Of two files with one FITS path only the first is written; the check reports that there are two.
    paths_by_output = {fits_path(file.path): file.path for file in reversed(selected)}
    conversion = Conversion(
        package.files,
        dict(declared),
        origin,
        natural_ends(calib_files, *ends_and_marks(deprecated)),
        str(output) if output is not None else "",
        frozenset(paths_by_output.values()),
        package.config.silence,
        for_bundle,
        recipes,
        masks=_masks(package.files, calib_files),
        tests=read_test_tables(package),
    )
    return conversion, deprecated


def _masks(files: Files, calib_files: Sequence[CalibFile]) -> dict[str, Mask]:
    """Return the boxes of amplifiers out of use, by the path of the defects that they are added to."""
    types = {file.key.type: get_type(file.key.type) for file in calib_files}
    sources = [file for file in calib_files if issubclass(types[file.key.type], AmplifiersOutOfUse)]
    if not sources:
        return {}
    cameras = [file for file in calib_files if issubclass(types[file.key.type], Camera)]
    reports = {
        file.path: read_and_check(files, file, {}, companion=False).report for file in (*sources, *cameras)
    }
    return make_masks(calib_files, reports)


def _require_same_marks(deprecated: Mapping[str, FileReport], reports: Mapping[str, FileReport]) -> None:
    """Raise an error if marks of deprecation are not those by which the files to convert were selected."""
    now = {path: report.deprecation for path, report in reports.items() if report.deprecation is not None}
    before = {path: report.deprecation for path, report in deprecated.items()}
    changed = sorted(path for path in now.keys() | before.keys() if now.get(path) != before.get(path))
    if changed:
        raise CuratedError(
            f"{changed[0]} changed while it was read", "run it again when nothing else writes to the package"
        )


def _deprecated_reports(files: Files, calib_files: Iterable[CalibFile]) -> dict[str, FileReport]:
    """Return the reports of the deprecated files, by path; only texts with that word are parsed."""
    reports: dict[str, FileReport] = {}
    for copies in by_source(calib_files):
        text = read_file(files, copies[0].source)
        if isinstance(text, bytes) and b"deprecated" in text.lower():
            checked_copies = check_copies(files, copies, {}, companion=False)
            reports |= {c.report.path: c.report for c in checked_copies if c.report.deprecation is not None}
    return reports


def _run(package: Package, conversion: Conversion, jobs: int | None, progress: Progress | None) -> Results:
    """Read, check and convert all files.

    Every file is read, and none taken from the cache of `curated check`: what a release says was checked does not
    depend on a file that others might have written.
    """
    reports: dict[str, FileReport] = {}
    converted: dict[str, Converted] = {}
    for results in run_all(conversion, by_source(package.layout.files), jobs, progress):
        for report, entry in results:
            reports[report.path] = report
            if entry is not None:
                converted[report.path] = entry
    return reports, converted


# -- into a directory with other files --------------------------------------------------------------------


def convert_into(
    package: Package,
    origin: Origin,
    output: Path,
    paths: Sequence[str] = (),
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    overwrite: bool = True,
) -> tuple[Report, list[Converted]]:
    """Convert into a directory that may hold files already; parameters are those of `convert_package`.

    Everything is written to a temporary directory there, and moved into place, all of it or nothing, only if the
    report has not failed.

    Parameters
    ----------
    overwrite : `bool`, optional
        Whether files that are there are replaced; it is an error otherwise.

    Raises
    ------
    CuratedError
        If a file is in the place of a directory or the other way round, or another process writes to the directory.
    """
    new_directories = [path for path in (output, *output.parents) if not path.exists()]
    output.mkdir(parents=True, exist_ok=True)
    try:
        with exclusive(output), staging_directory(output) as staging:
            (staging / "new").mkdir()
            report, converted = convert_package(
                package, origin, staging / "new", paths, jobs=jobs, progress=progress
            )
            if not report.failed:
                obstacle = _obstacle(staging / "new", output)
                if obstacle is not None:
                    raise CuratedError(f"{obstacle} is in the way", "move it away, or name another directory")
                present = next((c.path for c in converted if os.path.lexists(output / c.path)), None)
                if present is not None and not overwrite:
                    raise CuratedError(
                        f"{output / present} exists, and is not overwritten", "name another directory"
                    )
                verify_tree(staging / "new", {entry.path: (entry.size, entry.sha256) for entry in converted})
                verify_inputs(package, origin, report, converted)
                new_directories = []
                move_together(staging, output, dict(_moves(staging, "new", output, "")))
            return report, converted
    finally:
        for path in new_directories:
            with suppress(OSError):
                path.rmdir()


def convert_in_force(
    package: Package, sha1: str, output: Path, paths: Sequence[str], *, progress: Progress | None = None
) -> tuple[Package, Report, int]:
    """Convert some files of a work tree or of a commit into a directory, where nothing is overwritten.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree or of a commit.
    sha1 : `str`
        The commit; empty for a work tree, which has to be that of its commit.
    paths : sequence [`str`]
        Paths of the files in the package.
    progress : callable, optional
        Called with the numbers of files done and to be done.

    Returns
    -------
    package : `Package`
        The package that was converted.
    report : `Report`
        Result of the check; with an error nothing is written.
    count : `int`
        Number of FITS files.

    Raises
    ------
    CuratedError
        If a file exists already, or if git does not know the last change of a file.
    """
    if not sha1:
        origin = find_origin(package)
        report, converted = convert_into(package, origin, output, paths, progress=progress, overwrite=False)
        return package, report, len(converted)
    repository = open_repository(package.root)
    with tempfile.TemporaryDirectory(prefix="curated-") as name:
        directory = Path(name).resolve()
        check_out(repository, sha1, directory, keep_pointers=True)
        committed = open_package(directory / repository.prefix)
        origin = origin_of_commit(committed, repository, sha1)
        report, converted = convert_into(committed, origin, output, paths, progress=progress, overwrite=False)
        return committed, report, len(converted)


def _obstacle(source: Path, target: Path) -> Path | None:
    """Return a path in the target that a file or directory of the source cannot replace."""
    for entry in os.scandir(source):
        place, is_directory = target / entry.name, entry.is_dir(follow_symlinks=False)
        if os.path.lexists(place) and place.is_dir() != is_directory:
            return place
        obstacle = _obstacle(Path(entry.path), place) if is_directory and place.is_dir() else None
        if obstacle is not None:
            return obstacle
    return None


def _moves(staging: Path, source: str, output: Path, place: str) -> Iterator[tuple[str, str]]:
    """Yield the path of each file in the staging directory with its place; whole directories that are new."""
    for entry in sorted(os.scandir(staging / source), key=lambda e: e.name):
        path = os.path.join(place, entry.name)
        if entry.is_dir(follow_symlinks=False) and (output / path).is_dir():
            yield from _moves(staging, f"{source}/{entry.name}", output, path)
        else:
            yield f"{source}/{entry.name}", path
