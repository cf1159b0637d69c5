"""Measurements without the sky: drift of gains, dome light, electrostatics of pixels, the shutter."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.camera import AMPLIFIERS, gain
from demo.variation import scatter

Matrix = NDArray[np.float64]

# -- gains and flat fields ----------------------------------------------------------------------------


def gain_adjustments(detector: str) -> dict[str, float]:
    """Return factors of the gains: some parts in a thousand, as for a change of a few kelvin."""
    return {name: round(1 + 0.003 * scatter("drift", detector, name), 6) for name in AMPLIFIERS}


_PUPIL = 90.0
"""Distance of the exit pupil in mm, as for the filters; invented."""


def gradient(name: str) -> dict[str, Any]:
    """Return the gradients of a flat field: vignetting with the fourth power of the cosine, and a tilted screen."""
    nodes = np.arange(0.0, 26.0, 5.0)
    values = (1 + (nodes / _PUPIL) ** 2) ** -2
    return {
        "radialSplineNodes": nodes,
        "radialSplineValues": np.round(values, 6),
        "itlRatio": 1.0,
        "centroidX": 0.12,
        "centroidY": -0.2,
        "centroidDeltaX": 0.05,
        "centroidDeltaY": 0.02,
        "gradientX": round(2e-5 * (1 + scatter("tilt", name, "x")), 8),
        "gradientY": round(-1e-5 * (1 + scatter("tilt", name, "y")), 8),
        "normalizationFactor": 1.0,
    }


# -- electrostatics -----------------------------------------------------------------------------------

_MEASURED, _FITTED = 5, 4
_THICKNESS, _HEIGHT = 100.0, 3.0
_PITCH = 15.0
"""Thickness of the silicon, height of the charge above the gates, and pitch of the pixels, in µm."""

_SCALE = 1.1e-7 * _PITCH**2
"""Scales the shift of the nearest boundary to some 1e-7 of a pixel for each electron, as in Astier & Regnault 2023,
A&A 670, A118."""

_ABSORBED = {"g": 1.0, "r": 0.985}
"""Fraction of the thickness over which charge drifts; red light is absorbed deeper."""


def _field(across: Matrix, along: Matrix) -> Matrix:
    """Return the lateral field, in the direction of ``along``, of a charge above its image in the gates, in 1/µm^2."""
    total = np.zeros(np.broadcast(across, along).shape)
    for height in np.linspace(2 * _HEIGHT, _THICKNESS, 60):
        for sign, distance in ((1, height - _HEIGHT), (-1, height + _HEIGHT)):
            total += sign * along / (across**2 + along**2 + distance**2) ** 1.5
    return total / 60


def boundaries(size: int) -> dict[str, Matrix]:
    """Return the shifts of the boundaries of pixels at lags ``[row, column]`` from an electron."""
    y, x = np.mgrid[0:size, 0:size] * _PITCH
    half = _PITCH / 2
    return {
        "aN": _SCALE * _field(x, y + half),
        "aS": -_SCALE * _field(x, y - half),
        "aE": _SCALE * _field(y, x + half),
        "aW": -_SCALE * _field(y, x - half),
    }


def distortion(detector: str) -> dict[str, Any]:
    """Return the electrostatic model of a detector; the area of a pixel changes as its boundaries move outward."""
    shifts = boundaries(_FITTED)
    model = -np.sum(list(shifts.values()), axis=0)
    whole = -np.sum(list(boundaries(_MEASURED).values()), axis=0)
    sigma = np.full(whole.shape, 4e-10)
    noise = np.array([[scatter("a", detector, i, j) for j in range(_MEASURED)] for i in range(_MEASURED)])
    used = np.hypot(*np.mgrid[0:_MEASURED, 0:_MEASURED]) < _FITTED
    names, free = ["thickness", "pixelsize", "zq"], ["zq"]
    degrees = int(used.sum()) - len(free)
    tree: dict[str, Any] = {
        "ampNames": list(AMPLIFIERS),
        "inputRange": _MEASURED,
        "fitRange": _FITTED,
        "badAmps": ["C11"],
        "gain": {name: gain(detector, name) for name in AMPLIFIERS},
        "aMatrix": whole + sigma * noise,
        "aMatrixSigma": sigma,
        "aMatrixModel": model,
        "aMatrixSum": _rounded(np.sum(whole)),
        "aMatrixModelSum": _rounded(np.sum(model)),
        "modelNormalization": [1.0, 0.0],
        "usedPixels": used,
        "fitParamNames": names,
        "freeFitParamNames": free,
        "fitParams": {"thickness": _THICKNESS, "pixelsize": _PITCH, "zq": _HEIGHT},
        "fitParamErrors": {"thickness": 0.0, "pixelsize": 0.0, "zq": 0.04},
        "fitChi2": _rounded(np.sum(noise[used] ** 2)),
        "fitReducedChi2": _rounded(np.sum(noise[used] ** 2) / degrees),
        "fitParamCovMatrix": [0.0016],
        "ath": model,
        "athMinusBeta": model,
        "availableFilters": list(_ABSORBED),
    }
    tree |= shifts
    filtered = {"aMatrixModel": model, "ath": model, "athMinusBeta": model, **shifts}
    for key, value in filtered.items():
        tree[f"{key}ByFilter"] = {name: value * part for name, part in _ABSORBED.items()}
    return tree


def _rounded(value: Any) -> float:
    return float(f"{value:.6e}")


# -- light --------------------------------------------------------------------------------------------


def photodiode() -> tuple[Matrix, Matrix]:
    """Return times (s) and currents (A) of a flash of one second from a lamp that comes on within 50 ms."""
    times = np.round(np.arange(0.0, 2.05, 0.1), 3)
    on = 1 / (1 + np.exp(-(times - 0.5) / 0.02)) - 1 / (1 + np.exp(-(times - 1.5) / 0.02))
    dark = np.array([1.0e-12 * (1 + 0.3 * scatter("dark", i)) for i in range(len(times))])
    return times, -(2.0e-9 * on) + dark


def corrections(first: int, pairs: int) -> dict[str, float]:
    """Return corrections of the photodiode's charges, by pairs of exposures."""
    return {
        f"[{first + 2 * i}, {first + 2 * i + 1}]": round(0.002 * scatter("pd", i), 6) for i in range(pairs)
    }


# -- shutter ------------------------------------------------------------------------------------------

_WAY, _DURATION = 120.0, 0.5


def shutter() -> dict[str, Any]:
    """Return the motion of a blade whose jerk changes sign after one quarter and three quarters of the time."""
    jerk = 32 * _WAY / _DURATION**3
    start = 58849.25
    times = np.round(np.linspace(0.0, _DURATION, 11), 3)
    quarter = _DURATION / 4

    def position(t: float) -> float:
        value = t**3 - 2 * max(t - quarter, 0.0) ** 3 + 2 * max(t - 3 * quarter, 0.0) ** 3
        return round(jerk / 6 * value, 4)

    def moment(t: float) -> dict[str, Any]:
        second, milli = divmod(round(1000 * t), 1000)
        return {
            "isot": f"2020-01-01T06:00:{second:02d}.{milli:03d}",
            "mjd": round(start + t / 86400, 11),
        }

    sensors = [(0.1, 0), (0.25, 1), (0.4, 2)]
    model = {"ModelStartTime": 0.0, "PivotPoint1": quarter, "PivotPoint2": 3 * quarter}
    model |= {"Jerk0": jerk, "Jerk1": -jerk, "Jerk2": jerk}
    return {
        "startTime": {"tai": moment(0.0)},
        "startPosition": 0.0,
        "targetPosition": _WAY,
        "endPosition": position(_DURATION),
        "targetDuration": _DURATION,
        "actionDuration": _DURATION,
        "side": "PLUSX",
        "isOpen": True,
        "encodeSamples": [{"tai": moment(t), "position": position(t)} for t in times.tolist()],
        "hallTransitions": [
            {"tai": moment(t), "position": position(t), "sensorId": sensor, "isOn": True}
            for t, sensor in sensors
        ],
        "fitResults": {"Model": "ThreeJerks", "motorEncoderFit": model},
    }
