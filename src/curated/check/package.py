"""The check of a package: every file, then all of them together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from curated.check.companions import left_over
from curated.check.file import FileReport
from curated.check.instruments import complete_instruments, read_instruments
from curated.check.reader import check_one
from curated.check.report import Report
from curated.check.rules.completeness import missing_calibrations
from curated.check.rules.sets import check_set
from curated.check.silencing import apply_silence
from curated.core.diagnostic import Diagnostic
from curated.core.keys import CalibFile
from curated.core.parallel import Progress, run_all
from curated.package.files import Files
from curated.package.instrument import Instrument
from curated.package.package import Package
from curated.text import read

if TYPE_CHECKING:
    from curated.check.cache import Cache


def check_package(
    package: Package,
    paths: Sequence[str] = (),
    *,
    jobs: int | None = None,
    use_cache: bool = True,
    today: date | None = None,
    progress: Progress | None = None,
    also: Rule | None = None,
) -> Report:
    """Check a package, or some of its files.

    Parameters
    ----------
    package : `Package`
        The package.
    paths : sequence [`str`], optional
        Files or directories relative to its root; all files if empty. Rules over the whole set always see
        all files, and report what concerns those.
    jobs : `int`, optional
        Number of processes.
    use_cache : `bool`, optional
        Whether to remember what was found in each content.
    today : `datetime.date`, optional
        The day by which silencings expire; without one they never do.
    progress : `~collections.abc.Callable`, optional
        Told of progress.
    also : `~collections.abc.Callable`, optional
        A rule that needs more than files; it is given those that are checked.
    """
    cache = _cache_of(package) if use_cache else None

    def load(
        files: Files, listed: Sequence[CalibFile], declared: Mapping[str, Instrument]
    ) -> dict[str, FileReport]:
        return load_reports(files, listed, declared, cache, jobs, progress)

    return check_loaded(package, paths, load, today=today, also=also)


Loader = Callable[[Files, Sequence[CalibFile], Mapping[str, Instrument]], dict[str, FileReport]]
"""Reads and checks files, given the declared instruments, and returns their reports by path."""


Rule = Callable[[Sequence[CalibFile]], Iterable[Diagnostic]]
"""Finds what is wrong with some files."""


def check_loaded(
    package: Package,
    paths: Sequence[str],
    load: Loader,
    *,
    today: date | None = None,
    also: Rule | None = None,
) -> Report:
    """Check a package whose files are read by ``load``; see `check_package`."""
    report = Report(diagnostics=list(package.config.diagnostics))
    declared = read_instruments(package, report)
    selected = select(package.layout.files, paths)
    chosen = {file.path for file in selected}
    # Which number a detector has, and when it ends, are questions to all files.
    report.reports = load(package.files, package.layout.files, declared)
    if paths:
        # Whoever names an image means its text.
        selected += [f for f in package.layout.files if _is_meant(report.reports[f.path], chosen, paths)]
        chosen = {file.path for file in selected}
    report.files = selected
    report.ranges, found = check_set(package.layout.files, report.reports, declared)
    report.settle = partial(complete_instruments, package, report.reports, declared)
    misplaced = [*package.layout.problems, *left_over(package.layout, report.reports)]
    # To infer an instrument takes a look at all files, so it is asked for only where it counts.
    inferred = any("expected" in said for said in package.config.instruments.values())
    expected = missing_calibrations(package, report.instruments if inferred else declared)
    for path in chosen:
        report.diagnostics += report.reports[path].diagnostics
    report.diagnostics += _placed((d for d in found if d.file in chosen), package)
    everything = not paths
    report.diagnostics += [
        Diagnostic.from_problem(problem, path)
        for path, problem in misplaced
        if everything or is_below(path, paths)
    ]
    report.diagnostics += [d for d in expected if everything or is_below(d.file, paths)]
    report.diagnostics += also(selected) if also is not None else ()
    apply_silence(report, package, today, everything)
    report.diagnostics.sort()
    return report


def _placed(found: Iterable[Diagnostic], package: Package) -> Iterator[Diagnostic]:
    """Give findings of rules over the set their lines, which are looked up only where there is a finding."""
    forms = {file.path: file.form for file in package.layout.files}
    for diagnostic in found:
        if not diagnostic.pointer:
            yield diagnostic
            continue
        source, _ = read(package.files.read(diagnostic.file), forms[diagnostic.file])
        line, column = source.locator(diagnostic.pointer) if source else (0, 0)
        yield replace(diagnostic, line=line, column=column)


def select(files: Iterable[CalibFile], paths: Sequence[str]) -> list[CalibFile]:
    """Return the files that are, or stand below, one of the paths; all of them where there are none."""
    return [file for file in files if not paths or is_below(file.path, paths) or file.side in paths]


def _is_meant(report: FileReport, chosen: Collection[str], paths: Sequence[str]) -> bool:
    return report.path not in chosen and bool(report.beside) and is_below(report.beside, paths)


def is_below(path: str, paths: Sequence[str]) -> bool:
    """Say whether a path is, or stands below, one of others."""
    return any(path == p or path.startswith(f"{p.rstrip('/')}/") or p in ("", ".") for p in paths)


def _cache_of(package: Package) -> Cache:
    from curated.check.cache import Cache

    return Cache(package.root)


def load_reports(
    files: Files,
    listed: Sequence[CalibFile],
    declared: Mapping[str, Instrument],
    cache: Cache | None,
    jobs: int | None = None,
    progress: Progress | None = None,
    *,
    complete: bool = True,
) -> dict[str, FileReport]:
    """Read and check files, except those that the cache knows; ``complete`` tells that there are no others."""
    reports: dict[str, FileReport] = {}
    todo = list(listed)
    if cache is not None:
        from curated.check.cache_key import current_key

        todo = []
        for file in listed:
            known = cache.get(file.path, current_key(files, file, declared))
            if known is None or (known.beside and known.state != files.state(known.beside)):
                todo.append(file)
            else:
                reports[file.path] = known
    work = partial(_work, files, dict(declared), cache is not None)
    for content, report in run_all(work, todo, jobs, progress):
        reports[report.path] = report
        if cache is not None and content:
            cache.put(content, report)
    if cache is not None:
        cache.save(complete=complete)
    return reports


def _work(
    files: Files, declared: Mapping[str, Instrument], remembered: bool, chunk: Sequence[CalibFile]
) -> list[tuple[str, FileReport]]:
    key_of = _key_of(files, declared) if remembered else None
    results = []
    for file in chunk:
        _, data, report = check_one(files, file, declared)
        results.append((key_of(file, data) if key_of and data else "", report))
    return results


def _key_of(files: Files, declared: Mapping[str, Instrument]) -> Callable[[CalibFile, bytes], str]:
    """Return what names content that was read; hashing is loaded only where something is remembered."""
    from curated.check.cache_key import content_key

    return lambda file, data: content_key(files, file, data, declared)
