"""The files of a new instrument: instrument.yaml, and a camera calibration where the geometry is known."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from curated.calib.mismatch import type_keywords
from curated.check.rules.identity import DRAFT
from curated.core.diagnostic import CuratedError, brief
from curated.core.times import compact, iso
from curated.datasets.names import is_instrument, is_value
from curated.drafts.geometry import GAIN, PIXEL_SIZE, READ_NOISE, SATURATION
from curated.drafts.notes import annotate
from curated.fits.camera_archive import CameraAmplifier, CameraDetector
from curated.package.completion import complete_instrument
from curated.package.files import INSTRUMENT_FILE
from curated.package.instrument import Detector, Filter, Instrument, parse_instrument
from curated.package.layout import directory_name
from curated.text.yaml.reader import load_yaml
from curated.types.camera import CameraGeometry

_RAFT = re.compile(r"(R[0-9A-Z]{2,4})_([A-Z]{1,2}[0-9A-Z]{1,3})")
"""A detector's name that is those of its raft and its slot, as in the LSST stack."""


@dataclass(frozen=True, slots=True)
class FilterOption:
    """A filter, its band, and the central wavelength (nm), which is NaN where it is not known."""

    name: str
    band: str
    wavelength: float = math.nan


def parse_filter(text: str) -> FilterOption:
    """Return the filter of a text ``NAME``, ``NAME=BAND`` or ``NAME=BAND:WAVELENGTH``.

    Raises
    ------
    CuratedError
        If it is none, or a name cannot be one in a repository.
    """
    name, _, rest = text.partition("=")
    band, colon, number = rest.partition(":")
    name, band = name.strip(), band.strip() or name.strip()
    hint = "write it like g, r_57=r or r_57=r:622, the wavelength in nm"
    for value in (name, band):
        if not is_value(value) or len(value) > 32 or not directory_name(value):
            raise CuratedError(f"--filter {brief(text)}: {brief(value)} is no name of a filter or band", hint)
    try:
        wavelength = float(number) if colon else math.nan
    except ValueError:
        wavelength = -1.0
    if colon and not 0 < wavelength < 1e6:
        raise CuratedError(f"--filter {brief(text)}: {brief(number)} is not a wavelength in nm", hint)
    return FilterOption(name, band, wavelength)


def instrument_directory(name: str) -> str:
    """Return the directory of a new instrument.

    Raises
    ------
    CuratedError
        If the name cannot be that of an instrument.
    """
    if not is_instrument(name) or len(name) > 32:
        raise CuratedError(
            f"{brief(name)} is no name for an instrument",
            "take at most 32 letters, digits, '_', '+', '-' and '.', a letter or digit first",
        )
    return name.lower()


def declare_instrument(
    name: str,
    detectors: Iterable[CameraDetector],
    filters: Iterable[FilterOption] = (),
    registered: Instrument | None = None,
    *,
    class_name: str = "",
    utc_offset: float = 0.0,
) -> Instrument:
    """Return an instrument of detectors and filters.

    Parameters
    ----------
    registered : `Instrument`, optional
        The instrument in a repository, of which the values of its record are taken, its filters where none are given, and
        what it says of detectors.

    Raises
    ------
    CuratedError
        If two detectors or two filters would have the same directory, or a name is none.
    """
    directory = instrument_directory(name)
    records = dict(registered.detectors) if registered is not None else {}
    entries: dict[str, Detector] = {}
    for detector in detectors:
        if not is_value(detector.name) or len(detector.name) > 32:
            raise CuratedError(f"{brief(detector.name)} is no name for a detector", "correct --detectors")
        key = directory_name(detector.name)
        if key in entries:
            raise CuratedError(f"two detectors would have the directory {key!r}", "give them other names")
        record = records.pop(key, None)
        match = _RAFT.fullmatch(detector.name)
        raft, slot = (
            (record.raft, record.slot) if record is not None else match.groups() if match else ("", "")
        )
        entries[key] = Detector(
            id=detector.id,
            name=detector.name,
            raft=raft,
            slot=slot,
            serial=detector.serial,
            purpose=detector.purpose or (record.purpose if record is not None else ""),
            width=detector.width,
            height=detector.height,
            amplifiers=tuple(amplifier.name for amplifier in detector.amplifiers),
        )
    entries |= records
    bands: dict[str, Filter] = {} if registered is None else dict(registered.filters)
    for option in filters:
        key = directory_name(option.name)
        if key in bands and bands[key].name != option.name:
            raise CuratedError(f"two filters would have the directory {key!r}", "give them other names")
        bands[key] = Filter(option.name, option.band)
    return Instrument(
        name=registered.name if registered is not None else name,
        directory=directory,
        detectors=dict(sorted(entries.items(), key=lambda entry: entry[1].id)),
        filters=bands,
        declared=True,
        class_name=class_name or (registered.class_name if registered is not None else ""),
        visit_max=registered.visit_max if registered is not None else None,
        exposure_max=registered.exposure_max if registered is not None else None,
        detector_max=registered.detector_max if registered is not None else None,
        visit_system=registered.visit_system if registered is not None else None,
        utc_offset=utc_offset,
    )


def instrument_text(instrument: Instrument, source: str) -> str:
    """Return the text of ``instrument.yaml``, with a comment for each key that it lacks.

    Parameters
    ----------
    source : `str`
        What it comes from, such as the file of a camera.

    Raises
    ------
    CuratedError
        If it would have an error, for instance two detectors with one number.
    """
    head = [
        f"# Written by 'curated new instrument' from {source}. docs/instrument.md of curated lists all keys.",
        "# Once a detector or filter is declared, calibrations of others are errors.",
    ]
    offset = instrument.utc_offset
    tree = {"utc_offset": int(offset) if offset == int(offset) else offset} if offset else {}
    bare = Instrument(instrument.name, instrument.directory)
    text = complete_instrument(tree, "".join(f"{line}\n" for line in head), instrument, bare, source).text
    comments = []
    if not instrument.filters:
        comments += ["# filters:", "# - {name: g, band: g}"]
    if not offset:
        comments.append(
            "# utc_offset: 0  # hours by which local time is ahead of UTC, negative in the west: nights last from noon to noon"
        )
    if not instrument.class_name:
        comments.append("# class_name: ''  # full name of the LSST stack's instrument class, if there is one")
    comments += ["# expected:  # types that the check then demands", "# - {type: defects}"]
    text += "".join(f"{comment}\n" for comment in comments)
    problems = parse_instrument(load_yaml(text)[0], instrument.directory)[1]
    if problems:
        raise CuratedError(f"the instrument would have an error: {problems[0].detail}", "correct the options")
    return text


@dataclass(frozen=True, slots=True)
class CameraDraft:
    """A camera calibration, and what a person must fill in; empty for nothing.

    Parameters
    ----------
    unknown : `tuple` [`str`]
        Values that are defaults: nobody gave them, or what was given is none.
    implausible : `tuple` [`str`]
        Values that no instrument can have, and that are defaults as well.
    """

    calib: CameraGeometry
    unknown: tuple[str, ...]
    implausible: tuple[str, ...] = ()


def draft_camera(
    instrument: Instrument,
    detectors: Sequence[CameraDetector],
    filters: Sequence[FilterOption],
    start: datetime,
    source: str,
    unknown: Sequence[str] = (),
) -> CameraDraft | None:
    """Return the camera calibration of detectors whose amplifiers have boxes; `None` if one has none.

    Parameters
    ----------
    unknown : sequence [`str`]
        Values that are defaults which nobody gave, such as ``gain``.
    """
    if not detectors or not all(d.width and d.height and d.amplifiers for d in detectors):
        return None
    missing = list(unknown)
    for key in ("gain", "read_noise", "saturation"):
        if key not in missing and any(_is_unknown(a, key) for d in detectors for a in d.amplifiers):
            missing.append(key)
    records = {d.id: d for d in instrument.detectors.values()}
    metadata: dict[str, Any] = {
        **type_keywords(CameraGeometry.SPEC),
        "INSTRUME": instrument_keyword(instrument),
        "CALIBDATE": iso(start),
        "SOURCE": source,
    }
    amplifiers = [_amplifier_row(detector, a) for detector in detectors for a in detector.amplifiers]
    tree: dict[str, Any] = {
        "detectors": [_detector_row(d, records[d.id].raft, records[d.id].slot) for d in detectors],
        "amplifiers": amplifiers,
    }
    if instrument.filters:
        wavelengths = {option.name: option.wavelength for option in filters}
        tree["filters"] = [
            {"name": f.name, "band": f.band}
            | ({"wavelength": w} if not math.isnan(w := wavelengths.get(f.name, math.nan)) else {})
            for f in instrument.filters.values()
        ]
    implausible = _replace_implausible(amplifiers, CameraGeometry.fromDict({"metadata": metadata, **tree}))
    missing += [text for text in implausible if text.partition(" of ")[0] not in missing]
    if missing:
        metadata[DRAFT] = f"fill in {', '.join(missing)}"
    calib = CameraGeometry.fromDict({"metadata": metadata, **tree})
    return CameraDraft(calib, tuple(missing), tuple(implausible))


def _replace_implausible(rows: list[dict[str, Any]], calib: CameraGeometry) -> list[str]:
    """Replace values of amplifiers that no instrument can have by defaults, and return which these were."""
    texts = []
    for bound in calib.SPEC.bounds:
        key = "saturation" if bound.quantity == "full_well" else bound.quantity
        if key not in _DEFAULTS:
            continue
        for row, value in zip(rows, np.asarray(bound.values(calib), "f8").tolist(), strict=True):
            is_low = bound.minimum is not None and value < bound.minimum
            is_high = bound.maximum is not None and value > bound.maximum
            if (is_low or is_high) and row[key] != _DEFAULTS[key]:
                texts.append(f"{key} of {row['detector']} {row['name']} ({row[key]:g})")
                row[key] = _DEFAULTS[key]
    return texts


def camera_path(instrument: Instrument, start: datetime) -> str:
    """Return the path of the camera calibration below the calibration directory."""
    return f"{instrument.directory}/camera/{compact(start)}.yaml"


def instrument_path(instrument: Instrument) -> str:
    """Return the path of ``instrument.yaml`` below the calibration directory."""
    return f"{instrument.directory}/{INSTRUMENT_FILE}"


def camera_text(draft: CameraDraft) -> str:
    """Return the text of a camera calibration, with notes on what a person must fill in."""
    head = ["Geometry and nominal electronics of the detectors; 'curated types camera' explains each value."]
    text = draft.calib.text_bytes("yaml").decode()
    notes: Mapping[str, str] = {}
    if draft.unknown:
        in_detectors = [key for key in draft.unknown if key in ("x", "y", "rotation", "pixel_size")]
        in_amplifiers = [key for key in draft.unknown if key not in in_detectors]
        units = "gain in electron/adu, read_noise in electron, saturation in adu"
        notes = {
            DRAFT: "remove this keyword once the values below are those of the instrument",
            "detectors": f"{', '.join(in_detectors)} (mm)" if in_detectors else "",
            "amplifiers": f"{', '.join(in_amplifiers)}; {units}" if in_amplifiers else "",
        }
    return annotate(text, "yaml", head, notes)


def instrument_keyword(instrument: Instrument) -> str:
    """Return INSTRUME of the calibrations of an instrument."""
    same = instrument.name.lower() == instrument.directory.lower()
    return instrument.name if same else instrument.directory


def _is_unknown(amplifier: CameraAmplifier, key: str) -> bool:
    value = getattr(amplifier, key)
    return not math.isfinite(value) or (value < 0 if key == "read_noise" else value <= 0)


_DEFAULTS = {"gain": GAIN, "read_noise": READ_NOISE, "saturation": SATURATION}


def _detector_row(detector: CameraDetector, raft: str, slot: str) -> dict[str, Any]:
    texts = {"raft": raft, "slot": slot, "serial": detector.serial}
    pixel = detector.pixel_size
    return {
        "id": detector.id,
        "name": detector.name,
        **{key: text for key, text in texts.items() if text},
        **({"type": detector.purpose} if detector.purpose else {}),
        "width": detector.width,
        "height": detector.height,
        "x": detector.x,
        "y": detector.y,
        **({"rotation": detector.rotation} if detector.rotation else {}),
        "pixel_size": pixel if math.isfinite(pixel) and pixel > 0 else PIXEL_SIZE,
    }


def _amplifier_row(detector: CameraDetector, amplifier: CameraAmplifier) -> dict[str, Any]:
    row: dict[str, Any] = {
        "detector": detector.name,
        "name": amplifier.name,
        "x0": amplifier.x0,
        "y0": amplifier.y0,
        "width": amplifier.width,
        "height": amplifier.height,
        "raw_x0": amplifier.raw.x0,
        "raw_y0": amplifier.raw.y0,
    }
    for name, box in (("serial", amplifier.serial_overscan), ("parallel", amplifier.parallel_overscan)):
        if name == "serial" or box.width:
            sizes = {"x0": box.x0, "y0": box.y0, "width": box.width, "height": box.height}
            row |= {f"{name}_overscan_{key}": value for key, value in sizes.items()}
    row |= {"flip_x": amplifier.flip_x, "flip_y": amplifier.flip_y, "readout_corner": amplifier.corner}
    return row | {
        key: default if _is_unknown(amplifier, key) else getattr(amplifier, key)
        for key, default in _DEFAULTS.items()
    }
