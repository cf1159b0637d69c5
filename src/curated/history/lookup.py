"""Which calibration is in force at a time, now or as any commit knew it, and why the others are not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from curated.check.file import FileReport
from curated.check.run import Report, check_one, read_instruments
from curated.diagnostic import CuratedError
from curated.git import Change, CommitTree, Repository
from curated.instrument import Instrument
from curated.layout import directory_name
from curated.model import CalibFile, CalibKey
from curated.package import Config, Package, has_package_shape, parse_config
from curated.registry import get_type
from curated.times import iso
from curated.validity import Range, resolve


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
    change : `Change` or `None`
        The last commit that changed the file, where git knows it.
    """

    key: CalibKey
    time: datetime
    found: Candidate | None
    candidates: tuple[Candidate, ...]
    commit: str = ""
    change: Change | None = None


def package_at(package: Package, revision: str) -> tuple[Package, str]:
    """Return the package as a commit has it, without a checkout, and that commit's SHA1."""
    repository = Repository(package.root)
    sha1 = repository.commit(revision)
    tree = CommitTree(repository, sha1)
    config = Config(calibs="")
    bare = "curated.yaml" not in tree.blobs
    if not bare:
        config = parse_config(tree.read("curated.yaml").decode("utf-8", errors="replace"))
        tree.top = config.calibs.strip("/")
    return Package(package.root, tree, config, bare=bare), sha1


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
    spec = get_type(type_name).SPEC
    report = Report()
    declared = read_instruments(package, report)
    directory = _directory(package, declared, instrument)
    for given, has, what in (
        (detector, spec.has_detector, "detector"),
        (filter_name, spec.has_filter, "filter"),
    ):
        if has and not given:
            raise CuratedError(f"{spec.name} has a {what} level", f"give --{what}")
        if given and not has:
            raise CuratedError(f"{spec.name} has no {what} level", f"leave --{what} out")
    named = _detector(package, declared.get(directory), directory, detector) if detector else ""
    key = CalibKey(directory, spec.name, named, directory_name(filter_name))
    epochs = [f for f in package.layout.files if _same(f.key, key)]
    reports = {f.path: check_one(package.files, f, declared)[2] for f in epochs}
    ranges, _ = resolve(epochs, {p: datetime.fromisoformat(r.end) for p, r in reports.items() if r.end})
    candidates = tuple(
        Candidate(f, ranges[f.path], _verdict(ranges[f.path], time, reports[f.path]))
        for f in sorted(epochs, key=lambda f: (f.start, f.path))
    )
    found = next((c for c in reversed(candidates) if time in c.range), None)
    return Answer(key, time, found, candidates, commit, _change(package, found, commit))


def _directory(package: Package, declared: dict[str, Instrument], name: str) -> str:
    known = list(package.layout.instruments)
    for directory in known:
        if name.lower() in (
            directory.lower(),
            declared[directory].name.lower() if directory in declared else "",
        ):
            return directory
    raise CuratedError(f"unknown instrument {name!r}", f"known instruments: {', '.join(known) or 'none'}")


def _detector(package: Package, instrument: Instrument | None, directory: str, given: str) -> str:
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
            if check_one(package.files, file, {})[2].keywords.get("DETECTOR") == int(given):
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
    if time < valid.start:
        return f"starts later, at {iso(valid.start)}"
    if valid.end is not None and time >= valid.end:
        kind = "its VALIDEND" if report.end else "the next one starts"
        return f"ended at {iso(valid.end)}, {kind}"
    return "in force"


def _change(package: Package, found: Candidate | None, commit: str) -> Change | None:
    if found is None:
        return None
    try:
        repository = Repository(package.root)
        sha1 = commit or repository.commit()
    except CuratedError:
        return None
    if repository.is_shallow:
        return None  # where history is cut off, the last commit is not the last change
    path = found.file.path
    blobs = {p: b for p, b in repository.blobs(sha1, path).items() if p == path}
    return repository.last_changes(sha1, blobs, path).get(path)


__all__ = ["Answer", "Candidate", "has_package_shape", "lookup", "package_at"]
