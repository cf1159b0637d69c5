"""Check, convert and bundle one commit: a directory that exists whole or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curated.bundle.export import write_export, write_seed
from curated.bundle.manifest import check_label, make_manifest, manifest_text
from curated.check.cache import blob_sha1
from curated.check.instruments import read_instruments
from curated.check.report import Report
from curated.convert import convert_package
from curated.diagnostic import CuratedError
from curated.git.repository import Repository
from curated.instrument import Instrument
from curated.origin import Origin, find_origin
from curated.package import Package
from curated.parallel import Progress
from curated.registry import all_types


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
    output.parent.mkdir(parents=True, exist_ok=True)
    staging = output.parent / f".{output.name}.{os.getpid()}"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        (staging / "files").mkdir(parents=True)
        report, converted = convert_package(
            package, origin, staging / "files", paths, jobs=jobs, progress=progress, records=True
        )
        if report.failed:
            return report, None
        manifest = make_manifest(origin, chosen, report, converted)
        _write_faces(staging, manifest)
        if output.exists():
            output.rmdir()
        os.replace(staging, output)
        return report, Bundle(output, manifest)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def default_label(package: Package, origin: Origin) -> str:
    """Return the tag at the commit, or its name; with changes, a hash of the files as they are."""
    if not origin.dirty:
        tag = Repository(package.root).tag(origin.sha1).replace("/", "-")
        return check_label(tag, "give another one with --label") if tag else f"git-{origin.sha1[:12]}"
    digest = hashlib.sha256()
    for path in (path for file in package.layout.files for path in (file.path, file.side) if path):
        digest.update(f"{path} {blob_sha1(package.files.read(path))}\n".encode())
    return f"git-{origin.sha1[:12]}-dirty-{digest.hexdigest()[:8]}"


def _directories(package: Package, instruments: Sequence[str]) -> list[str]:
    """Return the directories of the instruments of these names, or directories."""
    if not instruments:
        return []
    declared = read_instruments(package, Report())
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


def _write_faces(staging: Path, manifest: Mapping[str, Any]) -> None:
    """Write what stands beside the FITS files."""
    export, seed = io.StringIO(), io.StringIO()
    write_export(manifest, export)
    write_seed((cls.SPEC.dataset for cls in all_types().values()), seed)
    texts = {
        "manifest.json": manifest_text(manifest),
        "export.yaml": export.getvalue(),
        "butler-seed.yaml": seed.getvalue(),
        "README.md": _readme(manifest),
    }
    listed = [*manifest["datasets"], *filter(None, (d["provenance"] for d in manifest["datasets"]))]
    sums = {entry["path"]: entry["sha256"] for entry in listed}
    for name, text in texts.items():
        data = text.encode()
        (staging / name).write_bytes(data)
        sums[name] = hashlib.sha256(data).hexdigest()
    lines = "".join(_sum_line(digest, name) for name, digest in sorted(sums.items()))
    (staging / "SHA256SUMS").write_text(lines, encoding="utf-8")


def _sum_line(digest: str, name: str) -> str:
    """Return a line of SHA256SUMS; a backslash at its start says that there are escapes in the name."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == name else chr(92)}{digest}  {escaped}\n"


def _readme(manifest: Mapping[str, Any]) -> str:
    repository, datasets = manifest["repository"], manifest["datasets"]
    counts: dict[tuple[str, str], int] = {}
    for d in datasets:
        key = (d["data_id"]["instrument"], d["dataset_type"])
        counts[key] = counts.get(key, 0) + 1
    rows = "".join(f"| {i} | {t} | {n} |\n" for (i, t), n in sorted(counts.items()))
    collections = "".join(f"- `{i['collections']['calibration']}`\n" for i in manifest["instruments"])
    dirty = ", **with changes that are not committed**" if repository["dirty"] else ""
    origin = f" of {repository['url']}" if repository["url"] else ""
    return f"""# Curated calibrations, release {repository["label"]}

{len(datasets)} calibrations made from commit `{repository["sha1"]}`{origin}{dirty}, by curated {manifest["curated"]}.

| instrument | dataset type | datasets |
|---|---|---|
{rows}
They are certified in:

{collections}
`sha256sum -c SHA256SUMS` checks that all files are here and whole.

## Import with curated

    curated import . REPO

creates the repository where there is none, verifies every file, never deletes or overwrites, can be repeated, and prepends the
release to the chain of recommended calibrations.

## Import with stock Butler

In a repository of the LSST stack:

    butler import REPO . --export-file export.yaml -t copy

Where there is only lsst-daf-butler, create the repository first with formatters that exist there:

    butler create REPO --seed-config butler-seed.yaml
    butler import REPO . --export-file export.yaml -t copy

`manifest.json` lists every file with its hash, its source in git, its data ID and its validity in UTC and TAI.
What a calibration was made of, and who edited it, stands in its FITS file, and as text in the `.inputs.yaml` file beside it.
"""
