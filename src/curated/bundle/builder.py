"""Check, convert and bundle one commit: a directory that exists whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curated.bundle.base import Base
from curated.bundle.documents import write_faces
from curated.bundle.manifest import check_label, make_manifest
from curated.check.instruments import complete_instruments, read_instruments
from curated.check.report import Report
from curated.convert import Converted, convert_package
from curated.convert.origin import Origin, find_origin
from curated.core.diagnostic import CuratedError
from curated.core.parallel import Progress
from curated.core.wholefile import staging_directory
from curated.git.objects import blob_sha1
from curated.git.repository import highest_tag, open_repository
from curated.package.instrument import Instrument
from curated.package.package import Package


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was written.

    Parameters
    ----------
    path : `~pathlib.Path`
        Its directory.
    manifest : `dict`
        Its manifest.
    """

    path: Path
    manifest: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Its release label."""
        return str(self.manifest["repository"]["label"])


def build_bundle(
    package: Package,
    output: Path,
    *,
    instruments: Sequence[str] = (),
    label: str | None = None,
    base: Base | None = None,
    allow_dirty: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> tuple[Report, Bundle | None]:
    """Bundle a package at its commit.

    Parameters
    ----------
    package : `Package`
        The package.
    output : `~pathlib.Path`
        The bundle's directory; it must not exist, or be empty.
    instruments : sequence [`str`], optional
        Instruments to bundle; all of them if empty.
    label : `str`, optional
        Release label; the tag at the commit, or ``git-`` and twelve digits of the commit.
    base : `Base`, optional
        What exists already; it is referred to where nothing changed, and not made again.
    allow_dirty : `bool`, optional
        Whether files may differ from the commit.
    jobs : `int`, optional
        Number of processes.
    progress : `~collections.abc.Callable`, optional
        Told of progress.

    Returns
    -------
    report : `Report`
        What the check found.
    bundle : `Bundle` or `None`
        The bundle; `None` where the check found errors.

    Raises
    ------
    CuratedError
        If it cannot be made: no commit, changes that are not committed, a directory in the way.
    """
    if os.path.lexists(output) and (not output.is_dir() or any(output.iterdir())):
        raise CuratedError(f"{output} exists already", "name a new directory; a bundle is never overwritten")
    paths = _directories(package, instruments)
    origin = find_origin(package, allow_dirty=allow_dirty)
    chosen = check_label(label) if label is not None else default_label(package, origin)
    if not package.layout.files:
        raise CuratedError(f"{package.root} has no calibrations")
    with staging_directory(output.parent, f".{output.name}.") as staging:
        (staging / "files").mkdir()
        report, converted = convert_package(
            package,
            origin,
            staging / "files",
            paths,
            jobs=jobs,
            progress=progress,
            for_bundle=True,
            recipes=base.recipes if base is not None else None,
        )
        if report.failed:
            return report, None
        if not converted:
            hint = "'curated deprecate --undo' brings one back"
            raise CuratedError(f"{package.root} has no calibration in use: all are deprecated", hint)
        instruments_by_directory = complete_instruments(package, report.reports, report.declared)
        manifest = make_manifest(origin, chosen, report, instruments_by_directory, converted, base)
        _remove_unlisted(staging, manifest, converted)
        write_faces(staging, manifest)
        if output.exists():
            output.rmdir()
        os.replace(staging, output)
        return report, Bundle(output, manifest)


def default_label(package: Package, origin: Origin) -> str:
    """Return the tag at the commit, or its name; with changes, a hash of the files as they are."""
    if not origin.dirty:
        tag = highest_tag(open_repository(package.root), origin.sha1).replace("/", "-")
        return check_label(tag, "give another one with --label") if tag else f"git-{origin.sha1[:12]}"
    digest = hashlib.sha256()
    for path in (path for file in package.layout.files for path in (file.path, file.side) if path):
        digest.update(f"{path} {blob_sha1(package.files.read(path))}\n".encode())
    return f"git-{origin.sha1[:12]}-dirty-{digest.hexdigest()[:8]}"


def _directories(package: Package, instruments: Sequence[str]) -> list[str]:
    """Return the directories of the instruments of these names, or directories."""
    if not instruments:
        return []
    declared, _ = read_instruments(package)
    found = []
    for name in instruments:
        matching = [
            directory
            for directory in package.layout.instruments
            if name.lower() in (directory.lower(), *_names(declared.get(directory)))
        ]
        if not matching:
            known = ", ".join(package.layout.instruments)
            raise CuratedError(f"unknown instrument {name!r}", f"known instruments: {known}")
        found += [f"{package.top}/{d}" if package.top else d for d in matching]
    return found


def _names(instrument: Instrument | None) -> tuple[str, ...]:
    return (instrument.name.lower(),) if instrument is not None else ()


def _remove_unlisted(staging: Path, manifest: Mapping[str, Any], converted: Sequence[Converted]) -> None:
    """Remove files that were made to see that they hold what exists already."""
    listed = {dataset["path"] for dataset in manifest["datasets"]}
    for one in converted:
        if one.fits is not None and f"files/{one.path}" not in listed:
            for written in filter(None, (one.fits, one.provenance)):
                (staging / "files" / written.path).unlink()
    for directory, _, _ in os.walk(staging / "files", topdown=False):
        if directory != str(staging / "files"):
            with suppress(OSError):
                os.rmdir(directory)
