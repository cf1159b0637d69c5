"""Which calibration is in force at a time, now or as any commit knew it, and why the others are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from curated.check.file import read_and_check
from curated.check.instruments import read_instruments
from curated.check.report import FileReport, resolve_ranges
from curated.core.diagnostic import CuratedError
from curated.core.keys import CalibFile, CalibKey
from curated.core.times import iso
from curated.git.changes import Commit, last_commits
from curated.git.objects import CommitTree, find_blobs
from curated.git.repository import is_shallow, open_repository, resolve_commit
from curated.package.config import Config, parse_config
from curated.package.instrument import Instrument
from curated.package.layout import directory_name
from curated.package.package import Package
from curated.package.validity import Range
from curated.registry import get_type


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that was considered.

    Parameters
    ----------
    file : `CalibFile`
        The file.
    range : `Range`
        When it is in force.
    verdict : `str`
        Why it is, or is not, in force at the time.
    """

    file: CalibFile
    range: Range
    verdict: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a lookup found.

    Parameters
    ----------
    key : `CalibKey`
        What was looked for.
    time : `datetime.datetime`
        For when, UTC.
    found : `Candidate` or `None`
        The calibration in force; `None` where there is none.
    candidates : `tuple` [`Candidate`]
        All files of the key, in the order of their starts.
    commit : `str`
        The commit that was asked; empty for the work tree.
    change : `Commit` or `None`
        The last commit that changed the file, where git knows it.
    """

    key: CalibKey
    time: datetime
    found: Candidate | None
    candidates: tuple[Candidate, ...]
    commit: str = ""
    change: Commit | None = None


def package_at(package: Package, revision: str) -> tuple[Package, str]:
    """Return the package as a commit has it, without a checkout, and that commit's SHA1."""
    return committed_package(package.root, revision)


def committed_package(root: Path, revision: str) -> tuple[Package, str]:
    """Return the package of a commit; see `package_at`.

    Parameters
    ----------
    root : `~pathlib.Path`
        The package's root in a work tree, or a repository without one.
    revision : `str`
        The commit.
    """
    repository = open_repository(root)
    sha1 = resolve_commit(repository, revision)
    tree = CommitTree(repository, sha1)
    config = Config(calibs="")
    bare = "curated.yaml" not in tree.blobs
    if not bare:
        config = parse_config(tree.read("curated.yaml").decode("utf-8", errors="replace"))
        tree.top = config.top
    return Package(root, tree, config, bare=bare), sha1


def lookup(
    package: Package,
    instrument: str,
    type_name: str,
    time: datetime,
    *,
    detector: str = "",
    filter_name: str = "",
    as_of: str | None = None,
) -> Answer:
    """Find the calibration in force.

    Parameters
    ----------
    package : `Package`
        The package.
    instrument : `str`
        The instrument's directory, or its name in a repository.
    type_name : `str`
        The calibration type, or an alias of it.
    time : `datetime.datetime`
        When, UTC; a boundary belongs to the later calibration.
    detector : `str`, optional
        Name or number of the detector.
    filter_name : `str`, optional
        Name of the filter.
    as_of : `str`, optional
        The revision whose knowledge counts; the work tree if not given.

    Raises
    ------
    CuratedError
        If the type needs a detector or filter that is not given, or the instrument does not exist.
    """
    commit = ""
    if as_of is not None:
        package, commit = package_at(package, as_of)
    declared, _ = read_instruments(package)
    answer = find(package, declared, instrument, type_name, time, detector=detector, filter_name=filter_name)
    return replace(answer, commit=commit, change=_change(package, answer.found, commit))


def find(
    package: Package,
    declared: Mapping[str, Instrument],
    instrument: str,
    type_name: str,
    time: datetime,
    *,
    detector: str = "",
    filter_name: str = "",
) -> Answer:
    """Find the calibration in force, without asking git who changed it; see `lookup`.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree or of a commit.
    declared : `dict` [`str`, `Instrument`]
        Its instruments that are declared, by directory.
    instrument, type_name, time, detector, filter_name
        As for `lookup`.
    """
    spec = get_type(type_name).SPEC
    directory = instrument_directory(package, declared, instrument)
    for given, has, what in (
        (detector, spec.has_detector, "detector"),
        (filter_name, spec.has_filter, "filter"),
    ):
        if has and not given:
            raise CuratedError(f"{spec.name} has a {what} level", f"give the {what} (--{what})")
        if given and not has:
            raise CuratedError(f"{spec.name} has no {what} level", f"leave the {what} out (--{what})")
    named = detector_directory(package, declared.get(directory), directory, detector) if detector else ""
    key = CalibKey(directory, spec.name, named, directory_name(filter_name))
    return Answer(key, time, *_in_force(package, declared, key, time))


def _in_force(
    package: Package, declared: Mapping[str, Instrument], key: CalibKey, time: datetime
) -> tuple[Candidate | None, tuple[Candidate, ...]]:
    """Return the file in force, and all files of the key in the order of their starts."""
    epochs = [f for f in package.layout.files if _same(f.key, key)]
    reports = {f.path: read_and_check(package.files, f, declared, companion=False).report for f in epochs}
    ranges = resolve_ranges(epochs, reports)
    candidates = tuple(
        Candidate(f, ranges[f.path], _verdict(ranges[f.path], time, reports[f.path]))
        for f in sorted(epochs, key=lambda f: (f.start, f.path))
    )
    return next((c for c in reversed(candidates) if time in c.range), None), candidates


def instrument_directory(package: Package, declared: Mapping[str, Instrument], name: str) -> str:
    """Return the directory of an instrument that is named as in the package or in a repository."""
    known = list(package.layout.instruments)
    for directory in known:
        if name.lower() in (
            directory.lower(),
            declared[directory].name.lower() if directory in declared else "",
        ):
            return directory
    raise CuratedError(f"unknown instrument {name!r}", f"known instruments: {', '.join(known) or 'none'}")


def detector_directory(package: Package, instrument: Instrument | None, directory: str, given: str) -> str:
    """Return the directory of a detector that is named, or numbered."""
    wanted = directory_name(given)
    directories = {f.key.detector for f in package.layout.files if f.key.instrument == directory}
    if wanted in directories or not given.isdecimal():
        return wanted
    if instrument is not None:
        return next((d for d, known in instrument.detectors.items() if known.id == int(given)), wanted)
    for file in package.layout.files:
        # Any file of a detector tells its number; the first one is enough.
        if file.key.instrument == directory and file.key.detector in directories:
            directories.discard(file.key.detector)
            report = read_and_check(package.files, file, {}, companion=False).report
            if report.keywords.get("DETECTOR") == int(given):
                return file.key.detector
    return wanted


def _same(one: CalibKey, other: CalibKey) -> bool:
    return (one.instrument.lower(), one.type, one.detector, one.filter) == (
        other.instrument.lower(),
        other.type,
        other.detector,
        other.filter,
    )


def _verdict(valid: Range, time: datetime, report: FileReport) -> str:
    if valid.deprecation is not None:
        return f"passed over, {valid.deprecation}"
    if time < valid.start:
        return f"starts later, at {iso(valid.start)}"
    if valid.end is not None and time >= valid.end:
        kind = "its VALIDEND" if report.end else "the next one starts"
        return f"ended at {iso(valid.end)}, {kind}"
    return "in force"


def _change(package: Package, found: Candidate | None, commit: str) -> Commit | None:
    if found is None:
        return None
    try:
        repository = open_repository(package.root)
        sha1 = commit or resolve_commit(repository)
    except CuratedError:
        return None
    if is_shallow(repository):
        return None  # where history is cut off, the last commit is not the last change
    path = found.file.path
    blobs = {p: b for p, b in find_blobs(repository, sha1, path).items() if p == path}
    return last_commits(repository, sha1, blobs, path).get(path)


__all__ = ["Answer", "Candidate", "committed_package", "find", "lookup", "package_at"]
