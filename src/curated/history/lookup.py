"""Which calibration is in force at a time, now or as any commit knew it, and why the others are not."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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
from curated.git.revisions import find_revision
from curated.git.tree import read_tree
from curated.history.names import (
    detector_directory,
    instrument_directories,
    leave_out_hint,
    require_names,
)
from curated.history.products import OF_SKIPPED_FILES
from curated.package.config import CONFIG_FILE, Config, parse_config
from curated.package.instrument import Instrument
from curated.package.layout import directory_name, discover
from curated.package.package import Package
from curated.package.validity import Range, folded
from curated.registry import find_type, get_type


@dataclass(frozen=True, slots=True)
class Candidate:
    """A calibration that a lookup considered.

    Parameters
    ----------
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
    """Result of a lookup.

    Parameters
    ----------
    key : `CalibKey`
        Instrument, type, detector and filter, as the package names them.
    time : `datetime.datetime`
        The time of the lookup, UTC.
    in_force : `Candidate` or `None`
        The calibration in force; `None` if there is none.
    candidates : `tuple` [`Candidate`]
        All calibrations of the key, in the order of their starts.
    skipped : `tuple` [`tuple` [`str`, `str`]]
        Path of each file in the directories of the key that is not read though it looks like a calibration, and why.
    """

    key: CalibKey
    time: datetime
    in_force: Candidate | None
    candidates: tuple[Candidate, ...]
    skipped: tuple[tuple[str, str], ...] = ()


def lookup(
    package: Package,
    instrument: str,
    type_name: str,
    time: datetime,
    *,
    detector: str = "",
    filter_name: str = "",
    declared: Mapping[str, Instrument] | None = None,
) -> Answer:
    """Find the calibration in force.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree or, from `package_at`, of a commit.
    instrument : `str`
        The instrument's directory, or its name in a repository.
    type_name : `str`
        The calibration type, or an alias of it.
    time : `datetime.datetime`
        When, UTC; a boundary belongs to the later calibration.
    detector : `str`, optional
        Name or number of the detector, for types that have one.
    filter_name : `str`, optional
        The filter, for types that have one.
    declared : `dict` [`str`, `Instrument`], optional
        The declared instruments, by directory; they are read if not given.

    Raises
    ------
    CuratedError
        If there is no such type, instrument, detector or filter, or if the type needs a detector or filter that is
        not given; the hint names those that exist. A hole in validity is no error.
    """
    if declared is None:
        declared, _ = read_instruments(package)
    spec = get_type(type_name).SPEC
    directory = instrument_directories(package, declared, instrument)[0]
    for name, has_level, level in (
        (detector, spec.has_detector, "detector"),
        (filter_name, spec.has_filter, "filter"),
    ):
        if has_level and not name:
            raise CuratedError(f"{spec.name} has a {level} level", f"give the {level} (--{level})")
        if name and not has_level:
            raise CuratedError(f"{spec.name} has no {level} level", leave_out_hint(spec, level, name))
    if detector:
        detector = detector_directory(package, declared.get(directory), directory, detector)
    key = CalibKey(directory, spec.name, detector, directory_name(filter_name))
    _require_candidates(package, key)
    candidates = _find_candidates(package, declared, key, time)
    if not candidates:
        require_names(package, declared.get(directory), key)
    in_force = next((c for c in reversed(candidates) if time in c.range), None)
    return Answer(key, time, in_force, candidates, tuple(_find_skipped(package, key)))


def _find_skipped(package: Package, key: CalibKey) -> Iterator[tuple[str, str]]:
    """Yield the files of a key that are not read, and why; directories compare as they do in `discover`."""
    depth = len(package.top.split("/")) if package.top else 0
    names = [directory_name(name) for name in (key.instrument, key.detector, key.filter) if name]
    for path, problem in package.layout.problems:
        if problem.code not in OF_SKIPPED_FILES:
            continue
        instrument, *rest = path.split("/")[depth:-1] or [""]
        cls = find_type(rest[0]) if rest else None
        levels = [directory_name(name) for name in (instrument, *rest[1:])]
        if cls is not None and cls.SPEC.name == key.type and levels == names:
            yield path, problem.detail


def _require_candidates(package: Package, key: CalibKey) -> None:
    """Raise an error if git hides a calibration that might be in force, or the description of the instrument."""
    if not package.hidden:
        return
    layout = discover(list(package.hidden), package.top)
    paths = [file.path for file in layout.files if folded(file.key) == folded(key)]
    paths += [path for directory, path in layout.instruments.items() if directory == key.instrument]
    package.require_whole(paths, "what is in force is not known", "look in the commit with '--as-of HEAD'")


def _find_candidates(
    package: Package, declared: Mapping[str, Instrument], key: CalibKey, time: datetime
) -> tuple[Candidate, ...]:
    files = [file for file in package.layout.files if folded(file.key) == folded(key)]
    reports = {f.path: read_and_check(package.files, f, declared, companion=False).report for f in files}
    ranges = resolve_ranges(files, reports)
    return tuple(
        Candidate(file, ranges[file.path], _verdict(ranges[file.path], time, reports[file.path]))
        for file in sorted(files, key=lambda file: (file.start, file.path))
    )


def _verdict(valid: Range, time: datetime, report: FileReport) -> str:
    if valid.deprecation is not None:
        return f"passed over, {valid.deprecation}"
    if time < valid.start:
        return f"starts later, at {iso(valid.start)}"
    if valid.end is not None and time >= valid.end:
        reason = "its VALIDEND" if report.end else "the next one starts"
        return f"ended at {iso(valid.end)}, {reason}"
    return "in force"


# -- git --------------------------------------------------------------------------------------------------


def package_at(root: Path, revision: str) -> tuple[Package, str]:
    """Return the package as a commit has it, without a checkout, and that commit's SHA1.

    Parameters
    ----------
    root : `~pathlib.Path`
        The package's root in a work tree, or a repository without one.
    revision : `str`
        A commit, a branch, a tag or a date; see `~curated.git.revisions.find_revision`.

    Raises
    ------
    CuratedError
        If there is no repository, or no such commit.
    """
    repository = open_repository(root)
    sha1, _, remarks = find_revision(repository, revision)
    for remark in remarks:
        warnings.warn(remark, stacklevel=3)
    tree = CommitTree(repository, sha1)
    config = Config(calibs="")
    bare = CONFIG_FILE not in tree.blobs
    if bare and read_tree(repository, sha1, [repository.pathspec(CONFIG_FILE)]):
        raise CuratedError(
            f"{CONFIG_FILE} of commit {sha1[:12]} is no file of the package, and is not read",
            "name a commit that has the file itself instead of a link",
        )
    if not bare:
        config = parse_config(tree.read(CONFIG_FILE).decode("utf-8", errors="replace"))
        tree.top = config.top
    return Package(root, tree, config, bare=bare), sha1


def last_commit(package: Package, path: str, sha1: str = "") -> Commit | None:
    """Return the last commit that changed a file; `None` if git does not know it. See `last_commits_of`."""
    return last_commits_of(package, [path], sha1, path).get(path)


def last_commits_of(
    package: Package, paths: Iterable[str], sha1: str = "", top: str | None = None
) -> dict[str, Commit]:
    """Return the last commit that changed each file, by path, of those that git knows.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree or of a commit.
    paths : iterable [`str`]
        Paths of files in the package.
    sha1 : `str`, optional
        The commit from which to look back; HEAD if not given.
    top : `str`, optional
        Directory that all of them are below; the calibration directory if not given.
    """
    try:
        repository = open_repository(package.root)
        sha1 = sha1 or resolve_commit(repository)
    except CuratedError:
        return {}
    if is_shallow(repository):
        return {}  # where history is cut off, the last commit is not the last change
    top = package.top if top is None else top
    all_blobs = find_blobs(repository, sha1, top)
    blobs = {path: all_blobs[path] for path in paths if path in all_blobs}
    return last_commits(repository, sha1, blobs, top)
