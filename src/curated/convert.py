"""Checked calibrations to stamped FITS files: all of them, or none."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from curated.check.cache import blob_sha1
from curated.check.file import FileReport
from curated.check.one import check_one
from curated.check.report import Report
from curated.check.run import check_loaded, select
from curated.config import Silence
from curated.diagnostic import CuratedError
from curated.files import Files
from curated.fits.writer import fits_blocks
from curated.instrument import Instrument
from curated.model import CalibFile
from curated.origin import Origin
from curated.package import Package
from curated.parallel import Progress, run_all
from curated.text.side import side_path, side_text
from curated.times import iso
from curated.validity import by_key


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written: its path in the output directory, its size in bytes and its hash."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Converted:
    """One FITS file.

    Parameters
    ----------
    file : `CalibFile`
        The calibration that it was made of.
    path : `str`
        Its path in the output directory.
    size : `int`
        Its size in bytes.
    sha256 : `str`
        Its hash.
    blob : `str`
        Git blob of the source.
    provenance : `Written`, optional
        The file beside it that holds its provenance, where it has any.
    """

    file: CalibFile
    path: str
    size: int
    sha256: str
    blob: str
    provenance: Written | None = None


def fits_path(path: str) -> str:
    """Return the path of the FITS file of a calibration file."""
    return f"{os.path.splitext(path)[0]}.fits"


def convert_package(
    package: Package,
    origin: Origin,
    output: Path,
    paths: Sequence[str] = (),
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    records: bool = False,
) -> tuple[Report, list[Converted]]:
    """Convert a package, or some of its files, to FITS below a new directory.

    Parameters
    ----------
    package : `Package`
        The package.
    origin : `Origin`
        The commit.
    output : `~pathlib.Path`
        Where to write; the caller makes it and, if the report has failed, throws it away.
    paths : sequence [`str`], optional
        Files or directories relative to the package's root; all files if empty.
    jobs : `int`, optional
        Number of processes.
    progress : `~collections.abc.Callable`, optional
        Told of progress.
    records : `bool`, optional
        Whether provenance is written as text too, beside each file that holds it.

    Returns
    -------
    report : `Report`
        What the check found.
    converted : `list` [`Converted`]
        The files; those with errors are left out.
    """
    made: dict[str, Converted] = {}

    def load(
        files: Files, listed: Sequence[CalibFile], declared: Mapping[str, Instrument]
    ) -> dict[str, FileReport]:
        reports = {}
        # Of two files of one name only the first is written; that there are two is found by the check.
        places = {fits_path(file.path): file.path for file in reversed(select(listed, paths))}
        selected = frozenset(places.values())
        task = _Task(
            files,
            dict(declared),
            origin,
            _next_starts(package),
            str(output),
            selected,
            package.config.silence,
            records,
        )
        for report, converted in run_all(task, listed, jobs, progress):
            reports[report.path] = report
            if converted is not None:
                made[report.path] = converted
        return reports

    report = check_loaded(package, paths, load)
    missing = [file.path for file in report.files if file.path not in made]
    if missing and not report.failed:
        hint = "silence only findings that leave a calibration behind; correct the file or remove it"
        raise CuratedError(f"{missing[0]} cannot be converted, though its errors are silenced", hint)
    return report, [made[file.path] for file in report.files if file.path in made]


def _next_starts(package: Package) -> dict[str, datetime]:
    starts = {}
    for epochs in by_key(package.layout.files).values():
        for file, following in pairwise(epochs):
            starts[file.path] = following.start
    return starts


@dataclass(frozen=True, slots=True)
class _Task:
    """The work on one file after the other, with what all of them need."""

    files: Files
    declared: Mapping[str, Instrument]
    origin: Origin
    next_starts: Mapping[str, datetime]
    output: str
    selected: frozenset[str]
    silence: tuple[Silence, ...]
    records: bool

    def __call__(self, chunk: Sequence[CalibFile]) -> list[tuple[FileReport, Converted | None]]:
        return [self._one(file) for file in chunk]

    def _one(self, file: CalibFile) -> tuple[FileReport, Converted | None]:
        calib, data, report = check_one(self.files, file, self.declared)
        if calib is None or file.path not in self.selected or self._is_wrong(report):
            return report, None
        following = self.next_starts.get(file.path)
        end = report.end or (iso(following) if following else "")
        blob = self._committed(file.path, data)
        if file.side:
            self._committed(file.side, self.files.read(file.side))
        written = self._write(fits_path(file.path), fits_blocks(calib, self.origin.stamp(file, blob, end)))
        beside = None
        if self.records and calib.provenance:
            beside = self._write(side_path(file.path), [side_text(calib.provenance).encode()])
        return report, Converted(file, written.path, written.size, written.sha256, blob, beside)

    def _committed(self, path: str, data: bytes) -> str:
        """Return the blob of a file, which is the commit's where the work tree is clean."""
        blob = blob_sha1(data)
        if self.origin.dirty or blob == self.origin.blobs[path]:
            return blob
        # A clean work tree can still differ from its blobs by line ends; the commit is what is stamped.
        blob = blob_sha1(data.replace(b"\r\n", b"\n"))
        if blob != self.origin.blobs[path]:
            raise CuratedError(
                f"{path} is not what git takes it for",
                "see 'git ls-files -v' for files that git is told not to look at, and run it again",
            )
        return blob

    def _write(self, path: str, blocks: Iterable[bytes]) -> Written:
        size, digest = _write(os.path.join(self.output, path), blocks)
        return Written(path, size, digest)

    def _is_wrong(self, report: FileReport) -> bool:
        return any(d.is_error and not any(s.covers(d) for s in self.silence) for d in report.diagnostics)


def _write(target: str, blocks: Iterable[bytes]) -> tuple[int, str]:
    """Write a new file, and its directory where there is none yet; return its size and its SHA-256."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        handle = os.open(target, flags, 0o666)
    except FileNotFoundError:
        _make_directory(os.path.dirname(target))
        handle = os.open(target, flags, 0o666)
    size, digest = 0, hashlib.sha256()
    try:
        for block in blocks:
            digest.update(block)
            size += len(block)
            view = memoryview(block)
            while view:
                view = view[os.write(handle, view) :]
    finally:
        os.close(handle)
    return size, digest.hexdigest()


def _obstacle(source: Path, target: Path) -> Path | None:
    """Return what a file or directory cannot take the place of."""
    for entry in os.scandir(source):
        place, is_directory = target / entry.name, entry.is_dir(follow_symlinks=False)
        if os.path.lexists(place) and place.is_dir() != is_directory:
            return place
        found = _obstacle(Path(entry.path), place) if is_directory and place.is_dir() else None
        if found is not None:
            return found
    return None


def _make_directory(path: str) -> None:
    """Make a directory, and those above it that do not exist, asking no more than needed."""
    try:
        os.mkdir(path)
    except FileNotFoundError:
        _make_directory(os.path.dirname(path))
        os.mkdir(path)
    except FileExistsError:
        pass  # another process was first


def _merge(source: Path, target: Path) -> None:
    """Move files to where others may be already; whole directories where there are none."""
    for entry in sorted(os.scandir(source), key=lambda e: e.name):
        place = target / entry.name
        if entry.is_dir(follow_symlinks=False) and place.is_dir():
            _merge(Path(entry.path), place)
        else:
            os.replace(entry.path, place)


def convert_into(
    package: Package,
    origin: Origin,
    output: Path,
    paths: Sequence[str] = (),
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> tuple[Report, list[Converted]]:
    """Convert into a directory that may hold files already; see `convert_package`.

    Everything is written beside first, and moved into place only if nothing is wrong.

    Raises
    ------
    CuratedError
        If something stands in the way.
    """
    made = [path for path in (output, *output.parents) if not path.exists()]
    output.mkdir(parents=True, exist_ok=True)
    staging = output / f".curated-{os.getpid()}"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        staging.mkdir()
        report, converted = convert_package(package, origin, staging, paths, jobs=jobs, progress=progress)
        if not report.failed:
            obstacle = _obstacle(staging, output)
            if obstacle is not None:
                raise CuratedError(f"{obstacle} is in the way", "move it away, or name another directory")
            made = []
            _merge(staging, output)
        return report, converted
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        for path in made:
            path.rmdir()
