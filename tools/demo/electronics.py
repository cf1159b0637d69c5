"""Effects of the detectors and their electronics: crosstalk, the brighter-fatter effect, defects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.camera import AMPLIFIERS, gain, read_noise
from demo.variation import scatter

Matrix = NDArray[np.float64]

_SIDE = 17
_LAGS = 8
_ROW, _COLUMN, _SLOPE = 1.2e-7, 3.0e-7, 2.6
"""Correlations (1/electron) of nearest neighbours along rows and columns, and the exponent of their decrease with distance."""

# -- crosstalk ----------------------------------------------------------------------------------------

_NEIGHBOUR = {(True, False): 1.0e-4, (False, True): 4.0e-5, (False, False): 1.5e-5}
"""Linear coefficients by whether two quadrants share a row, and whether they share a column: at most some 1e-4, as in
LSST's detectors (O'Connor 2015, JINST 10, C05010)."""


def crosstalk(detector: str, epoch: str) -> dict[str, Any]:
    """Return the matrices ``[source, target]`` of a detector, with their errors, counts and gains.

    Parameters
    ----------
    detector : `str`
        Name of the detector.
    epoch : `str`
        Start of validity; a repair changes the wiring, and with it the coefficients.
    """
    names = list(AMPLIFIERS)
    linear = np.zeros((len(names), len(names)))
    square = np.zeros_like(linear)
    for s, source in enumerate(names):
        for t, target in enumerate(names):
            if s == t:
                continue
            same = (source[1] == target[1], source[2] == target[2])
            linear[s, t] = _NEIGHBOUR[same] * (1 + 0.2 * scatter("ct", detector, epoch, source, target))
            square[s, t] = 3e-10 * scatter("ct2", detector, epoch, source, target)
    gains = np.array([gain(detector, name) for name in names])
    off = ~np.eye(len(names), dtype=bool)
    return {
        "coeffs": linear,
        "coeffErr": np.where(off, 2.0e-6, 0.0),
        "coeffNum": np.where(off, 240, 0),
        "coeffValid": np.ones_like(off),
        "coeffsSqr": square,
        "coeffErrSqr": np.where(off, 4.0e-11, 0.0),
        "ampGainRatios": gains[:, None] / gains[None, :],
        "fitGains": gains,
    }


def inter_chip(detector: str, source: str) -> Matrix:
    """Return the coefficients for a source on the same board, a hundredth of those within one detector."""
    names = list(AMPLIFIERS)
    return np.array(
        [[1.0e-6 * (1 + 0.5 * scatter("ic", detector, source, s, t)) for t in names] for s in names]
    )


# -- brighter-fatter ----------------------------------------------------------------------------------


def correlations(detector: str, amplifier: str) -> Matrix:
    """Return pixel covariances of flat fields, in units of the squared signal, at lags of -8 to 8.

    They fall steeply with distance and are larger along columns, as measured by Astier et al. 2019, A&A 629, A36. The
    centre balances all others, including those beyond the array, because charge that is pushed out of a pixel is not
    lost.
    """
    y, x = np.mgrid[-_LAGS : _LAGS + 1, -_LAGS : _LAGS + 1].astype(float)
    distance = np.hypot(x, y)
    distance[_LAGS, _LAGS] = 1.0
    scale = 1 + 0.02 * scatter("bf", detector, amplifier)
    covariances: Matrix = scale * (_ROW * x**2 + _COLUMN * y**2) * distance ** -(2 + _SLOPE)
    # The rest of the plane, outside a circle of the array's area.
    beyond = np.pi * (_ROW + _COLUMN) * (_SIDE / np.sqrt(np.pi)) ** (2 - _SLOPE) / (_SLOPE - 2)
    covariances[_LAGS, _LAGS] = 0.0
    covariances[_LAGS, _LAGS] = -covariances.sum() - scale * beyond
    return covariances


def kernel(correlation: Matrix) -> Matrix:
    """Return the kernel whose Laplacian is minus the correlation (Coulton et al. 2018, AJ 155, 258).

    It is zero outside the array; the discrete Poisson equation is solved directly.
    """
    second = np.diag(np.full(_SIDE, -2.0)) + np.diag(np.ones(_SIDE - 1), 1) + np.diag(np.ones(_SIDE - 1), -1)
    laplacian = np.kron(second, np.eye(_SIDE)) + np.kron(np.eye(_SIDE), second)
    solved: Matrix = np.linalg.solve(laplacian, -correlation.ravel()).reshape(_SIDE, _SIDE)
    # The equations are symmetric, but the last digits of the solution are not.
    return (solved + solved[::-1] + solved[:, ::-1] + solved[::-1, ::-1]) / 4


SIGNALS = (2000.0, 5000.0, 10000.0, 20000.0, 30000.0, 40000.0)
"""Mean signals of the flat pairs, in adu."""


def amplifier_kernels(detector: str) -> dict[str, dict[str, Any]]:
    """Return the kernels of a detector's amplifiers with the measurements behind them.

    Variances are a photon transfer curve to second order: ``V = S / gain + c00 S**2 + noise**2``.
    """
    tree: dict[str, dict[str, Any]] = {
        key: {}
        for key in (
            *("ampKernels", "expIdMask", "gain", "meanXcorrs", "noise"),
            *("rawMeans", "rawVariances", "rawXcorrs", "valid"),
        )
    }
    signals = np.array(SIGNALS)
    for name in AMPLIFIERS:
        covariances = correlations(detector, name)
        electrons = gain(detector, name)
        noise = read_noise(detector, name)
        variances = signals / electrons + covariances[_LAGS, _LAGS] * signals**2 + (noise / electrons) ** 2
        quadrant = covariances[_LAGS : 2 * _LAGS, _LAGS : 2 * _LAGS] * signals[:, None, None] ** 2
        quadrant[:, 0, 0] = variances
        tree["ampKernels"][name] = kernel(covariances)
        tree["meanXcorrs"][name] = covariances
        tree["rawXcorrs"][name] = quadrant.reshape(-1, _LAGS)
        tree["rawMeans"][name] = signals
        tree["rawVariances"][name] = variances
        tree["expIdMask"][name] = [True] * len(SIGNALS)
        tree["gain"][name], tree["noise"][name] = electrons, noise
        tree["valid"][name] = True
    return tree


def detector_kernel(detector: str) -> Matrix:
    """Return one kernel for a whole detector, from the mean correlations of its amplifiers."""
    return kernel(np.mean([correlations(detector, name) for name in AMPLIFIERS], axis=0))


# -- defects ------------------------------------------------------------------------------------------

Box = tuple[int, int, int, int]

TRAP = (118, 512, 1, 129)
"""A trap at row 640: rows farther from the register at the top lose their charge."""

DEFECTS: dict[tuple[str, str], list[Box | str]] = {
    ("d00", "2020-01-01"): [(211, 37, 1, 475), (402, 377, 3, 3), (733, 512, 2, 390)],
    ("d00", "2023-05-10"): [
        TRAP,
        (211, 37, 1, 475),
        (402, 377, 3, 3),
        (733, 512, 2, 390),
        (733, 902, 1, 122),
    ],
    # The cluster disappeared in the cold cycle before this date.
    ("d00", "2024-03-01"): [TRAP, (211, 37, 1, 475), (640, 88, 2, 1), (733, 512, 2, 512)],
    ("d01", "2020-01-01"): [
        "Blocked columns: charge of these rows does not reach the register.",
        (87, 301, 1, 211),
        (599, 0, 1, 512),
        "Hot pixels: more than 5 electrons a second in the dark at -100 C.",
        (12, 950, 1, 1),
        (803, 266, 2, 2),
    ],
    ("d01", "2024-02-01"): [
        "Blocked columns: charge of these rows does not reach the register.",
        (87, 301, 1, 211),
        (599, 0, 1, 512),
        "Hot pixels: more than 5 electrons a second in the dark at -100 C.",
        (12, 950, 1, 1),
        (803, 266, 2, 2),
        "New in the darks of January 2024.",
        (455, 700, 4, 3),
    ],
    ("d02", "2020-01-01"): [(0, 0, 512, 512), (970, 512, 1, 301)],
    ("d02", "2022-03-01"): [(970, 512, 1, 301)],
    ("d03", "2020-01-01"): [],
}
"""Boxes ``x0, y0, width, height`` by detector and start; strings are comments between the rows."""

MANUAL_DEFECTS: dict[tuple[str, str], list[Box | str]] = {
    ("d00", "2023-08-15T12:00:00"): [(310, 1000, 40, 24)],
    ("d01", "2022-03-01"): [(900, 0, 124, 60)],
}

EDITS: dict[tuple[str, str, str], list[dict[str, str]]] = {
    ("manual_defects", "d01", "2022-03-01"): [
        {
            "name": "Demo Scientist",
            "date": "2022-03-02",
            "what": "Mask the light leak beside the detector, seen in the first darks after the repair.",
        }
    ],
}
"""Notes of manual edits by type, detector and start."""
