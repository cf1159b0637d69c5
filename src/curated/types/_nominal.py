"""Values that calibrations of a type start from: nominal ones of the detector, or ones that change nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from curated.core.diagnostic import CuratedError

if TYPE_CHECKING:
    from curated.core.geometry import DetectorGeometry

_FIRST, _LAST, _STEP = 300.0, 1100.0, 50.0
"""Wavelengths (nm) of a curve."""

_FULL_WELL = 100_000.0
"""Signal (electron) up to which charge transfer is linear."""


def _names(detector: DetectorGeometry | None) -> list[str]:
    """Return the names of the amplifiers.

    Raises
    ------
    CuratedError
        If they are not known.
    """
    if detector is None or not detector.amplifiers:
        raise CuratedError(
            f"the amplifiers of detector {detector.name if detector is not None else ''} are not known",
            "name them in instrument.yaml, or take the detector from a camera calibration",
        )
    return [amplifier.name for amplifier in detector.amplifiers]


def _numbers(detector: DetectorGeometry | None, key: str, default: float) -> dict[str, float]:
    """Return a nominal value of each amplifier."""
    amplifiers = detector.amplifiers if detector is not None else ()
    values = {amplifier.name: float(getattr(amplifier, key)) for amplifier in amplifiers}
    return {name: value if math.isfinite(value) else default for name, value in values.items()}


def linearizer(detector: DetectorGeometry | None) -> dict[str, Any]:
    """Return no correction of any amplifier; boxes side by side where the amplifiers have none."""
    names = _names(detector)
    amplifiers = detector.amplifiers if detector is not None else ()
    boxes = {a.name: [a.box.x0, a.box.y0, a.box.width, a.box.height] for a in amplifiers if a.box.width}
    columns, rows = (detector.width, detector.height) if detector is not None else (0, 0)
    width = max(1, columns // len(names))
    beside = {name: [index * width, 0, width, rows or 1] for index, name in enumerate(names)}
    return {
        "hasLinearity": True,
        "linearityType": dict.fromkeys(names, "None"),
        "linearityCoeffs": {name: [0.0, 0.0] for name in names},
        "linearityBBox": {name: boxes.get(name, beside[name]) for name in names},
        "inputGain": _numbers(detector, "gain", 1.0),
    }


def ptc(detector: DetectorGeometry | None) -> dict[str, Any]:
    """Return gain and read noise of the amplifiers, without the measurements behind them."""
    names = _names(detector)
    gains, noises = _numbers(detector, "gain", 1.0), _numbers(detector, "read_noise", 5.0)
    return {
        "ampNames": names,
        "ptcFitType": "PARTIAL",
        "covMatrixSide": 1,
        "badAmps": [],
        "gain": gains,
        "gainUnadjusted": dict(gains),
        "noise": noises,
        "gainErr": dict.fromkeys(names, 0.0),
        "noiseErr": dict.fromkeys(names, 0.0),
    }


def gains(detector: DetectorGeometry | None) -> dict[str, Any]:
    """Return gain, read noise and saturation, defaults where the camera has none."""
    return {
        "source": "nominal",
        "gain": dict.fromkeys(_names(detector), 1.0) | _numbers(detector, "gain", 1.0),
        "readNoise": _numbers(detector, "read_noise", 5.0),
        "saturation": _numbers(detector, "saturation", 65535.0),
    }


def gain_correction(detector: DetectorGeometry | None) -> dict[str, Any]:
    """Return factors of one."""
    names = _names(detector)
    return {"ampNames": names, "gainAdjustments": [1.0] * len(names)}


def cti(detector: DetectorGeometry | None) -> dict[str, Any]:
    """Return no deferred charge, and no traps."""
    names = _names(detector)
    values = {key: dict.fromkeys(names, 0.0) for key in ("driftScale", "decayTime", "globalCti")}
    traps = ("trapSize", "trapEmissionTime", "trapPixel", "trapType", "trapCoeffs")
    turnoffs = ("serialCtiTurnoff", "parallelCtiTurnoff")
    errors = ("serialCtiTurnoffSamplingErr", "parallelCtiTurnoffSamplingErr")
    vectors = ("serialEper", "parallelEper")
    return {
        **values,
        **{key: {} for key in traps},
        "signals": {name: [1000.0] for name in names},
        "inputGain": _numbers(detector, "gain", 1.0),
        **{key: {name: [0.0] for name in names} for key in vectors},
        **{key: dict.fromkeys(names, _FULL_WELL) for key in turnoffs},
        **{key: dict.fromkeys(names, 0.0) for key in errors},
    }


def electrostatic(detector: DetectorGeometry | None) -> dict[str, Any]:
    """Return a pixel whose edges do not move."""
    names, parameters = _names(detector), ["thickness", "pixelsize"]
    matrices = ("aMatrix", "aMatrixSigma", "aMatrixModel", "ath", "athMinusBeta", "aN", "aS", "aE", "aW")
    return {
        "ampNames": names,
        "inputRange": 3,
        "fitRange": 3,
        "badAmps": [],
        "gain": _numbers(detector, "gain", 1.0),
        **{key: np.zeros((3, 3)) for key in matrices},
        "modelNormalization": [1.0, 0.0],
        "usedPixels": np.ones((3, 3), bool),
        "fitParamNames": parameters,
        "freeFitParamNames": parameters,
        "fitParams": {"thickness": 100.0, "pixelsize": 10.0},
        "fitParamErrors": dict.fromkeys(parameters, 0.0),
        "fitParamCovMatrix": np.zeros((2, 2)),
    }


def flat_gradient(_: DetectorGeometry | None) -> dict[str, Any]:
    """Return a flat without gradients."""
    return {"radialSplineNodes": [0.0, 100.0], "radialSplineValues": [1.0, 1.0]}


def photodiode(_: DetectorGeometry | None) -> dict[str, Any]:
    """Return a second without current."""
    return {"timeSamples": [0.0, 1.0], "currentSamples": [0.0, 0.0]}


def photodiode_correction(_: DetectorGeometry | None) -> dict[str, Any]:
    """Return no correction of one pair of exposures."""
    return {"pairs": {"(1, 2)": 0.0}}


def provenance(detector: DetectorGeometry | None) -> dict[str, Any]:
    """Return one input of a product."""
    instrument, number = (detector.instrument, detector.id) if detector is not None else ("", 0)
    inputs: dict[str, list[Any]] = {"instrument": [instrument], "detector": [number], "exposure": [1]}
    return {"calibType": "bias", "dataIds": inputs}


def shutter(_: DetectorGeometry | None) -> dict[str, Any]:
    """Return a shutter that opens within a second, at a constant speed."""
    day, texts = 60310.0, ("2024-01-01T00:00:00.000", "2024-01-01T00:00:01.000")
    return {
        "fileType": "shutterMotionProfile",
        "version": 2.0,
        "startPosition": 0.0,
        "targetPosition": 100.0,
        "endPosition": 100.0,
        "targetDuration": 1.0,
        "actionDuration": 1.0,
        "isOpen": True,
        "startTime_tai": texts[0],
        "startTime_mjd": day,
        "tai": list(texts),
        "mjd": [day, day + 1 / 86400],
        "position": [0.0, 100.0],
        **{key: [] for key in ("hall_tai", "hall_mjd", "hall_position", "hall_sensorId", "hall_isOn")},
        **{key: [] for key in ("fit_name", "fit_start", "fit_pivot1", "fit_pivot2")},
        **{key: [] for key in ("fit_jerk0", "fit_jerk1", "fit_jerk2")},
    }


def curve(_: DetectorGeometry | None) -> dict[str, Any]:
    """Return the curve of something through which all light passes, in percent."""
    wavelengths = np.arange(_FIRST, _LAST + _STEP, _STEP)
    return {"wavelength": wavelengths, "efficiency": np.full(wavelengths.shape, 100.0)}


def efficiency(_: DetectorGeometry | None) -> dict[str, Any]:
    """Return the quantum efficiency of a perfect detector."""
    values = curve(None)
    return {"wavelength": values["wavelength"], "efficiencies": values["efficiency"]}
