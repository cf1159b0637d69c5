"""Rules on the stack's camera file: its detectors and amplifiers against ``instrument.yaml`` and the camera."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from curated.calib.content import Claims
from curated.check.rules.context import Context, FileContext
from curated.check.rules.detectors import is_far_gain
from curated.core.diagnostic import Problem, brief
from curated.fits.camera_archive import CameraArchive, CameraDetector
from curated.package.instrument import Detector, Instrument
from curated.package.layout import directory_name
from curated.package.validity import Range

_PLACE = ("image", "file")
_MOST_NAMES = 5


def unfit_camera_file(context: FileContext) -> Iterator[Problem]:
    """Yield detectors of a camera file that differ from the declared ones, with both values."""
    archive: CameraArchive | None = getattr(context.calib, "archive", None)
    instrument = context.instrument
    if not context.spec.verbatim or archive is None or instrument is None or not instrument.detectors:
        return
    declared = {detector.id: detector for detector in instrument.detectors.values()}
    for detector in archive.detectors:
        if detector.id in declared:
            for detail in _differences(detector, declared[detector.id]):
                yield Problem("CAL361", _PLACE, detail)
    yield from _only_in_one(archive, instrument)


def _differences(detector: CameraDetector, declared: Detector) -> Iterator[str]:
    """Yield in which values a detector differs; what is not declared is not compared."""
    place = f"detector {detector.id}"
    if detector.name != declared.name:
        yield f"{place} is {brief(detector.name)} in the camera file, {brief(declared.name)} in instrument.yaml"
    pairs = {
        "serial": (detector.serial, declared.serial),
        "purpose": (detector.purpose, declared.purpose),
        "width": (detector.width, declared.width),
        "height": (detector.height, declared.height),
    }
    for key, (value, reference) in pairs.items():
        if value and reference and value != reference:
            yield f"{place}: {key} is {brief(value)} in the camera file, {brief(reference)} in instrument.yaml"
    names = [amplifier.name for amplifier in detector.amplifiers]
    if declared.amplifiers and sorted(names) != sorted(declared.amplifiers):
        texts = [", ".join(each)[:150] for each in (names, declared.amplifiers)]
        yield f"{place}: amplifiers are {texts[0]} in the camera file, {texts[1]} in instrument.yaml"
    pixels = sum(amplifier.width * amplifier.height for amplifier in detector.amplifiers)
    if declared.width and declared.height and pixels != declared.width * declared.height:
        size = f"{declared.width} x {declared.height}"
        yield f"{place}: the amplifiers of the camera file have {pixels} pixels, instrument.yaml has {size}"


def _only_in_one(archive: CameraArchive, instrument: Instrument) -> Iterator[Problem]:
    names = {detector.id: detector.name for detector in archive.detectors}
    declared = {detector.id: detector.name for detector in instrument.detectors.values()}
    for first, second, place in (
        (declared, names, "instrument.yaml, but not the camera file"),
        (names, declared, "the camera file, but not instrument.yaml"),
    ):
        lacking = [f"{number} {first[number]}" for number in sorted(first.keys() - second.keys())]
        if lacking:
            more = f" and {len(lacking) - _MOST_NAMES} more" if len(lacking) > _MOST_NAMES else ""
            yield Problem("CAL362", _PLACE, f"{place}, has detector {', '.join(lacking[:_MOST_NAMES])}{more}")


def unfit_camera_gains(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield gains of a camera file far from those of a camera of the package that is in force with it."""
    for file in context.files:
        claims = context.reports[file.path].claims
        if claims is None or not claims.file_gains:
            continue
        for camera, detectors in context.cameras.epochs.get(file.key.instrument, ()):
            gains = {name: values["gains"] for name, values in detectors.items()}
            details = list(_far_gains(claims, gains))
            if details and _overlap(context.ranges[file.path], context.ranges[camera.path]):
                more = f" and {len(details) - _MOST_NAMES} more" if len(details) > _MOST_NAMES else ""
                texts = "; ".join(details[:_MOST_NAMES])
                detail = f"gain (electron/adu) of {texts}{more} ({camera.path})"
                yield file.path, Problem("CAL317", _PLACE, detail)


def _far_gains(claims: Claims, gains: Mapping[str, Mapping[str, float | None]]) -> Iterator[str]:
    for detector, values in claims.file_gains.items():
        camera_gains = gains.get(directory_name(detector), {})
        for amplifier, gain in values.items():
            camera_gain = camera_gains.get(amplifier)
            if is_far_gain(gain, camera_gain):
                yield f"{detector} {amplifier} {gain:g}, the camera {camera_gain:g}"


def _overlap(first: Range, second: Range) -> bool:
    is_after = second.end is not None and first.start >= second.end
    is_before = first.end is not None and second.start >= first.end
    return not (is_after or is_before)
