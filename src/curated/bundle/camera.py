"""A copy of a bundle with the stack's camera file as one more dataset, for packages that keep none."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from curated.bundle.builder import write_documents
from curated.bundle.checks.documents import HASHES_FILE, hash_line
from curated.bundle.contents import Contents
from curated.bundle.manifest_json import LARGEST_MANIFEST, load_json
from curated.bundle.manifest_reader import MANIFEST_FILE
from curated.core.diagnostic import CuratedError, Diagnostic, Problem, brief
from curated.core.regular_files import FileTree
from curated.core.similar import similar_name
from curated.core.wholefile import size_and_hash, write_staged
from curated.datasets.record import data_id_of, dataset_uuid
from curated.fits.camera_archive import LARGEST_CAMERA, CameraArchive, parse_camera
from curated.fits.digest import content_digest
from curated.types.stack_camera import StackCamera

_MOST_NAMES = 5


def add_camera(contents: Contents, camera: str, directory: Path) -> list[Diagnostic]:
    """Write a copy of a bundle that has a camera file as well; its other datasets stay the same.

    The file becomes the dataset ``camera`` of one instrument, in the run ``<calibration collection>/unbounded``, and
    is certified without bounds. The copy is a bundle in its own right, so that it is verified and imported like any
    other, and the record of the import says which file it was.

    Parameters
    ----------
    contents : `Contents`
        The bundle, whose files have been verified.
    camera : `str`
        Path of the camera file; or ``INSTRUMENT=PATH``, with the instrument's name or directory in the bundle.
    directory : `pathlib.Path`
        An empty directory for the copy.

    Returns
    -------
    diagnostics : `list` [`Diagnostic`]
        Why the file is no camera of this instrument; then there is no copy.

    Raises
    ------
    CuratedError
        If there is no such file or instrument, or the bundle has a camera of it.
    """
    with FileTree(contents.root) as tree:
        manifest = load_json(tree.read(MANIFEST_FILE, LARGEST_MANIFEST))
        instrument, path = _instrument_and_path(manifest["instruments"], camera)
        name = str(instrument["name"])
        if any(e.dataset_type == StackCamera.SPEC.dataset and e.instrument == name for e in contents.entries):
            raise CuratedError(f"the bundle has a camera of {name}", "leave --camera out")
        data = _read(path)
        problems = list(_problems(data, instrument))
        if problems:
            return [Diagnostic.from_problem(problem, path) for problem in problems]
        files = [entry.path for entry in contents.entries if not entry.is_reference]
        for file in (*files, *(companion.path for companion in contents.companions)):
            _copy(tree, file, directory / file)
    dataset = _dataset(instrument, data)
    if _target(directory, dataset).exists():
        raise CuratedError(
            f"the bundle has another file in the place of the camera: {dataset['path']}",
            "rename it in the package",
        )
    _target(directory, dataset).parent.mkdir(parents=True, exist_ok=True)
    write_staged(_target(directory, dataset), [data])
    spec = StackCamera.SPEC
    kind = {
        "name": spec.dataset,
        "dimensions": ["instrument"],
        "storage_class": spec.storage_class,
        "is_calibration": True,
    }
    kinds = [*(kind for kind in manifest["dataset_types"] if kind["name"] != spec.dataset), kind]
    manifest["dataset_types"] = sorted(kinds, key=lambda each: str(each["name"]))
    manifest["datasets"] = [*manifest["datasets"], dataset]
    documents = write_documents(directory, manifest)
    lines = "".join(hash_line(digest, file) for file, (_, digest) in sorted(documents.items()))
    write_staged(directory / HASHES_FILE, [lines.encode()])
    return []


def _instrument_and_path(
    instruments: Sequence[Mapping[str, Any]], camera: str
) -> tuple[Mapping[str, Any], str]:
    name, separator, path = camera.partition("=")
    names = [str(instrument["name"]) for instrument in instruments]
    if not separator or os.path.lexists(camera):
        if len(instruments) != 1:
            hint = f"say which: --camera {names[0]}={os.path.basename(camera)}"
            raise CuratedError(f"the bundle has the instruments {', '.join(names)}", hint)
        return instruments[0], camera
    for instrument in instruments:
        if name.lower() in (str(instrument["name"]).lower(), str(instrument["directory"]).lower()):
            return instrument, path
    similar = similar_name(name, names)
    hint = f"did you mean {similar}? " if similar else ""
    raise CuratedError(f"the bundle has no instrument {brief(name)}", f"{hint}it has {', '.join(names)}")


def _read(path: str) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise CuratedError(f"{path} is no regular file", "name the camera file of the stack")
            if status.st_size > LARGEST_CAMERA:
                raise CuratedError(
                    f"{path} is larger than any camera file", "name the camera file of the stack"
                )
            return stream.read(LARGEST_CAMERA + 1)
    except OSError as error:
        raise CuratedError(f"{path} cannot be read: {error.strerror}", "correct --camera") from error


def _problems(data: bytes, instrument: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        archive = parse_camera(data)
    except CuratedError as error:
        hint = "name the camera file that the stack wrote"
        yield Problem("CAL635", (), f"it is no camera file of the stack: {error.message}", hint)
        return
    yield from _misfits(archive, instrument)


def _misfits(archive: CameraArchive, instrument: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the detectors of a bundle that a camera file has not, or has under another name."""
    names = {detector.id: detector.name for detector in archive.detectors}
    different = []
    for detector in instrument["detectors"]:
        number, name = detector["id"], str(detector["full_name"])
        if names.get(number, "").lower() != name.lower():
            different.append(f"{number} {name} is {names.get(number) or 'not in it'}")
    if different:
        more = f" and {len(different) - _MOST_NAMES} more" if len(different) > _MOST_NAMES else ""
        names_text = "; ".join(different[:_MOST_NAMES])
        yield Problem("CAL669", (), f"of the detectors of {instrument['name']}, {names_text}{more}")


def _copy(tree: FileTree, file: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(tree.open(file), "rb") as source, open(target, "xb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)


def _dataset(instrument: Mapping[str, Any], data: bytes) -> dict[str, Any]:
    collection = str(instrument["collections"]["calibration"])
    run, data_id = f"{collection}/unbounded", {"instrument": str(instrument["name"])}
    size, digest = size_and_hash([data])
    place = f"{instrument['directory']}/{StackCamera.SPEC.name}/unbounded"
    return {
        "uuid": dataset_uuid(StackCamera.SPEC.dataset, run, data_id_of(data_id)),
        "dataset_type": StackCamera.SPEC.dataset,
        "run": run,
        "collection": collection,
        "data_id": data_id,
        "validity": dict.fromkeys(("begin", "end", "begin_tai_ns", "end_tai_ns")),
        "path": f"files/{place}.fits",
        "sha256": digest,
        "size": size,
        "content": content_digest([data]),
        "recipe": "",
        "provenance": None,
        # It is in no package, so that it has no blob; this is where a package would have it.
        "source": {"path": f"{place}.yaml", "blob": None, "commit": None},
    }


def _target(directory: Path, dataset: Mapping[str, Any]) -> Path:
    return directory / str(dataset["path"])
