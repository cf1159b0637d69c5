"""Where a calibration of a foreign file goes in a package, and the keywords that follow from that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from curated.calib import Calib
from curated.calib.mismatch import detector_keywords
from curated.check.file import read_and_check
from curated.core.diagnostic import CuratedError, Problem, brief
from curated.core.metadata import IDENTITY, has_value, meaning
from curated.core.times import iso
from curated.history.names import instrument_directories, known_names
from curated.package.layout import directory_name
from curated.package.package import Package
from curated.registry import find_type, get_type
from curated.types.camera import CameraGeometry

if TYPE_CHECKING:
    from curated.core.geometry import DetectorGeometry
    from curated.package.instrument import Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names of instrument, detector and filter as a person gave them; empty ones were not given."""

    instrument: str = ""
    detector: str = ""
    filter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The directory of a calibration, and what the package says of its detector and filter."""

    directory: str
    instrument: Instrument
    detector: DetectorGeometry | None
    filter: str


def find_place(package: Package, cls: type[Calib], names: Names) -> Place:
    """Return the place of calibrations of a type.

    Raises
    ------
    CuratedError
        If a name is unknown, missing, or not one of the type.
    """
    instrument = find_instrument(package, names.instrument)
    spec = cls.SPEC
    for level, name, is_needed in (
        ("detector", names.detector, spec.has_detector),
        ("filter", names.filter, spec.has_filter),
    ):
        if is_needed and not name:
            entries = instrument.detectors if level == "detector" else instrument.filters
            raise CuratedError(
                f"{spec.name} is of a {level}: --{level} is missing", known_names("", entries, f"{level}s")
            )
        if name and not is_needed:
            raise CuratedError(f"{spec.name} has no {level}", f"leave --{level} out")
    detector = _find_detector(instrument, names.detector) if spec.has_detector else None
    filter_name = _find_filter(instrument, names.filter) if spec.has_filter else ""
    levels = [directory_name(name) for name in (detector.name if detector else "", filter_name) if name]
    parts = [package.top, instrument.directory, spec.name, *levels]
    return Place(
        directory="/".join(filter(None, parts)), instrument=instrument, detector=detector, filter=filter_name
    )


def find_instrument(package: Package, name: str) -> Instrument:
    """Return an instrument of a package by its name, completed by what its files say unless it is declared.

    Parameters
    ----------
    name : `str`
        Name or directory; empty for the only instrument.

    Raises
    ------
    CuratedError
        If there is no such instrument, or no name and several instruments.
    """
    from curated.check.instruments import complete_instruments, read_instruments

    declared, findings = read_instruments(package)
    directories = list(package.layout.instruments)
    if name:
        directories = instrument_directories(package, declared, name)
    if len(directories) != 1:
        what = (
            "the package has no instrument"
            if not directories
            else f"there are {len(directories)} instruments"
        )
        hint = (
            f"choose one with --instrument: {', '.join(directories)}"
            if directories
            else "declare one: 'curated new instrument NAME'"
        )
        raise CuratedError(what, hint)
    (directory,) = directories
    instrument = declared.get(directory)
    if instrument is not None and instrument.declared:
        return instrument
    if package.layout.instruments[directory]:
        finding = next(iter(findings), None)
        where = f"{finding.file}:{finding.line}: {finding.message}" if finding else "'curated check' says why"
        raise CuratedError(f"the instrument of {directory} cannot be read", where)
    files = [file for file in package.layout.files if file.key.instrument == directory]
    reports = {file.path: read_and_check(package.files, file, {}, companion=False).report for file in files}
    layout = replace(package.layout, files=files, instruments={directory: ""})
    lone = Package(package.root, package.files, package.config, package.bare)
    lone.__dict__["layout"] = layout
    return complete_instruments(lone, reports, {})[directory]


def _find_detector(instrument: Instrument, name: str) -> DetectorGeometry:
    try:
        return instrument.geometry(name)
    except CuratedError as error:
        detector_names = [detector.name for detector in instrument.detectors.values()]
        raise CuratedError(
            f"{instrument.name} has no detector {name!r}", known_names(name, detector_names, "detectors")
        ) from error


def _find_filter(instrument: Instrument, name: str) -> str:
    entry = instrument.filters.get(directory_name(name))
    if entry is None:
        names = [entry.name for entry in instrument.filters.values()]
        raise CuratedError(f"{instrument.name} has no filter {name!r}", known_names(name, names, "filters"))
    return entry.name


def keywords_of(cls: type[Calib], place: Place, start: datetime, end: datetime | None) -> dict[str, Any]:
    """Return the keywords that follow from type, instrument, detector, filter and dates."""
    keywords: dict[str, Any] = {"OBSTYPE": cls.SPEC.obstype}
    if place.detector is not None:
        keywords |= detector_keywords(cls.SPEC, place.detector)
    else:
        instrument = place.instrument
        is_alike = instrument.name.lower() == instrument.directory.lower()
        keywords["INSTRUME"] = instrument.name if is_alike else instrument.directory
    keywords = {key: value for key, value in keywords.items() if not key.endswith(("_SCHEMA", "_VERSION"))}
    if place.filter:
        keywords["FILTER"] = place.filter
    keywords["CALIBDATE"] = iso(start)
    if end is not None:
        keywords["VALIDEND"] = iso(end)
    return keywords


def reconcile_claims(
    cls: type[Calib], claims: Mapping[str, Any], keywords: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the keywords of a foreign file that a calibration may have, and its contradictions to those of the package.

    Parameters
    ----------
    claims : `dict`
        Keywords that the file states.
    keywords : `dict`
        Keywords that follow from the place in the package; they go before those of the file.
    """
    problems = []
    obstype = str(claims.get("OBSTYPE", "")).strip()
    other = find_type(obstype) if obstype else None
    if other is not None and other.SPEC.name != cls.SPEC.name and other.SPEC.obstype != cls.SPEC.obstype:
        detail = (
            f"OBSTYPE of the file is {brief(obstype)}, which is {other.SPEC.name} and not {cls.SPEC.name}"
        )
        problems.append(Problem("CAL711", (), detail, f"--as {other.SPEC.name} adds it as that"))
    for keyword in IDENTITY:
        claimed, own = claims.get(keyword), keywords.get(keyword)
        if keyword in ("CALIB_ID", "OBSTYPE") or not has_value(claimed) or not has_value(own):
            continue
        if str(claimed).strip().lower() != str(own).lower():
            detail = f"{keyword} of the file is {brief(claimed)}, that of the calibration {brief(own)}"
            problems.append(
                Problem("CAL717", (), detail, "see that it is a file of this instrument, detector and filter")
            )
    foreign_levels = {"FILTER"} if not cls.SPEC.has_filter else set()
    if not cls.SPEC.has_detector:
        foreign_levels |= {"DETECTOR", "DET_NAME", "DET_SER", "RAFTNAME", "SLOTNAME"}
    kept = {
        k: v
        for k, v in claims.items()
        if meaning(k) not in foreign_levels and k not in ("CALIB_ID", "OBSTYPE")
    }
    return kept, problems


def read_camera(package: Package, place: Place, start: datetime) -> CameraGeometry | None:
    """Return the camera calibration of an instrument at a time; the first one before that; `None` without one."""
    files = [
        file
        for file in package.layout.files
        if file.key.instrument == place.instrument.directory
        and issubclass(get_type(file.key.type), CameraGeometry)
    ]
    files.sort(key=lambda file: file.start)
    in_force = [file for file in files if file.start <= start] or files[:1]
    if not in_force:
        return None
    calib = read_and_check(package.files, in_force[-1], {}).calib
    return calib if isinstance(calib, CameraGeometry) else None


def with_amplifiers(detector: DetectorGeometry, camera: CameraGeometry) -> DetectorGeometry:
    """Return a detector with the size and amplifiers of a camera, where that has it."""
    try:
        measured = camera.detector(detector.name)
    except CuratedError:
        return detector
    sizes = (detector.width or measured.width, detector.height or measured.height)
    return replace(detector, amplifiers=measured.amplifiers, width=sizes[0], height=sizes[1])
