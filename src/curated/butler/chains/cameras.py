"""Cameras that a chain certifies beside that of a release, and what they differ in."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lsst.daf.butler import Butler, DatasetRef, DatasetType, MissingDatasetTypeError
from lsst.resources import ResourcePath

from curated.bundle.contents import Contents, Entry
from curated.butler.certified.lookup import Certified, certified_in
from curated.butler.repository.files import read_stored
from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.regular_files import FileTree
from curated.datasets.spans import utc_span_texts
from curated.fits.camera_archive import LARGEST_CAMERA, CameraArchive, CameraDetector, parse_camera
from curated.types.stack_camera import StackCamera

_CAMERA = StackCamera.SPEC.dataset
_MOST = 3
"""How many differences a message lists."""


def other_cameras(
    butler: Butler, contents: Contents, chains: Mapping[str, Sequence[str]]
) -> Iterator[Problem]:
    """Yield the certified cameras of other content than that of a bundle, at times when both would be in force.

    Parameters
    ----------
    chains : `dict` [`str`, sequence [`str`]]
        Members of the chain of each instrument before the import.
    """
    cameras = [
        entry for entry in contents.entries if entry.dataset_type == _CAMERA and not entry.is_reference
    ]
    dataset_type = _dataset_type(butler) if cameras else None
    if dataset_type is None:
        return
    for entry in cameras:
        new = _bundled(contents, entry)
        for certified in _certified(butler, dataset_type, chains.get(entry.instrument, ())):
            if certified.dataset.key == entry.key and certified.dataset.span.overlaps(entry.span):
                data = _stored(butler, certified.ref)
                if data is None or hashlib.sha256(data).hexdigest() != entry.sha256:
                    yield Problem("CAL649", (), f"{_text(certified)}: {_difference(data, new)}")


def _dataset_type(butler: Butler) -> DatasetType | None:
    try:
        return butler.get_dataset_type(_CAMERA)
    except MissingDatasetTypeError:
        return None


def _certified(butler: Butler, dataset_type: DatasetType, members: Sequence[str]) -> Iterator[Certified]:
    if members:
        for info in butler.collections.query_info(list(members), flatten_chains=True):
            yield from certified_in(butler, dataset_type, info.name, info.type)


def _text(certified: Certified) -> str:
    dataset = certified.dataset
    times = utc_span_texts([dataset.span])[dataset.span]
    return (
        f"{dataset.instrument}: {dataset.collection} has another camera from {times} (dataset {dataset.uuid})"
    )


def _bundled(contents: Contents, entry: Entry) -> bytes | None:
    try:
        with FileTree(contents.root) as tree:
            return tree.read(entry.path, LARGEST_CAMERA)
    except (OSError, CuratedError):
        # A file that an earlier import moved into the repository.
        return None


def _stored(butler: Butler, ref: DatasetRef) -> bytes | None:
    try:
        location = butler.get_many_uris([ref], allow_missing=True).get(ref)
        uri: ResourcePath | None = location.primaryURI if location is not None else None
        return read_stored(uri) if uri is not None else None
    except OSError:
        return None


def _difference(data: bytes | None, new: bytes | None) -> str:
    """Return what the new file differs in."""
    if data is None or new is None:
        return "its file cannot be read" if data is None else "the new file cannot be read"
    try:
        certified, archive = parse_camera(data), parse_camera(new)
    except CuratedError as error:
        return f"its file is none that can be compared: {error.message}"
    differences = list(camera_differences(certified, archive))
    if not differences:
        return (
            "detectors and amplifiers are the same, other parts of the file, such as transformations, differ"
        )
    more = f" and {len(differences) - _MOST} more" if len(differences) > _MOST else ""
    return f"in the new one {'; '.join(differences[:_MOST])}{more}"


def camera_differences(first: CameraArchive, second: CameraArchive) -> Iterator[str]:
    """Yield what the second of two cameras differs in."""
    firsts, seconds = ({detector.id: detector for detector in each.detectors} for each in (first, second))
    for number in sorted({*firsts, *seconds}):
        detector, other = firsts.get(number), seconds.get(number)
        if detector is None or other is None:
            yield f"detector {number} is {'new' if detector is None else 'missing'}"
        elif texts := list(_detector_differences(detector, other)):
            yield f"detector {number} has {', '.join(texts)}"


def _detector_differences(detector: CameraDetector, other: CameraDetector) -> Iterator[str]:
    for key in ("name", "serial", "purpose"):
        before, after = getattr(detector, key), getattr(other, key)
        if before != after:
            yield f"{key} {brief(after)} for {brief(before)}"
    if (detector.width, detector.height) != (other.width, other.height):
        yield f"{other.width} x {other.height} pixels for {detector.width} x {detector.height}"
    names, other_names = ([amplifier.name for amplifier in each.amplifiers] for each in (detector, other))
    if names != other_names:
        yield f"amplifiers {_listed(other_names)} for {_listed(names)}"
        return
    pairs = list(zip(detector.amplifiers, other.amplifiers, strict=True))
    sizes = [a.name for a, b in pairs if (a.width, a.height) != (b.width, b.height)]
    # NaN is a gain that is not known.
    gains = [a.name for a, b in pairs if a.gain != b.gain and not (math.isnan(a.gain) and math.isnan(b.gain))]
    if sizes:
        yield f"another size of amplifiers {_listed(sizes)}"
    if gains:
        yield f"another gain of amplifiers {_listed(gains)}"


def _listed(names: Iterable[str]) -> str:
    texts = list(names)
    more = f" and {len(texts) - _MOST} more" if len(texts) > _MOST else ""
    return f"{', '.join(texts[:_MOST])}{more}"
