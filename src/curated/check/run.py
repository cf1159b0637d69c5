"""The check of a package: every file, then all of them together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

from curated.calib import Calib
from curated.check.cache import Cache, blob_sha1
from curated.check.file import FileReport, check_file
from curated.check.sets import check_set
from curated.diagnostic import Diagnostic, Problem, has_errors
from curated.instrument import Instrument, infer_instrument, parse_instrument
from curated.model import CalibFile
from curated.package import CONFIG_FILE, Files, LeadsOutError, Package
from curated.parallel import Progress, run_all
from curated.text import read
from curated.text.tree import load_yaml, yaml_locator
from curated.validity import Range


@dataclass(slots=True)
class Report:
    """What a check found.

    Parameters
    ----------
    files : `list` [`CalibFile`]
        The files that were checked.
    diagnostics : `list` [`Diagnostic`]
        All findings, in the order of files and lines.
    ranges : `dict` [`str`, `Range`]
        Validity of every file of the package, by path.
    reports : `dict` [`str`, `FileReport`]
        What is known of each file, by path.
    instruments : `dict` [`str`, `Instrument`]
        Instruments by directory.
    silenced : `int`
        Findings that ``curated.yaml`` silences.
    """

    files: list[CalibFile] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    ranges: dict[str, Range] = field(default_factory=dict)
    reports: dict[str, FileReport] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    silenced: int = 0

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return has_errors(self.diagnostics)


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
    """
    cache = Cache(package.root) if use_cache else None

    def load(
        files: Files, listed: Sequence[CalibFile], declared: Mapping[str, Instrument]
    ) -> dict[str, FileReport]:
        return _reports(files, listed, declared, cache, jobs, progress)

    return check_loaded(package, paths, load, today=today)


Loader = Callable[[Files, Sequence[CalibFile], Mapping[str, Instrument]], dict[str, FileReport]]
"""Reads and checks files, given the declared instruments, and returns their reports by path."""


def check_loaded(
    package: Package, paths: Sequence[str], load: Loader, *, today: date | None = None
) -> Report:
    """Check a package whose files are read by ``load``; see `check_package`."""
    report = Report(diagnostics=list(package.config.diagnostics))
    declared = read_instruments(package, report)
    selected = select(package.layout.files, paths)
    chosen = {file.path for file in selected}
    # Which number a detector has, and when it ends, are questions to all files.
    report.reports = load(package.files, package.layout.files, declared)
    report.files = selected
    report.ranges, found = check_set(package.layout.files, report.reports)
    complete_instruments(package, report, declared)
    for path in chosen:
        report.diagnostics += report.reports[path].diagnostics
    report.diagnostics += _placed((d for d in found if d.file in chosen), package)
    everything = not paths
    report.diagnostics += [
        Diagnostic.from_problem(problem, path)
        for path, problem in package.layout.problems
        if everything or _below(path, paths)
    ]
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
    return [file for file in files if not paths or _below(file.path, paths)]


def _below(path: str, paths: Sequence[str]) -> bool:
    return any(path == p or path.startswith(f"{p.rstrip('/')}/") or p in ("", ".") for p in paths)


def read_instruments(package: Package, report: Report) -> dict[str, Instrument]:
    """Read the ``instrument.yaml`` files; what is wrong with them goes into the report."""
    declared = {}
    for directory, path in package.layout.instruments.items():
        if not path:
            continue
        data = read_file(package.files, path)
        text = data.decode("utf-8", errors="replace") if isinstance(data, bytes) else ""
        tree, problems = load_yaml(text) if isinstance(data, bytes) else (None, [data])
        if not problems:
            tree = (
                {**tree, **package.config.instruments.get(directory, {})} if isinstance(tree, dict) else tree
            )
            declared[directory], problems = parse_instrument(tree, directory)
        locate = yaml_locator(text)
        report.diagnostics += [Diagnostic.from_problem(p, path, *locate(p.pointer)) for p in problems]
    return declared


def complete_instruments(package: Package, report: Report, declared: Mapping[str, Instrument]) -> None:
    """Add to the declared instruments those that the files imply."""
    by_directory: dict[str, list[FileReport]] = {}
    for file in package.layout.files:
        by_directory.setdefault(file.key.instrument, []).append(report.reports[file.path])
    for directory in package.layout.instruments:
        known = declared.get(directory)
        if known is None:
            facts = (r.facts() for r in by_directory.get(directory, ()))
            known = infer_instrument(directory, facts)
            override = package.config.instruments.get(directory, {})
            if override:
                known = merge_override(known, override)
        report.instruments[directory] = known


def merge_override(instrument: Instrument, override: Mapping[str, object]) -> Instrument:
    """Return an inferred instrument with what ``curated.yaml`` says about it."""
    said, _ = parse_instrument({"name": instrument.name, **override}, instrument.directory)
    return Instrument(
        name=said.name,
        directory=instrument.directory,
        detectors={**instrument.detectors, **said.detectors},
        filters={**instrument.filters, **said.filters},
        class_name=said.class_name,
        visit_max=said.visit_max,
        exposure_max=said.exposure_max,
        visit_system=said.visit_system,
    )


def _reports(
    files: Files,
    listed: Sequence[CalibFile],
    declared: Mapping[str, Instrument],
    cache: Cache | None,
    jobs: int | None,
    progress: Progress | None,
) -> dict[str, FileReport]:
    reports: dict[str, FileReport] = {}
    todo = list(listed)
    if cache is not None:
        todo = []
        for file in listed:
            known = cache.get(file.path, content_key(files, file, declared))
            if known is None:
                todo.append(file)
            else:
                reports[file.path] = known
    work = partial(_work, files, dict(declared), cache is not None)
    for content, report in run_all(work, todo, jobs, progress):
        reports[report.path] = report
        if cache is not None and content:
            cache.put(content, report)
    if cache is not None:
        cache.save(complete=True)
    return reports


def content_key(files: Files, file: CalibFile, declared: Mapping[str, Instrument]) -> str:
    """Return what a report depends on, apart from the path: the content and the declared instrument."""
    data = read_file(files, file.path)
    return "" if isinstance(data, Problem) else _content_key(data, declared.get(file.key.instrument))


def _content_key(data: bytes, instrument: Instrument | None) -> str:
    return blob_sha1(data) + (f"-{hash_of(instrument)}" if instrument else "")


_HASHES: dict[int, tuple[Instrument, str]] = {}
"""By identity; the instrument stands beside its hash, so that no other one takes its place in memory."""


def hash_of(instrument: Instrument) -> str:
    """Return a short hash of an instrument's declaration."""
    known = _HASHES.get(id(instrument))
    if known is None:
        known = instrument, blob_sha1(repr(instrument).encode())[:12]
        _HASHES[id(instrument)] = known
    return known[1]


def _work(
    files: Files, declared: Mapping[str, Instrument], remembered: bool, chunk: Sequence[CalibFile]
) -> list[tuple[str, FileReport]]:
    results = []
    for file in chunk:
        _, data, report = check_one(files, file, declared)
        known = remembered and data
        results.append((_content_key(data, declared.get(file.key.instrument)) if known else "", report))
    return results


def check_one(
    files: Files, file: CalibFile, declared: Mapping[str, Instrument]
) -> tuple[Calib | None, bytes, FileReport]:
    """Read and check one file; a file that cannot be read is a finding."""
    data = read_file(files, file.path)
    if isinstance(data, Problem):
        return None, b"", _unread(file, data)
    instrument = declared.get(file.key.instrument)
    calib, report = check_file(file, data, instrument)
    return calib, data, report


def _unread(file: CalibFile, problem: Problem) -> FileReport:
    found = [Diagnostic.from_problem(problem, file.path)]
    return FileReport(file.path, file.key.detector, file.key.filter, {}, "", found)


def read_file(files: Files, path: str) -> bytes | Problem:
    """Return a file's content; a `Problem` where it cannot be read or is a link that leads out of the package."""
    try:
        return files.read(path)
    except LeadsOutError as error:
        return Problem("CAL106", (), error.strerror or "")
    except OSError as error:
        return Problem("CAL201", (), f"{error.strerror or error}")


def apply_silence(report: Report, package: Package, today: date | None, everything: bool) -> None:
    """Take silenced findings out; add findings about silencings that have expired or silence nothing."""
    silence = package.config.silence
    if not silence:
        return
    kept, used = [], set()
    for diagnostic in report.diagnostics:
        entry = next(
            (s for s in silence if s.covers(diagnostic) and (today is None or today <= s.until)), None
        )
        if entry is None:
            kept.append(diagnostic)
        else:
            used.add(entry.place)
            report.silenced += 1
    for entry in silence:
        at = ("silence", entry.place)
        if today is not None and today > entry.until:
            problem = Problem("CAL003", at, f"{entry.code} for {entry.path} was silenced until {entry.until}")
        elif everything and entry.place not in used:
            problem = Problem("CAL004", at, f"{entry.code} is not found in {entry.path}")
        else:
            continue
        kept.append(Diagnostic.from_problem(problem, CONFIG_FILE, entry.line, 1))
    report.diagnostics = kept
