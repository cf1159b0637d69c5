"""The audit of files: what each image was made with, or what became of a calibration that curated wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from curated.audit.header import Exposure, ImageHeader, Use, read_image_header, with_time
from curated.audit.origin import Origin, Releases, Source, Unknown, read_evidence
from curated.audit.past import Past
from curated.audit.standing import Judge, Standing, Status
from curated.audit.state import Memory, State
from curated.core.diagnostic import CuratedError, Diagnostic, Problem
from curated.core.keys import CalibFile
from curated.core.parallel import Progress
from curated.core.storage.limits import raise_exhausted
from curated.core.times import EARLIEST, LATEST, parse_time, utc_times
from curated.datasets.names import is_instrument, is_label
from curated.fits.file_headers import read_headers
from curated.fits.header import DamagedError
from curated.git.repository import Repository, find_work_tree, open_repository, resolve_commit
from curated.git.revisions import find_revision
from curated.history.exposure.raw import instrument_settings, read_exposure
from curated.history.lookup import package_at
from curated.history.names import known_names
from curated.package.layout import discover
from curated.package.package import Package
from curated.package.sharing import is_shared_directory
from curated.package.validity import Range, covering

_MOST_HDUS = 8
_MOST_NAMED = 5
_EPOCH = datetime(1970, 1, 1)
_STATUS_ORDER = {status: number for number, status in enumerate(Status)}


@dataclass(frozen=True, slots=True)
class AuditedFile:
    """What was found out about a file.

    Parameters
    ----------
    path : `str`
        The file, as it was named.
    exposure : `Exposure` or `None`
        The exposure that was processed; `None` for a calibration that curated wrote, and for a file without provenance.
    standings : `tuple` [`Standing`]
        Its calibrations, the worst first.
    findings : `tuple` [`Diagnostic`]
        What is wrong with the file itself.
    """

    path: str
    exposure: Exposure | None = None
    standings: tuple[Standing, ...] = ()
    findings: tuple[Diagnostic, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Whether all its calibrations are in force, or no matter of the package, and nothing is wrong with it."""
        return not self.findings and all(standing.status.is_settled for standing in self.standings)

    @property
    def rank(self) -> int:
        """Where it comes in a list, the worst first."""
        ranks = [_STATUS_ORDER[standing.status] for standing in self.standings]
        return -1 if self.findings else min(ranks, default=len(_STATUS_ORDER))


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit of files.

    Parameters
    ----------
    state : `str`
        By which state was judged: the SHA1 of a commit, or ``work tree``.
    files : `tuple` [`AuditedFile`]
        The files, the worst first.
    """

    state: str
    files: tuple[AuditedFile, ...]

    @property
    def counts(self) -> dict[Status, int]:
        """Numbers of calibrations by what became of them."""
        counts = dict.fromkeys(Status, 0)
        for file in self.files:
            for standing in file.standings:
                counts[standing.status] += 1
        return counts

    @property
    def is_settled(self) -> bool:
        """Whether nothing has to be done about any of the files."""
        return all(file.is_settled for file in self.files)


def audit(
    package: Package,
    paths: Iterable[str],
    *,
    revision: str = "",
    bundles: Sequence[str] = (),
    releases: Sequence[str] = (),
    names: Sequence[str] = (),
    with_effects: bool = False,
    progress: Progress | None = None,
) -> Audit:
    """Find out for FITS files which calibrations were applied, and whether these are still in force.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    revision : `str`, optional
        By which state to judge; the work tree if it is empty.
    bundles : sequence [`str`], optional
        Directories of bundles, whose manifests say what their datasets were made of.
    releases : sequence [`str`], optional
        Commits of releases whose labels are no tags, as ``LABEL=REV``.
    names : sequence [`str`], optional
        Names of instruments in the repository, as ``DIRECTORY=NAME``.
    with_effects : `bool`, optional
        Whether to measure what successors change.
    progress : callable, optional
        Called with how many files are done and how many there are.

    Raises
    ------
    CuratedError
        If there is no such revision, release or bundle.
    """
    auditor = open_auditor(
        package,
        revision=revision,
        bundles=bundles,
        releases=releases,
        names=names,
        with_effects=with_effects,
    )
    files = list(paths)
    headers = _in_utc([(path, _read(path)) for path in files])
    audited = []
    for number, (path, header) in enumerate(headers, 1):
        audited.append(header if isinstance(header, AuditedFile) else auditor.audit_file(path, header))
        if progress is not None:
            progress(number, len(files))
    return Audit(auditor.name, tuple(sorted(audited, key=lambda file: file.rank)))


def open_auditor(
    package: Package,
    *,
    revision: str = "",
    bundles: Sequence[str] = (),
    releases: Sequence[str] = (),
    names: Sequence[str] = (),
    with_effects: bool = False,
) -> Auditor:
    """Open the package and its history for an audit; see `audit`."""
    repository = open_repository(package.root) if find_work_tree(package.root) is not None else None
    if repository is None and (revision or releases):
        raise CuratedError(f"{package.root} is not in a git repository", "leave out --rev and --release")
    commit, now = "", package
    if repository is not None:
        commit = find_revision(repository, revision).sha1 if revision else _head(repository)
        now = package_at(package.root, commit)[0] if revision else package
    memory = Memory(_names(now, names))
    past = Past(repository if commit else None, commit, now.top, memory)
    state = State(now, memory, commit if revision else "")
    choices = _choices(repository, releases) if repository is not None else {}
    origins = Releases(state, repository if commit else None, past, read_evidence(bundles), choices)
    return Auditor(commit if revision else "work tree", origins, Judge(state, past, with_effects), repository)


def _names(package: Package, names: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in names:
        directory, _, name = text.partition("=")
        if not is_instrument(name):
            raise CuratedError(
                f"{text!r:.80} is not DIRECTORY=NAME",
                "write it like --instrument demo=Demo, with the name that the repository has",
            )
        if directory not in package.layout.instruments:
            raise CuratedError(
                f"the package has no instrument {directory!r:.80}",
                known_names(directory, package.layout.instruments, "instruments"),
            )
        pairs[directory] = name.lower()
    return pairs


def _head(repository: Repository) -> str:
    try:
        return resolve_commit(repository)
    except CuratedError:
        return ""


def _choices(repository: Repository, releases: Sequence[str]) -> dict[str, str]:
    choices = {}
    for text in releases:
        label, _, revision = text.partition("=")
        if not is_label(label) or not revision:
            raise CuratedError(f"{text!r:.80} is not LABEL=REV", "write it like --release w_2024_10=v1.2")
        choices[label] = find_revision(repository, revision).sha1
    return choices


@dataclass(slots=True)
class Auditor:
    """Audits files by one state of a package.

    Parameters
    ----------
    name : `str`
        Name of the state.
    releases : `Releases`
        Where calibrations come from.
    judge : `Judge`
        What became of them.
    repository : `Repository` or `None`
        Where the package is.
    """

    name: str
    releases: Releases
    judge: Judge
    repository: Repository | None = None
    _origins: dict[tuple[Use, str, str, str], Origin] = field(default_factory=dict)

    def audit_file(self, path: str, header: ImageHeader) -> AuditedFile:
        """Return what became of the calibrations of a file, whose time is in UTC."""
        findings = []
        if header.contradictions:
            names = ", ".join(header.contradictions[:_MOST_NAMED])
            more = (
                f" and {len(header.contradictions) - _MOST_NAMED} more"
                if header.contradictions[_MOST_NAMED:]
                else ""
            )
            findings.append(
                Problem(
                    "CAL462",
                    (),
                    f"{names}{more} {'has' if len(header.contradictions) == 1 else 'have'} several values",
                )
            )
        if header.stamp and not header.uses:
            standings = [*self._of_stamp(header.stamp)]
            exposure = None
        else:
            exposure = self._mapped(path, header)
            standings = [*self._of_uses(header.uses, exposure)]
            findings += self._problems(exposure, standings)
        standings.sort(key=lambda standing: (_STATUS_ORDER[standing.status], standing.use.role))
        return AuditedFile(
            path, exposure, tuple(standings), tuple(Diagnostic.from_problem(p, path) for p in findings)
        )

    def _mapped(self, path: str, header: ImageHeader) -> Exposure:
        """Return the exposure of a header by the mapping of its instrument, if it declares one or something lacks."""
        state, exposure = self.judge.now, header.exposure
        directories = state.directories(exposure.instrument) if exposure.instrument else []
        settings = [instrument_settings(state.package, state.declared, name) for name in directories]
        is_declared = any(entry.headers.declared for entry in settings or state.declared.values())
        if not is_declared and exposure.time is not None and exposure.detector:
            return exposure
        try:
            raw = read_exposure(state.package, state.declared, path, directories[0] if directories else "")
        except CuratedError:
            return exposure  # what the usual keywords say
        name = instrument_settings(state.package, state.declared, raw.instrument).name
        detector = state.detector_number(raw.instrument, raw.detector)
        return Exposure(
            exposure.instrument or name,
            exposure.detector if "detector" in header.butler else detector or exposure.detector,
            exposure.filter if "filter" in header.butler else raw.filter or exposure.filter,
            raw.begin,
        )

    def _problems(self, exposure: Exposure, standings: Sequence[Standing]) -> Iterator[Problem]:
        if not standings:
            yield Problem("CAL461", (), "no header says which calibrations were applied")
        elif exposure.time is None and any(s.status is not Status.FOREIGN for s in standings):
            yield Problem("CAL463", (), "no header has the time of the exposure in UTC or TAI")

    def _of_uses(self, uses: Sequence[Use], exposure: Exposure) -> Iterator[Standing]:
        for use in uses:
            key = use, exposure.instrument, exposure.detector, exposure.filter
            if key not in self._origins:
                self._origins[key] = self.releases.find_origin(use, exposure)
            origin = self._origins[key]
            # An input of which only the ID is recorded is mostly an image.
            if use.dataset_type or isinstance(origin, Source):
                yield self.judge.judge(use, origin, exposure)

    # -- a calibration that curated wrote ---------------------------------------------------------------------

    def _of_stamp(self, stamp: Mapping[str, Any]) -> Iterator[Standing]:
        """Yield what became of a calibration over the times for which it was made."""
        use = Use(str(stamp.get("REPOPATH", "")))
        prefix = self.repository.prefix if self.repository is not None else ""
        path = use.role.removeprefix(prefix)
        source = Source("", str(stamp["REPOSHA1"]), path, str(stamp.get("BLOBSHA1", "")))
        if stamp.get("REPODIRT") is True:
            source = source._replace(remark="it was made with changes that were not committed")
        file = self._find_file(path)
        valid = _range(stamp)
        if file is None or valid is None:
            reason = (
                "its path is that of no calibration of this package"
                if file is None
                else "its header has no VALIDSTART and VALIDEND that are times"
            )
            yield self.judge.judge(use, Unknown(reason), Exposure())
            return
        source = self._with_state(source)
        epochs = [(f.path, r) for f, r in self.judge.now.epochs(file.key)]
        standings = [
            self.judge.judge_at(use, source, file, part.start) for part, _ in covering(valid, epochs)
        ]
        worst = min(standings, key=lambda standing: _STATUS_ORDER[standing.status])
        remarks = (source.remark, *worst.remarks) if source.remark else worst.remarks
        yield Standing(
            use, worst.status, source, worst.successor, worst.range, worst.since, worst.effects, remarks
        )

    def _find_file(self, path: str) -> CalibFile | None:
        now = self.judge.now
        if path in now.files_by_path:
            return now.files_by_path[path]
        file = next(iter(discover([path], now.package.top).files), None)
        # Of a shared file that is gone, nothing tells whose it was.
        is_shared = file is not None and any(map(is_shared_directory, (file.key.detector, file.key.filter)))
        return None if is_shared and not now.package.bare else file

    def _with_state(self, source: Source) -> Source:
        """Return a source with the package at its commit, if that is in this repository."""
        try:
            state = self.releases.state(source.commit)
        except CuratedError:
            return source
        return source._replace(state=state, file=state.files_by_path.get(source.path))


def _range(stamp: Mapping[str, Any]) -> Range | None:
    try:
        start = parse_time(str(stamp.get("VALIDSTART")))
        end = parse_time(str(stamp["VALIDEND"])) if stamp.get("VALIDEND") else None
    except ValueError:
        return None
    return Range(start, end) if end is None or start < end else None


# -- headers ----------------------------------------------------------------------------------------------


def _read(path: str) -> ImageHeader | AuditedFile:
    """Return what the headers of a file say, or a finding if it cannot be read."""
    try:
        return read_image_header(read_headers(path, _MOST_HDUS))
    except DamagedError as error:
        detail = f"is no FITS file that can be read: it {error}"
    except OSError as error:
        raise_exhausted(error)
        detail = f"cannot be read: {error.strerror or error}"
    except ValueError as error:  # a name with a NUL
        detail = f"cannot be read: {error}"
    return AuditedFile(path, findings=(Diagnostic.from_problem(Problem("CAL460", (), detail), path),))


def _in_utc(
    headers: Sequence[tuple[str, ImageHeader | AuditedFile]],
) -> Iterator[tuple[str, ImageHeader | AuditedFile]]:
    """Yield headers with their times in UTC; all are converted at once."""
    nanoseconds = {
        header.exposure.time: round((header.exposure.time - _EPOCH).total_seconds() * 1_000_000) * 1000
        for _, header in headers
        if isinstance(header, ImageHeader)
        and header.is_tai
        and header.exposure.time is not None
        # Beyond what a repository holds, seconds do not matter.
        and EARLIEST < header.exposure.time < LATEST
    }
    times = utc_times(nanoseconds.values()) if nanoseconds else {}
    for path, header in headers:
        if isinstance(header, ImageHeader) and header.is_tai and header.exposure.time is not None:
            time = header.exposure.time
            yield path, with_time(header, times.get(nanoseconds.get(time, 0), time))
        else:
            yield path, header
