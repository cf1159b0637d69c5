"""Check, convert and bundle one commit: a directory that exists whole or not at all."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from curated.bundle.base import Base
from curated.bundle.checks.documents import (
    ATTESTATION_FILE,
    EXPORT_FILE,
    HASHES_FILE,
    README_FILE,
    SEED_FILE,
    hash_line,
)
from curated.bundle.contents import check_label
from curated.bundle.export_file import write_export, write_seed
from curated.bundle.label import Label, find_label
from curated.bundle.manifest import make_manifest, manifest_text
from curated.bundle.manifest_reader import MANIFEST_FILE, check_manifest
from curated.bundle.proof.attestation import attestation_text, make_attestation
from curated.bundle.proof.signature import SIGNATURE_FILE, sign_bundle
from curated.bundle.renaming import renamed_instruments
from curated.check.instruments import complete_instruments, read_instruments
from curated.check.report import Report
from curated.convert import Converted, convert_package, verify_inputs
from curated.convert.origin import Origin, find_origin
from curated.core.diagnostic import CuratedError, limited
from curated.core.parallel import Progress
from curated.core.storage.disk import flush_tree, prefix_of, size_and_hash_of, verify_tree
from curated.core.storage.staging import rename_new, staging_directory
from curated.core.wholefile import write_staged
from curated.history.names import instrument_directories
from curated.package.package import Package
from curated.registry import all_types

_MOST_DETAILS = 20


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was written: its directory, its manifest, and remarks for people about how it was made."""

    path: Path
    manifest: Mapping[str, Any]
    remarks: tuple[str, ...] = ()

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
    private: bool = False,
    sign: str | os.PathLike[str] | None = None,
    attest: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> tuple[Report, Bundle | None]:
    """Bundle a package at its commit.

    Parameters
    ----------
    package : `Package`
        The package, of a work tree.
    output : `~pathlib.Path`
        The bundle's directory; it must not exist, or be empty.
    instruments : sequence [`str`], optional
        Directories or names of the instruments to bundle; all of them if empty.
    label : `str`, optional
        Release label; the tag at the commit if not given, or else ``git-`` and twelve digits of the commit.
    base : `Base`, optional
        Datasets that exist already: where nothing changed, the bundle refers to them instead of holding a file.
    allow_dirty : `bool`, optional
        Whether files may differ from the commit.
    private : `bool`, optional
        Whether only this user may read it.
    sign : path-like, optional
        Key that signs the bundle; see `curated.core.ssh_signature.sign`.
    attest : `bool`, optional
        Whether to add an in-toto statement about the files, the commit and the check.
    jobs : `int`, optional
        Number of processes; see `~curated.core.parallel.run_all`.
    progress : `~collections.abc.Callable`, optional
        Called with how many files are done and how many there are.

    Returns
    -------
    report : `Report`
        Result of the check.
    bundle : `Bundle` or `None`
        `None` if the report has errors.

    Raises
    ------
    CuratedError
        If it cannot be made: no commit, changes that are not committed, a directory in the way.
    """
    if os.path.lexists(output) and (not output.is_dir() or any(output.iterdir())):
        raise _exists(output)
    paths = _instrument_paths(package, instruments)
    origin = find_origin(package, allow_dirty=allow_dirty)
    is_default = label is None
    choice = Label(check_label(label)) if label is not None else find_label(package, origin)
    if not package.layout.files:
        raise CuratedError(f"{package.root} has no calibrations")
    _check_signed_label(origin, choice.text)
    # An empty directory gives way, but a link to one does not.
    target = Path(os.path.realpath(output))
    with staging_directory(target.parent, prefix_of(target.name), private=private) as staging:
        (staging / "files").mkdir()
        report, converted = convert_package(
            package,
            origin,
            staging / "files",
            paths,
            jobs=jobs,
            progress=progress,
            for_bundle=True,
            recipes=base.by_recipe if base is not None else None,
        )
        if report.failed:
            return report, None
        if not converted:
            hint = "'curated deprecate --undo' brings one back"
            raise CuratedError(f"{package.root} has no calibration in use: all are deprecated", hint)
        instruments_by_directory = complete_instruments(package, report.reports, report.declared)
        if base is not None:
            instruments_by_directory = renamed_instruments(instruments_by_directory, base.renamings)
        manifest = make_manifest(origin, choice.text, report, instruments_by_directory, converted, base)
        _require_importable(manifest)
        _remove_unlisted(staging, manifest, converted)
        files = write_documents(staging, manifest)
        if attest:
            hashes = {path: digest for path, (_, digest) in files.items()}
            statement = make_attestation(manifest, hashes, report, package.config.silence)
            files |= _write_texts(staging, {ATTESTATION_FILE: attestation_text(statement)})
        lines = "".join(hash_line(digest, name) for name, (_, digest) in sorted(files.items()))
        files |= _write_texts(staging, {HASHES_FILE: lines})
        if sign is not None:
            sign_bundle(staging, sign)
            files[SIGNATURE_FILE] = size_and_hash_of(staging / SIGNATURE_FILE)
        flush_tree(staging)
        verify_tree(staging, files)
        verify_inputs(package, origin, report, converted)
        if origin.dirty and is_default and choice != find_label(package, origin):
            raise CuratedError(
                "files changed while they were read", "run it again when nothing else writes to them"
            )
        if not rename_new(staging, target):
            raise _exists(output)
        return report, Bundle(output, manifest, tuple(filter(None, (origin.remark, choice.remark))))


def _check_signed_label(origin: Origin, label: str) -> None:
    """Raise an error if a tag must be signed, and the label is that of another one."""
    labels = (
        {tag.replace("/", "-") for tag in origin.signature.tags} if origin.signature is not None else set()
    )
    if labels and label not in labels:
        raise CuratedError(
            f"release {label} is no signed tag of the commit; signed are {', '.join(sorted(labels))}",
            "name one of these with --label, or sign the tag",
        )


def _exists(output: Path) -> CuratedError:
    return CuratedError(f"{output} exists already", "name a new directory; a bundle is never overwritten")


def _require_importable(manifest: Mapping[str, Any]) -> None:
    """Raise an error if an import would refuse a manifest, for names of instruments, detectors, filters or files."""
    _, problems = check_manifest(Path(), manifest, manifest["datasets"])
    if problems:
        details = "; ".join(problem.detail for problem in islice(limited(problems), _MOST_DETAILS))
        more = f"; and {len(problems) - _MOST_DETAILS} more" if len(problems) > _MOST_DETAILS else ""
        raise CuratedError(
            f"no import would take the bundle: {details}{more}",
            "give instruments, detectors, filters and files names of letters, digits and '_', '-' or '.'",
        )


def _instrument_paths(package: Package, names: Sequence[str]) -> list[str]:
    """Return the paths of the instruments with these names; nothing, which selects all, if there are no names."""
    declared = read_instruments(package)[0] if names else {}
    directories = [d for name in names for d in instrument_directories(package, declared, name)]
    return [f"{package.top}/{directory}" if package.top else directory for directory in directories]


def _remove_unlisted(staging: Path, manifest: Mapping[str, Any], converted: Sequence[Converted]) -> None:
    """Remove the files that turned out to hold what exists already, and directories that are empty then."""
    listed_paths = {dataset["path"] for dataset in manifest["datasets"]}
    for entry in converted:
        if entry.fits is not None and f"files/{entry.path}" not in listed_paths:
            for file in filter(None, (entry.fits, entry.provenance)):
                (staging / "files" / file.path).unlink()
    for directory, _, _ in os.walk(staging / "files", topdown=False):
        if directory != str(staging / "files"):
            with suppress(OSError):
                os.rmdir(directory)


# -- documents beside the FITS files ----------------------------------------------------------------------


def write_documents(staging: Path, manifest: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
    """Write the manifest, the export file of Butler, and a page for people.

    Returns
    -------
    files : `dict` [`str`, `tuple` [`int`, `str`]]
        Size and SHA-256 of all files of the bundle, by path.
    """
    export, seed = io.StringIO(), io.StringIO()
    write_export(manifest, export)
    write_seed((cls.SPEC.dataset for cls in all_types().values()), seed)
    texts = {
        MANIFEST_FILE: manifest_text(manifest),
        EXPORT_FILE: export.getvalue(),
        SEED_FILE: seed.getvalue(),
        README_FILE: _readme(manifest),
    }
    if manifest["base"] is not None:
        # Stock Butler certifies only files that it imports; half a release would be worse than none.
        del texts[EXPORT_FILE], texts[SEED_FILE]
    datasets = [dataset for dataset in manifest["datasets"] if dataset["path"] is not None]
    companions = [dataset["provenance"] for dataset in datasets if dataset["provenance"]]
    files = {entry["path"]: (int(entry["size"]), str(entry["sha256"])) for entry in (*datasets, *companions)}
    return files | _write_texts(staging, texts)


def _write_texts(staging: Path, texts: Mapping[str, str]) -> dict[str, tuple[int, str]]:
    """Write files, and return size and SHA-256 of each by name."""
    return {name: write_staged(staging / name, [text.encode()]) for name, text in texts.items()}


_STOCK_IMPORT = """
## Import with stock Butler

In a repository of the LSST stack:

    butler import REPO . --export-file export.yaml -t copy

Where there is only lsst-daf-butler, create the repository first with formatters that exist there:

    butler create REPO --seed-config butler-seed.yaml
    butler import REPO . --export-file export.yaml -t copy
"""


def _readme(manifest: Mapping[str, Any]) -> str:
    repository, datasets = manifest["repository"], manifest["datasets"]
    counts = Counter((d["data_id"]["instrument"], d["dataset_type"]) for d in datasets)
    rows = "".join(f"| {i} | {t} | {n} |\n" for (i, t), n in sorted(counts.items()))
    collections = "".join(f"- `{i['collections']['calibration']}`\n" for i in manifest["instruments"])
    base = manifest["base"]
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
{_built_on(manifest) if base is not None else ""}
## Import with curated

    curated import . REPO

creates the repository where there is none, verifies every file, never deletes or overwrites, can be repeated, and prepends the
release to the chain of recommended calibrations.
{_STOCK_IMPORT if base is None else ""}
`manifest.json` lists every file with its hash, its source in git, its data ID and its validity in UTC and TAI, and
under `deprecated` what is out of use and why: that is in the package, and not here.
What a calibration was made of, and who edited it, stands in its FITS file, and as text in the `.inputs.yaml` file beside it.
"""


def _built_on(manifest: Mapping[str, Any]) -> str:
    datasets = manifest["datasets"]
    files = sum(dataset["path"] is not None for dataset in datasets)
    return f"""
It builds on release {manifest["base"]}: {files} of the datasets are files here, {len(datasets) - files} are referred to where that release
put them, and certified again in the collections above, which are complete. A repository must have that release; only
`curated import` can bring this one in, since stock Butler certifies nothing that its export file does not bring.
"""
