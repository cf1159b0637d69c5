"""The draft of a camera calibration for an instrument that a package has."""

from __future__ import annotations

from datetime import datetime

from curated.core.diagnostic import CuratedError
from curated.core.geometry import Box, DetectorGeometry
from curated.drafts.instrument import CameraDraft, draft_camera
from curated.exchange.placement import with_amplifiers
from curated.fits.camera_archive import CameraAmplifier, CameraDetector
from curated.package.instrument import Instrument
from curated.types.camera import CameraGeometry

_UNKNOWN = ("gain", "read_noise", "saturation", "pixel_size", "x", "y", "readout_corner")


def draft_next_camera(
    instrument: Instrument, camera: CameraGeometry | None, start: datetime, source: str
) -> CameraDraft:
    """Return a camera with the amplifiers of the one in force; without one they stand side by side.

    Raises
    ------
    CuratedError
        If the size or the amplifiers of a detector are not known.
    """
    geometries = [instrument.geometry(detector.name) for detector in instrument.detectors.values()]
    if camera is not None:
        geometries = [with_amplifiers(geometry, camera) for geometry in geometries]
    detectors = [_camera_detector(geometry, index) for index, geometry in enumerate(geometries)]
    draft = draft_camera(instrument, detectors, (), start, source, _UNKNOWN)
    if draft is None:
        raise CuratedError(
            "the size and the amplifiers of some detectors are not known",
            f"complete {instrument.directory}/instrument.yaml, or see 'curated new instrument'",
        )
    return draft


def _camera_detector(geometry: DetectorGeometry, index: int) -> CameraDetector:
    count = max(1, len(geometry.amplifiers))
    width = max(1, geometry.width // count)
    amplifiers = []
    for number, amplifier in enumerate(geometry.amplifiers):
        box = amplifier.box if amplifier.box.width else Box(number * width, 0, width, geometry.height)
        amplifiers.append(
            CameraAmplifier(
                amplifier.name,
                box.width,
                box.height,
                amplifier.gain,
                amplifier.read_noise,
                amplifier.saturation,
                box.x0,
                box.y0,
                amplifier.readout_corner,
                raw=Box(0, 0, box.width, box.height),
                serial_overscan=Box(box.width, 0, 0, 0),
            )
        )
    return CameraDetector(
        geometry.id,
        geometry.name,
        geometry.serial,
        "",
        geometry.width,
        geometry.height,
        tuple(amplifiers),
        x=round(index * geometry.width * 0.0153, 4),
    )
