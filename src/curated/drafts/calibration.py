"""Drafts of calibrations of any type: valid texts with nominal values, and notes on what a person must fill in."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from curated.calib import Calib
from curated.calib.content import Content
from curated.calib.error import CalibrationError
from curated.calib.mismatch import type_keywords
from curated.check.file import check_file
from curated.check.rules.identity import DRAFT
from curated.core.codes import Severity, code_info
from curated.core.diagnostic import CuratedError
from curated.core.geometry import DetectorGeometry
from curated.core.keys import CalibFile, CalibKey
from curated.core.times import compact
from curated.declare.starting_values import complete_values
from curated.drafts.instrument import camera_text
from curated.drafts.next_camera import draft_next_camera
from curated.drafts.notes import annotate
from curated.exchange.placement import Place, keywords_of, read_camera, with_amplifiers
from curated.fits.camera_archive import LARGEST_CAMERA
from curated.history.names import known_names
from curated.package.instrument import Instrument
from curated.package.layout import directory_name
from curated.package.package import Package
from curated.types._image import ImageCalib
from curated.types.camera import CameraGeometry

_SOURCE = "drafted by curated new; say here where the values come from"
_MOST_NAMES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """What a person asked for.

    Parameters
    ----------
    detectors, filters : `tuple` [`str`]
        Names of detectors and filters; empty for the only one, or with ``every`` for all.
    form : `str`
        ``yaml``, ``ecsv`` or ``json``; empty for the type's first one.
    placeholder : `bool`
        Whether images may be written that change nothing.
    file : `str`
        Path of the data file of a type that keeps one as it is, such as a camera of the stack.
    """

    start: datetime
    end: datetime | None = None
    detectors: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    every: bool = False
    form: str = ""
    placeholder: bool = False
    file: str = ""


@dataclass(slots=True)
class Drafts:
    """Drafts of calibrations: content by path, and the names of the values that a person must fill in."""

    contents: dict[str, bytes] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def draft_calibrations(
    package: Package, instrument: Instrument, cls: type[Calib], request: DraftRequest
) -> Drafts:
    """Return drafts of a type, one for each detector and filter that is asked for.

    Raises
    ------
    CuratedError
        If a detector or filter is missing or unknown, or the type needs what is not known.
    """
    form = _form(cls, request.form)
    if request.end is not None and request.end <= request.start:
        raise CuratedError("--until is not after --from", "give a later date")
    places = list(_places(package, instrument, cls, request))
    drafts = Drafts()
    camera = read_camera(package, places[0], request.start) if instrument.detectors else None
    if issubclass(cls, CameraGeometry):
        draft = draft_next_camera(instrument, camera, request.start, _SOURCE)
        path = f"{places[0].directory}/{compact(request.start)}.{form}"
        return Drafts({path: camera_text(draft).encode()}, draft.unknown)
    for place in places:
        detector = place.detector
        if detector is not None and camera is not None:
            detector = with_amplifiers(detector, camera)
        _add_draft(drafts, cls, replace(place, detector=detector), request, form)
    return drafts


def _form(cls: type[Calib], form: str) -> str:
    if form and form not in cls.SPEC.forms:
        raise CuratedError(
            f"{cls.SPEC.name} has no form {form}", f"its forms are {', '.join(cls.SPEC.forms)}"
        )
    return form or cls.SPEC.forms[0]


def _places(
    package: Package, instrument: Instrument, cls: type[Calib], request: DraftRequest
) -> Iterator[Place]:
    """Yield the place of each draft."""
    spec = cls.SPEC
    detectors = _chosen("detector", spec.has_detector, instrument, request)
    filters = _chosen("filter", spec.has_filter, instrument, request)
    for detector in detectors:
        for name in filters:
            levels = [directory_name(level) for level in (detector, name) if level]
            parts = [package.top, instrument.directory, spec.name, *levels]
            geometry = instrument.geometry(detector) if detector else None
            yield Place(
                directory="/".join(filter(None, parts)), instrument=instrument, detector=geometry, filter=name
            )


def _chosen(level: str, is_needed: bool, instrument: Instrument, request: DraftRequest) -> list[str]:
    """Return the names of the detectors or filters of drafts; an empty one for a type that has none."""
    names = request.detectors if level == "detector" else request.filters
    entries: Mapping[str, Any] = instrument.detectors if level == "detector" else instrument.filters
    entries_by_name = {entry.name: entry for entry in entries.values()}
    if not is_needed:
        if names:
            raise CuratedError(f"the type has no {level}", f"leave --{level} out")
        return [""]
    if not entries_by_name:
        raise CuratedError(
            f"{instrument.name} declares no {level}s", f"add them to {instrument.directory}/instrument.yaml"
        )
    if not names:
        if not request.every and len(entries_by_name) > 1:
            raise CuratedError(
                f"{instrument.name} has {len(entries_by_name)} {level}s",
                f"give --{level}, such as --{level} {next(iter(entries_by_name))}, or --all for a file of each",
            )
        return list(entries_by_name)
    chosen = []
    for name in names:
        numbers = {str(getattr(entry, "id", "")): entry.name for entry in entries_by_name.values()}
        match = entries.get(directory_name(name))
        exact = match.name if match is not None else numbers.get(name) if level == "detector" else None
        if exact is None:
            raise CuratedError(
                f"{instrument.name} has no {level} {name!r}", known_names(name, entries_by_name, f"{level}s")
            )
        chosen.append(exact)
    return list(dict.fromkeys(chosen))


# -- one draft --------------------------------------------------------------------------------------------------


def _add_draft(drafts: Drafts, cls: type[Calib], place: Place, request: DraftRequest, form: str) -> None:
    metadata = {**type_keywords(cls.SPEC), **keywords_of(cls, place, request.start, request.end)}
    metadata["SOURCE"] = _SOURCE
    stem = f"{place.directory}/{compact(request.start)}"
    if cls.SPEC.beside:
        calib, unknown = _with_image(drafts, cls, place, request, metadata, stem)
    else:
        calib, unknown = _from_declaration(cls, place, metadata)
    try:
        data = calib.text_bytes(form).decode()
    except CalibrationError as error:
        raise CuratedError(f"{cls.SPEC.name} cannot be drafted: {error.problems[0].detail}") from error
    content = annotate(data, form, _head(cls), _notes(cls, unknown, form)).encode()
    path = f"{stem}.{form}"
    _require_soundness(cls, place, path, content, request, form)
    drafts.contents[path] = content
    drafts.unknown = unknown


def _from_declaration(
    cls: type[Calib], place: Place, metadata: dict[str, Any]
) -> tuple[Calib, tuple[str, ...]]:
    """Return a draft without a data file, and the keys of the values that a person has to fill in."""
    _require_amplifiers(cls, place)
    try:
        return _completed(cls, place, metadata, has_rows=True)
    except CuratedError as error:
        try:
            # Rows of some types, such as dated events, cannot be made up; then there are none.
            return _completed(cls, place, metadata, has_rows=False)
        except CuratedError:
            raise error from None


def _completed(
    cls: type[Calib], place: Place, metadata: Mapping[str, Any], *, has_rows: bool
) -> tuple[Calib, tuple[str, ...]]:
    keywords, start = dict(metadata), cls.draft(place.detector)
    names = _amplifiers(place.detector)
    values = complete_values(cls.SPEC, cls.FIELDS, start, names, keywords, has_rows=has_rows)
    unknown = _filled_in(cls, start, values)
    return make_draft(cls, values, keywords | _mark(unknown)), unknown


def _require_amplifiers(cls: type[Calib], place: Place) -> None:
    """Raise an error if a type has values for each amplifier, and no amplifier is known."""
    if place.detector is None or place.detector.amplifiers:
        return
    start = cls.draft(place.detector)
    tables = [
        cls.SPEC.tables[f.table] for f in cls.FIELDS if f.required and f.name not in start and not f.common
    ]
    if any(table.rows == "key" and not table.optional for table in tables):
        raise CuratedError(
            f"the amplifiers of detector {place.detector.name} are not known",
            f"name them in {place.instrument.directory}/instrument.yaml",
        )


def _amplifiers(detector: DetectorGeometry | None) -> list[str]:
    return [amplifier.name for amplifier in detector.amplifiers] if detector is not None else []


def make_draft(cls: type[Calib], values: Mapping[str, Any], metadata: Mapping[str, Any]) -> Calib:
    """Return a draft as a calibration.

    Raises
    ------
    CuratedError
        If values that its declaration allows break a rule of the type, which then has to say what it starts from.
    """
    # Without its unit a percentage counts as a fraction.
    units = {f.name: f.unit for f in cls.FIELDS if f.name in values and (f.needs_unit or f.unit == "%")}
    calib, problems = cls.build(Content(dict(metadata), dict(values), units))
    errors = [p for p in problems if code_info(p.code).severity is Severity.ERROR]
    if calib is None or errors:
        fault = (errors or problems)[0]
        raise CuratedError(
            f"{cls.SPEC.name} cannot be drafted from its declaration alone: {fault.detail}",
            "its declaration can say what a draft starts from, by 'start' in its Spec",
        )
    return calib


def _filled_in(cls: type[Calib], start: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of the values that a person has to fill in: those that the type starts from, or demands."""
    alternatives = {name for group in cls.SPEC.alternatives for name in group}
    return tuple(
        declared.key
        for declared in cls.FIELDS
        if declared.name in values
        and (declared.required or declared.name in start or declared.name in alternatives)
        and not (declared.keyword and declared.dtype == "bool")
    )


def _mark(unknown: Sequence[str]) -> dict[str, str]:
    """Return the keyword of a draft."""
    more = f" and {len(unknown) - _MOST_NAMES} more" if len(unknown) > _MOST_NAMES else ""
    return {DRAFT: f"fill in {', '.join(unknown[:_MOST_NAMES])}{more}"} if unknown else {}


def _require_soundness(
    cls: type[Calib], place: Place, path: str, content: bytes, request: DraftRequest, form: str
) -> None:
    """Raise an error if the check of a draft would have errors."""
    detector = directory_name(place.detector.name) if place.detector is not None else ""
    key = CalibKey(place.instrument.directory, cls.SPEC.name, detector, directory_name(place.filter))
    _, report = check_file(CalibFile(path, key, request.start, form), content, place.instrument)
    errors = [finding for finding in report.diagnostics if finding.is_error]
    if errors:
        raise CuratedError(
            f"{cls.SPEC.name} cannot be drafted: {errors[0].code} {errors[0].message}", errors[0].hint
        )


def _head(cls: type[Calib]) -> list[str]:
    return [
        f"{cls.SPEC.title}: a draft of 'curated new'. 'curated types {cls.SPEC.name}' explains each value."
    ]


def _notes(cls: type[Calib], unknown: Sequence[str], form: str) -> dict[str, str]:
    notes = {
        DRAFT: "remove this keyword once the values below are measured ones",
        "SOURCE": "where the values come from",
    }
    for declared in cls.FIELDS:
        if declared.key in unknown:
            caption = declared.caption.rstrip(".")
            for name in (
                (declared.keyword, *declared.names) if form == "ecsv" else (declared.keyword, declared.key)
            ):
                notes.setdefault(name, caption)
    return notes if unknown else {}


# -- data files ------------------------------------------------------------------------------------------------


def _with_image(
    drafts: Drafts,
    cls: type[Calib],
    place: Place,
    request: DraftRequest,
    metadata: dict[str, Any],
    stem: str,
) -> tuple[Calib, tuple[str, ...]]:
    """Return a calibration with the data file beside it, which is added to the drafts."""
    name = cls.SPEC.name
    if not issubclass(cls, ImageCalib):
        return _with_file(drafts, cls, request, metadata, stem), ()
    if request.file:
        raise CuratedError(
            f"--file is not for images such as {name}", f"run 'curated add {request.file} --as {name}'"
        )
    if not request.placeholder:
        raise CuratedError(
            f"{name} is an image, and there is none",
            f"bring one in with 'curated add FILE.fits --as {name}'; --placeholder writes one that changes nothing",
        )
    detector = place.detector
    if detector is None or not (detector.width and detector.height):
        raise CuratedError(
            f"the size of detector {detector.name if detector else ''} is not known",
            f"give it a width and a height in {place.instrument.directory}/instrument.yaml",
        )
    shape = (detector.height, detector.width)
    # What divides has no unit, and changes nothing where it is one.
    unit = next(declared for declared in cls.FIELDS if declared.name == "unit").choices[0]
    pixels = np.broadcast_to(np.float32(0.0 if unit else 1.0), shape)
    unknown = ("image",)
    metadata = metadata | _mark(unknown)
    image = cls.from_pixels(pixels, metadata=metadata)
    if any(code_info(problem.code).severity is Severity.ERROR for problem in image.pixel_problems()):
        # Nothing is no pattern, and a pattern of this size is nothing.
        columns = np.float32(1e-6) * (-1) ** np.arange(detector.width, dtype="i4")
        image = cls.from_pixels(np.broadcast_to(columns.astype("f4"), shape), metadata=metadata)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "image.fits"
        image.writeFits(path)
        drafts.contents[f"{stem}.fits"] = path.read_bytes()
        return image.described(path, f"{os.path.basename(stem)}.fits"), unknown


def _read_file(path: str) -> bytes:
    """Return the content of a data file; of a pipe or a device it would have no end."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise CuratedError(f"--file {path} is no regular file", "name a FITS file")
            if status.st_size > LARGEST_CAMERA:
                raise CuratedError(f"--file {path} is larger than any camera file", "name a camera file")
            return stream.read(LARGEST_CAMERA + 1)
    except OSError as error:
        raise CuratedError(f"--file {path} cannot be read: {error.strerror}", "correct the path") from error


def _with_file(
    drafts: Drafts, cls: type[Calib], request: DraftRequest, metadata: dict[str, Any], stem: str
) -> Calib:
    """Return a calibration whose data file is kept as it is."""
    if not request.file:
        raise CuratedError(
            f"{cls.SPEC.name} keeps a file as it is, and there is none", f"give --file FILE: {cls.SPEC.title}"
        )
    data = _read_file(request.file)
    name = f"{os.path.basename(stem)}.fits"
    values = {"file": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    calib = make_draft(cls, values, metadata)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / name
        path.write_bytes(data)
        calib, problems = calib.attach(path)
    if problems:
        raise CuratedError(
            f"--file {request.file}: {problems[0].detail}", problems[0].hint or "give another file"
        )
    drafts.contents[f"{stem}.fits"] = data
    return calib
