"""The cameras of a package: what they say about detectors, and whether calibrations fit to it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from curated.calib.content import Claims
from curated.check.file import FileReport
from curated.core.diagnostic import Problem, brief
from curated.core.keys import CalibFile
from curated.package.instrument import Detector, Instrument
from curated.package.layout import directory_name

_FAR = 2.0
"""Factor between two gains of one amplifier that no drift makes."""


class Cameras:
    """The camera in force for each file.

    Parameters
    ----------
    files : iterable [`CalibFile`]
        All calibrations of the package.
    reports : `dict` [`str`, `FileReport`]
        What is known of each, by path.
    """

    def __init__(self, files: Iterable[CalibFile], reports: Mapping[str, FileReport]) -> None:
        self.epochs: dict[str, list[tuple[CalibFile, dict[str, dict[str, Any]]]]] = {}
        for file in files:
            report = reports.get(file.path)
            if report is not None and report.claims is not None and report.claims.detectors:
                known = {directory_name(entry["name"]): entry for entry in report.claims.detectors}
                self.epochs.setdefault(file.key.instrument, []).append((file, known))
        for epochs in self.epochs.values():
            epochs.sort(key=lambda epoch: epoch[0].start)

    def detector(self, file: CalibFile) -> dict[str, Any] | None:
        """Return what the camera in force at a file's start says about its detector; before the first one, the first."""
        epochs = self.epochs.get(file.key.instrument)
        if not epochs:
            return None
        known = next(
            (known for camera, known in reversed(epochs) if camera.start <= file.start), epochs[0][1]
        )
        return known.get(file.key.detector)


def check_detectors(
    files: Iterable[CalibFile],
    reports: Mapping[str, FileReport],
    declared: Mapping[str, Instrument],
    cameras: Cameras,
) -> Iterator[tuple[str, Problem]]:
    """Yield calibrations that do not fit to their detectors, and cameras that do not fit to their instruments."""
    for file in files:
        report = reports.get(file.path)
        claims = report.claims if report is not None else None
        if claims is None:
            continue
        instrument = declared.get(file.key.instrument)
        if claims.detectors and instrument is not None:
            yield from ((file.path, problem) for problem in _camera(claims, instrument))
        entry = cameras.detector(file)
        known = instrument.detectors.get(file.key.detector) if instrument is not None else None
        yield from ((file.path, problem) for problem in _fits(claims, entry, known))


def _fits(claims: Claims, entry: Mapping[str, Any] | None, known: Detector | None) -> Iterator[Problem]:
    """Compare a calibration with its detector, of the camera or else of the instrument."""
    names = list(entry["gains"]) if entry else list(known.amplifiers) if known else []
    yield from _amplifiers(claims, names)
    if entry is None:
        return
    yield from _gains(claims, entry["gains"])
    width, height = entry["width"], entry["height"]
    if claims.reach and not (known and known.width) and (claims.reach[0] > width or claims.reach[1] > height):
        right, top, row = claims.reach
        detail = (
            f"the boxes reach to {right}, {top}, the detector of the camera has {width} x {height} pixels"
        )
        yield Problem("CAL307", ("x0", row), detail)


def _amplifiers(claims: Claims, names: list[str]) -> Iterator[Problem]:
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


def _gains(claims: Claims, known: Mapping[str, float | None]) -> Iterator[Problem]:
    far = []
    for name, given in claims.gains.items():
        # NaN comes back from the memory of the check as nothing.
        gain, theirs = given or math.nan, known.get(name) or math.nan
        if gain > 0 and theirs > 0 and not 1 / _FAR <= gain / theirs <= _FAR:
            far.append(f"{name} {gain:g}, the camera {theirs:g}")
    if far:
        more = f", and {len(far) - 3} more" if len(far) > 3 else ""
        yield Problem("CAL317", (claims.gain_place,), f"gain (electron/adu) of {'; '.join(far[:3])}{more}")


def _camera(claims: Claims, instrument: Instrument) -> Iterator[Problem]:
    """Compare a camera's detectors with the declared ones."""
    for row, entry in enumerate(claims.detectors):
        known = instrument.detectors.get(directory_name(entry["name"]))
        if known is None:
            detail = f"detector {brief(entry['name'])} is not one of instrument.yaml"
            yield Problem("CAL133", ("detectors", row, "name"), detail)
            continue
        # The serial number may change with time, and the camera says when.
        for key in ("id", "raft", "slot", "width", "height"):
            mine, its = entry[key], getattr(known, key)
            if mine != its and (key == "id" or (mine and its)):
                detail = (
                    f"{key} of detector {entry['name']} is {brief(mine)}, instrument.yaml has {brief(its)}"
                )
                yield Problem("CAL133", ("detectors", row, key), detail)
        names = list(entry["gains"])
        if known.amplifiers and names and sorted(names) != sorted(known.amplifiers):
            listed = ", ".join(known.amplifiers)
            detail = f"amplifiers of {entry['name']} are {', '.join(names)[:150]}, instrument.yaml has {listed[:150]}"
            yield Problem("CAL133", ("detectors", row), detail)
