"""The check of a package: read its instruments, read its files, then judge all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from curated.check.copies import merge_findings, merge_problems
from curated.check.file import CheckedFile, check_copies, read_and_check
from curated.check.instruments import complete_instruments, read_instruments
from curated.check.report import FileReport, Report, apply_silence
from curated.check.rules import RULES
from curated.check.rules.context import make_context
from curated.core.diagnostic import Diagnostic, Pointer, Problem
from curated.core.keys import CalibFile, by_source
from curated.core.parallel import Progress, run_all
from curated.core.storage.disk import interrupted_changes
from curated.package.files import Files, WorkTree, read_file
from curated.package.instrument import Instrument
from curated.package.package import Package
from curated.text import read
from curated.text.source import Locator
from curated.text.yaml.locator import yaml_locator
from curated.verification.records import read_verifications

if TYPE_CHECKING:
    from curated.check.cache import Cache


class Reading(NamedTuple):
    """All files of a package, each of them read and checked.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    reports : `dict` [`str`, `FileReport`]
        Report of every calibration, by path.
    findings : `list` [`Diagnostic`]
        Findings in the instruments' files.
    """

    declared: Mapping[str, Instrument]
    reports: Mapping[str, FileReport]
    findings: Sequence[Diagnostic]


def check_package(
    package: Package,
    paths: Sequence[str] = (),
    *,
    jobs: int | None = None,
    use_cache: bool = True,
    today: date | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check a package, or some of its files.

    Parameters
    ----------
    paths : sequence [`str`], optional
        Files or directories relative to the package's root; all files if empty. Rules over the whole package always
        see all files; only findings in the selected ones are reported.
    jobs : `int`, optional
        Number of processes; see `~curated.core.parallel.run_all`.
    use_cache : `bool`, optional
        Whether to take the reports of unchanged files from the user's cache, and to store the others there.
    today : `datetime.date`, optional
        The day by which silencings expire; without one they never do.
    progress : `~collections.abc.Callable`, optional
        Called with the numbers of files done and to be done.
    """
    reading = read_package(package, jobs=jobs, use_cache=use_cache, progress=progress)
    findings = [*reading.findings, *metric_findings(package, paths)]
    return judge(package, paths, reading.declared, reading.reports, findings, today=today)


def metric_findings(package: Package, paths: Sequence[str] = ()) -> list[Diagnostic]:
    """Return the findings in files of metrics; few packages have any, and the others do not load their reader.

    Parameters
    ----------
    paths : sequence [`str`], optional
        Files or directories of the package; all if empty.
    """
    if not any(path.endswith(".csv") for path in map(str.lower, package.layout.others)):
        return []
    from curated.monitoring.store import check_metrics

    return check_metrics(package, paths)


# -- reading ----------------------------------------------------------------------------------------------


def read_package(
    package: Package, *, jobs: int | None = None, use_cache: bool = True, progress: Progress | None = None
) -> Reading:
    """Read and check each file of a package; parameters are those of `check_package`."""
    cache = None
    if use_cache:
        from curated.check.cache import Cache

        cache = Cache(package.root)
    declared, findings = read_instruments(package)
    findings += interrupted_findings(package)
    reports = read_reports(package.files, package.layout.files, declared, cache, jobs, progress)
    return Reading(declared, reports, findings)


def interrupted_findings(package: Package) -> list[Diagnostic]:
    """Return a finding where a change of several files was interrupted, and was neither finished nor undone."""
    if not isinstance(package.files, WorkTree):
        return []
    detail = "some files may have been changed, and others not"
    return [
        Diagnostic.from_problem(Problem("CAL652", (), detail), name)
        for name in interrupted_changes(package.root)
    ]


def read_reports(
    files: Files,
    calib_files: Sequence[CalibFile],
    declared: Mapping[str, Instrument],
    cache: Cache | None,
    jobs: int | None = None,
    progress: Progress | None = None,
    *,
    complete: bool = True,
) -> dict[str, FileReport]:
    """Read and check calibration files, except those whose reports are in the cache.

    Parameters
    ----------
    calib_files : sequence [`CalibFile`]
        The files to check.
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    cache : `Cache` or `None`
        Reports of earlier checks; it is brought up to date.
    jobs, progress
        As for `check_package`.
    complete : `bool`, optional
        Whether these are all files of the package, so that the cache forgets others.

    Returns
    -------
    reports : `dict` [`str`, `FileReport`]
        By path.
    """
    reports: dict[str, FileReport] = {}
    unread = list(calib_files)
    if cache is not None:
        reports = _cached_reports(files, calib_files, declared, cache)
        unread = [file for file in calib_files if file.path not in reports]
    work = partial(_check_chunk, files, dict(declared), cache is not None)
    for results in run_all(work, by_source(unread), jobs, progress):
        for key, report in results:
            reports[report.path] = report
            if cache is not None and key:
                cache.put(key, report)
    if cache is not None:
        cache.save(complete=complete)
    return reports


def _cached_reports(
    files: Files, calib_files: Iterable[CalibFile], declared: Mapping[str, Instrument], cache: Cache
) -> dict[str, FileReport]:
    """Return the reports in the cache that are those of the files as they are now."""
    from curated.check.cache import cache_key

    reports = {}
    for copies in by_source(calib_files):
        text = read_file(files, copies[0].source)
        side = read_file(files, copies[0].side) if copies[0].side else None
        if isinstance(text, Problem) or isinstance(side, Problem):
            continue
        keys: dict[bool, str] = {}
        for file in copies:
            if file.is_compared not in keys:
                instrument = declared.get(file.key.instrument)
                keys[file.is_compared] = cache_key(file, text, side, instrument)
            report = cache.get(file.path, keys[file.is_compared])
            if report is not None and (
                not report.companion or report.companion_state == files.state(report.companion)
            ):
                reports[file.path] = report
    return reports


def _check_chunk(
    files: Files, declared: Mapping[str, Instrument], use_cache: bool, chunk: Sequence[Sequence[CalibFile]]
) -> list[list[tuple[str, FileReport]]]:
    """Return cache key and report of what each file stands for; the key is empty where a report is not to be stored."""
    results = []
    for copies in chunk:
        checked_copies = check_copies(files, copies, declared)
        instrument = declared.get(copies[0].key.instrument)
        results.append(
            [
                (_key(file, checked, instrument) if use_cache else "", checked.report)
                for file, checked in zip(copies, checked_copies, strict=True)
            ]
        )
    return results


def _key(file: CalibFile, checked: CheckedFile, instrument: Instrument | None) -> str:
    from curated.check.cache import cache_key  # loaded only where reports are stored

    if not checked.text or (file.side and checked.side is None):
        return ""
    return cache_key(file, checked.text, checked.side, instrument)


# -- judging ----------------------------------------------------------------------------------------------


def judge(
    package: Package,
    paths: Sequence[str],
    declared: Mapping[str, Instrument],
    reports: Mapping[str, FileReport],
    findings: Iterable[Diagnostic] = (),
    *,
    today: date | None = None,
    waiver_day: date | None = None,
) -> Report:
    """Apply the rules over the whole package, select the findings to report, and remove silenced ones.

    ``paths`` and ``today`` are as for `check_package`.

    Parameters
    ----------
    declared : `dict` [`str`, `Instrument`]
        The declared instruments, by directory.
    reports : `dict` [`str`, `FileReport`]
        Report of every calibration of the package, by path.
    findings : iterable [`Diagnostic`], optional
        Findings of other stages, all of which are reported.
    waiver_day : `datetime.date`, optional
        The day by which waivers of failed tests end; ``today`` if not given.
    """
    config, layout = package.config, package.layout
    # To infer an instrument takes a look at all files.
    is_inferred = any("expected" in overrides for overrides in config.instruments.values())
    instruments = complete_instruments(package, reports, declared) if is_inferred else declared
    verifications = read_verifications(package)
    context = make_context(layout, config, reports, declared, instruments, today, verifications, waiver_day)
    files = select(layout.files, paths, reports)
    selected = {file.path for file in files}
    problems = [
        (path, problem)
        for rule in RULES
        for path, problem in rule(context)
        if path in selected or (path not in reports and (not paths or is_below(path, paths)))
    ]
    problems = merge_problems(problems, layout.files)
    diagnostics = [*config.diagnostics, *findings, *verifications.findings, *_located(problems, package)]
    diagnostics += merge_findings(files, reports)
    diagnostics, silenced = apply_silence(diagnostics, config.silence, today, complete=not paths)
    return Report(tuple(files), tuple(sorted(diagnostics)), context.ranges, reports, declared, silenced)


def _located(problems: Sequence[tuple[str, Problem]], package: Package) -> Iterator[Diagnostic]:
    """Complete problems with their lines; a file is read again only where it has a problem with a pointer."""
    forms = {file.source: file.form for file in package.layout.files} if problems else {}
    located_path = ""
    locator: Locator = _nowhere
    for path, problem in problems:
        if problem.pointer and path != located_path:
            located_path, locator = (
                path,
                _locator(path, forms.get(path, "ecsv" if path.endswith(".ecsv") else ""), package.files),
            )
        line, column = locator(problem.pointer) if problem.pointer else (0, 0)
        yield Diagnostic.from_problem(problem, path, line, column)


def _locator(path: str, form: str, files: Files) -> Locator:
    """Return the function from places in a file to line and column; only settings have no form."""
    content = read_file(files, path)
    text = content if isinstance(content, bytes) else b""
    if not form:
        return yaml_locator(text.decode("utf-8", errors="replace"))
    source, _ = read(text, form)
    return source.locator if source is not None else _nowhere


def _nowhere(_: Pointer) -> tuple[int, int]:
    return 0, 0


def select(
    files: Iterable[CalibFile], paths: Sequence[str], reports: Mapping[str, FileReport] | None = None
) -> list[CalibFile]:
    """Return the files that paths name, all of them where there are no paths.

    Parameters
    ----------
    paths : sequence [`str`]
        Files or directories; a provenance file or a record of verification stands for its calibration.
    reports : `dict` [`str`, `FileReport`], optional
        Reports of the files by path: with them, a companion such as an image stands for the text that names it.
    """
    if not paths:
        return list(files)
    return [
        file
        for file in files
        if is_below(file.path, paths)
        or (file.shared and is_below(file.shared, paths))
        or file.side in paths
        or (file.record and file.record in paths)
        or (reports is not None and _is_companion_below(reports[file.path].companion, paths))
    ]


def _is_companion_below(companion: str, paths: Sequence[str]) -> bool:
    return bool(companion) and is_below(companion, paths)


def text_paths(package: Package, paths: Sequence[str]) -> list[str]:
    """Return paths with the texts that name companions, such as images, in place of these.

    A companion that no text names stays as it is.
    """
    companions = set(package.layout.beside)
    converted: list[str] = []
    for path in paths:
        texts = []
        if path in companions:
            directory = path.rpartition("/")[0]
            files = (file for file in package.layout.files if file.path.rpartition("/")[0] == directory)
            texts = [f.path for f in files if read_and_check(package.files, f, {}).report.companion == path]
        converted += texts or [path]
    return converted


def is_below(path: str, paths: Sequence[str]) -> bool:
    """Say whether a path is one of some files and directories, or below one of them."""
    return any(path == p or path.startswith(f"{p.rstrip('/')}/") or p in ("", ".") for p in paths)
