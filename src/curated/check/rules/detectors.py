"""Rules on detectors and filters: files against each other, against the camera and against the instrument."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from curated.calib.content import Claims
from curated.check.report import FileReport
from curated.check.rules.context import CameraDetector, Context
from curated.core.diagnostic import Problem, brief
from curated.core.keys import CalibFile
from curated.core.metadata import has_value
from curated.package.instrument import Detector, Instrument
from curated.package.layout import directory_name

_MAX_GAIN_RATIO = 2.0
"""Two gains of an amplifier that differ by a larger factor are not a matter of drift."""

_DIRECTORY_PARTS = {"RAFTNAME": 0, "SLOTNAME": -1}
"""Part of a detector's directory, RAFT_SLOT, that a keyword repeats."""


# -- keywords of files, against each other ----------------------------------------------------------------


def conflicting_numbers(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield a DETECTOR that most files of the same directory contradict, or that several directories share."""
    counts: dict[tuple[str, str], Counter[Any]] = {}
    for file in context.files:
        keywords = context.reports[file.path].keywords
        if file.key.detector and "DETECTOR" in keywords:
            place = file.key.instrument, file.key.detector
            counts.setdefault(place, Counter())[keywords["DETECTOR"]] += 1
    numbers = {place: _most_common(values) for place, values in counts.items()}
    sharers: dict[tuple[str, Any], list[str]] = {}
    for (instrument, detector), number in sorted(numbers.items()):
        sharers.setdefault((instrument, number), []).append(detector)
    for file in context.files:
        place, keywords = (file.key.instrument, file.key.detector), context.reports[file.path].keywords
        if place not in numbers or "DETECTOR" not in keywords:
            continue
        number, usual = keywords["DETECTOR"], numbers[place]
        sharing = sharers[file.key.instrument, usual]
        if number != usual:
            detail = f"DETECTOR is {number}, other files of {file.key.detector!r} say {usual}"
        elif len(sharing) > 1:
            detail = f"DETECTOR {number} is claimed by {', '.join(sharing)}"
        else:
            continue
        yield file.path, Problem("CAL116", ("metadata", "DETECTOR"), detail)


def conflicting_names(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield a RAFTNAME, SLOTNAME or FILTER that most files of the same detector or filter contradict.

    A name that contradicts the directory or the instrument is found in the file itself.
    """
    for keyword, attribute in (("RAFTNAME", "raft"), ("SLOTNAME", "slot")):
        files = [f for f in context.files if not _declared(context.declared, f, attribute)]
        yield from _contradictions(keyword, [(f, f.key.detector) for f in files], context.reports)
    files = [f for f in context.files if f.key.filter and not _is_declared(context, f)]
    yield from _contradictions("FILTER", [(f, f.key.filter) for f in files], context.reports)


def _contradictions(
    keyword: str, files: Iterable[tuple[CalibFile, str]], reports: Mapping[str, FileReport]
) -> Iterator[tuple[str, Problem]]:
    """Yield files whose keyword most files contradict; each file comes with its detector or filter."""
    values = [(f, directory, value) for f, directory in files if (value := _keyword(reports, f, keyword))]
    counts: dict[tuple[str, str], Counter[str]] = {}
    for file, directory, value in values:
        if directory:
            counts.setdefault((file.key.instrument, directory), Counter())[value] += 1
    part = _DIRECTORY_PARTS.get(keyword, 0)
    usual_values = {
        place: _most_common(names, place[1].split("_")[part])
        for place, names in counts.items()
        if len(names) > 1
    }
    for file, directory, value in values if usual_values else ():
        usual = usual_values.get((file.key.instrument, directory), value)
        if value != usual:
            detail = f"{keyword} is {brief(value)}, other files of {directory!r} say {brief(usual)}"
            yield file.path, Problem("CAL129", ("metadata", keyword), detail)


def _most_common(counts: Counter[Any], directory: str = "") -> Any:
    """Return the most frequent value; of equally frequent ones the directory's name, or else the first in order."""
    return min(counts, key=lambda value: (-counts[value], str(value).lower() != directory, str(value)))


def _keyword(reports: Mapping[str, FileReport], file: CalibFile, keyword: str) -> str:
    """Return a keyword of a file as text, empty where it has no value."""
    value = reports[file.path].keywords.get(keyword)
    return str(value) if has_value(value) else ""


def _is_declared(context: Context, file: CalibFile) -> bool:
    """Say whether the instrument of a file has an ``instrument.yaml``."""
    instrument = context.declared.get(file.key.instrument)
    return instrument is not None and instrument.declared


def _declared(declared: Mapping[str, Instrument], file: CalibFile, attribute: str) -> str:
    """Return an attribute of a file's detector from ``instrument.yaml``, empty where that has none."""
    instrument = declared.get(file.key.instrument)
    detector = instrument.detectors.get(file.key.detector) if instrument else None
    return str(getattr(detector, attribute)) if detector else ""


# -- serial numbers ---------------------------------------------------------------------------------------


def serial_numbers(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield a DET_SER that contradicts the camera, the instrument or earlier files, or that two detectors share."""
    pointer = ("metadata", "DET_SER")
    latest: dict[tuple[str, str], tuple[str, str]] = {}
    owners: dict[str, dict[str, dict[str, str]]] = {}
    for file in sorted(context.files, key=lambda f: (f.start, f.path)):
        serial = _keyword(context.reports, file, "DET_SER") if file.key.detector else ""
        if not serial:
            continue
        reference, authority = _reference_serial(context, file)
        detector = file.key.instrument, file.key.detector
        earlier, path = latest.setdefault(detector, (serial, file.path))
        if reference:
            if serial.lower() != reference.lower():
                detail = f"DET_SER is {brief(serial)}, {authority} says {brief(reference)}"
                yield file.path, Problem("CAL128", pointer, detail)
        elif earlier.lower() != serial.lower():
            detail = f"DET_SER is {brief(serial)}, {path} says {brief(earlier)}"
            yield file.path, Problem("CAL130", pointer, detail)
            latest[detector] = serial, file.path
        paths_by_detector = owners.setdefault(file.key.instrument, {}).setdefault(serial.lower(), {})
        paths_by_detector.setdefault(file.key.detector, file.path)
    for serials in owners.values():
        yield from _shared_serials(serials, context.reports)


def _reference_serial(context: Context, file: CalibFile) -> tuple[str, str]:
    """Return the serial number of a file's detector, and whether the camera or the instrument has it."""
    camera_detector = context.cameras.detector(file)
    if camera_detector and camera_detector["serial"]:
        return str(camera_detector["serial"]), "the camera"
    return _declared(context.declared, file, "serial"), "instrument.yaml"


def _shared_serials(
    serials: Mapping[str, Mapping[str, str]], reports: Mapping[str, FileReport]
) -> Iterator[tuple[str, Problem]]:
    """Yield the serial numbers of an instrument that several detectors have.

    Simulations give many detectors the number of one sensor: where there are fewer numbers than half of the
    detectors, they identify nothing.
    """
    detectors = {detector for paths_by_detector in serials.values() for detector in paths_by_detector}
    if 2 * len(serials) < len(detectors):
        return
    for paths_by_detector in serials.values():
        first, *others = paths_by_detector
        for other in others:
            path = paths_by_detector[other]
            serial = brief(reports[path].keywords["DET_SER"])
            detail = f"DET_SER {serial} is also that of {first!r} in {paths_by_detector[first]}"
            yield path, Problem("CAL131", ("metadata", "DET_SER"), detail)


# -- content of files, against the camera and the instrument ----------------------------------------------


def unfit_calibrations(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield calibrations whose amplifiers, gains or boxes do not fit their detector."""
    for file in context.files:
        claims = context.reports[file.path].claims
        if claims is None:
            continue
        instrument = context.declared.get(file.key.instrument)
        declared = instrument.detectors.get(file.key.detector) if instrument is not None else None
        for problem in _misfits(claims, context.cameras.detector(file), declared):
            yield file.path, problem


def _misfits(
    claims: Claims, camera_detector: CameraDetector | None, declared: Detector | None
) -> Iterator[Problem]:
    """Compare a calibration with its detector of the camera, or else of the instrument."""
    if camera_detector is None:
        yield from _wrong_amplifiers(claims, declared.amplifiers if declared else ())
        return
    yield from _wrong_amplifiers(claims, list(camera_detector["gains"]))
    yield from _wrong_gains(claims, camera_detector["gains"])
    if claims.reach and not (declared and declared.width):  # else the file itself was compared with that
        (right, top, row), width, height = claims.reach, camera_detector["width"], camera_detector["height"]
        if right > width or top > height:
            size = f"{width} x {height} pixels"
            detail = f"the boxes reach to {right}, {top}, the detector of the camera has {size}"
            yield Problem("CAL307", ("x0", row), detail)


def _wrong_amplifiers(claims: Claims, names: Sequence[str]) -> Iterator[Problem]:
    if not names:
        return
    if claims.count and claims.count != len(names):
        detail = f"{claims.count} amplifiers, but the detector has {len(names)}: {', '.join(names)[:200]}"
        yield Problem("CAL318", (claims.place,), detail)
    unknown = [name for name in claims.amplifiers if name not in names]
    if unknown:
        detail = f"amplifiers {', '.join(unknown)[:200]} are not among {', '.join(names)[:200]}"
        yield Problem("CAL318", (claims.place,), detail)
        return
    missing = [name for name in names if name not in claims.amplifiers] if claims.complete else []
    if missing and claims.amplifiers:
        yield Problem("CAL319", (claims.place,), f"amplifiers {', '.join(missing)[:200]} are missing")


def _wrong_gains(claims: Claims, camera_gains: Mapping[str, float | None]) -> Iterator[Problem]:
    """Yield gains (electron/adu) far from those of the camera."""
    wrong = []
    for name, gain in claims.gains.items():
        camera_gain = camera_gains.get(name)
        if is_far_gain(gain, camera_gain):
            wrong.append(f"{name} {gain:g}, the camera {camera_gain:g}")
    if wrong:
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        yield Problem("CAL317", (claims.gain_place,), f"gain (electron/adu) of {'; '.join(wrong[:3])}{more}")


def is_far_gain(gain: float | None, reference: float | None) -> bool:
    """Return whether two gains of an amplifier are known and too different for a drift."""
    # The cache stores NaN as null.
    values = gain or math.nan, reference or math.nan
    ratio = values[0] / values[1]
    return min(values) > 0 and not 1 / _MAX_GAIN_RATIO <= ratio <= _MAX_GAIN_RATIO


def unfit_cameras(context: Context) -> Iterator[tuple[str, Problem]]:
    """Yield detectors of a camera that differ from those of ``instrument.yaml``."""
    for file in context.files:
        claims, instrument = context.reports[file.path].claims, context.declared.get(file.key.instrument)
        if claims is None or instrument is None or not instrument.declared:
            continue
        for row, camera_detector in enumerate(claims.detectors):
            for problem in _undeclared(camera_detector, row, instrument):
                yield file.path, problem


def _undeclared(camera_detector: CameraDetector, row: int, instrument: Instrument) -> Iterator[Problem]:
    """Yield where a detector of a camera differs from the declared one."""
    name, pointer = camera_detector["name"], ("detectors", row)
    declared = instrument.detectors.get(directory_name(name))
    if declared is None:
        detail = f"detector {brief(name)} is not one of instrument.yaml"
        yield Problem("CAL133", (*pointer, "name"), detail)
        return
    # Not the serial number: it may change with time, and the camera says when.
    for key in ("id", "raft", "slot", "width", "height"):
        value, reference = camera_detector[key], getattr(declared, key)
        if value != reference and (key == "id" or (value and reference)):
            detail = f"{key} of detector {name} is {brief(value)}, instrument.yaml has {brief(reference)}"
            yield Problem("CAL133", (*pointer, key), detail)
    amplifiers = list(camera_detector["gains"])
    if declared.amplifiers and amplifiers and sorted(amplifiers) != sorted(declared.amplifiers):
        names, reference = ", ".join(amplifiers)[:150], ", ".join(declared.amplifiers)[:150]
        yield Problem("CAL133", pointer, f"amplifiers of {name} are {names}, instrument.yaml has {reference}")
