"""Response of the amplifiers to light: photon transfer, non-linearity, deferred charge."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.camera import AMPLIFIERS, SIZE, amplifiers, gain, read_noise
from demo.electronics import correlations
from demo.variation import scatter

Vector = NDArray[np.float64]

SIGNALS = np.array([500.0, 2000.0, 5000.0, 10000.0, 20000.0, 30000.0, 40000.0, 50000.0, 58000.0, 63000.0])
"""Mean signals of the flat pairs in electrons, without the loss at full well."""

FULL_WELL = 52000.0
"""Signal in electrons above which charge spills into the neighbours, so that the variance falls."""

_SIDE = _FITTED = 3
_RATE = 20000.0
"""Signal of the lamp in electrons per second."""

_LAGS = 8


def _boxes(detector: str) -> dict[str, list[int]]:
    return {
        a["name"]: [a["x0"], a["y0"], a["width"], a["height"]]
        for a in amplifiers()
        if a["detector"] == detector
    }


# -- photon transfer ----------------------------------------------------------------------------------


def photon_transfer(detector: str) -> dict[str, Any]:
    """Return a photon transfer curve: covariances to second order in the signal (Astier et al. 2019, A&A 629, A36).

    In adu, with a signal of mu: ``C_ij = mu / gain * delta + a_ij * mu**2 + noise**2 / gain**2 * delta``, where delta
    is 1 at no lag and 0 elsewhere.
    """
    tree: dict[str, Any] = {}
    for name in AMPLIFIERS:
        for key, value in _curve(detector, name).items():
            tree.setdefault(key, {})[name] = value
    pairs = len(SIGNALS)
    return {
        **tree,
        "ampNames": list(AMPLIFIERS),
        # Not empty, because fitsverify rejects the stack's form of an empty list, TDIM (3,0).
        "badAmps": ["C11"],
        "ptcFitType": "FULLCOVARIANCE",
        "covMatrixSide": _SIDE,
        "covMatrixSideFullCovFit": _FITTED,
        "auxValues": {"SEQNUM": np.arange(100, 100 + pairs), "PROGRAM": ["flats"] * pairs},
    }


def _curve(detector: str, name: str) -> dict[str, Any]:
    electrons, noise = gain(detector, name), read_noise(detector, name)
    means = SIGNALS / electrons
    spilling = np.clip(SIGNALS / FULL_WELL, 1.0, None) ** -8
    pattern = correlations(detector, name)[_LAGS : _LAGS + _SIDE, _LAGS : _LAGS + _SIDE]
    models = pattern * means[:, None, None] ** 2
    models[:, 0, 0] += means / electrons + (noise / electrons) ** 2
    covariances = models * spilling[:, None, None]
    used = spilling == 1.0
    pairs = len(means)
    wobble = np.array([0.002 * scatter("ptc", detector, name, i) for i in range(pairs)])
    covariances[:, 0, 0] *= 1 + wobble
    weights = np.repeat(1 / (means / electrons), _SIDE * _SIDE) * 500
    none = np.full(pairs, np.nan)
    a = pattern[:_FITTED, :_FITTED]
    return {
        "inputExpIdPairs": [
            [first, first + 1] for first in range(20200101000100, 20200101000100 + 2 * pairs, 2)
        ],
        "inputExpPairMjdStartList": 58848.0 + np.arange(pairs) / 256,
        "expIdMask": used,
        "expIdRolloffMask": np.ones(pairs, bool),
        "rawExpTimes": SIGNALS / _RATE,
        "rawMeans": means,
        "rawVars": covariances[:, 0, 0],
        "rawDeltas": np.round(wobble * means, 2),
        "rowMeanVariance": covariances[:, 0, 0] / SIZE,
        "gain": electrons,
        "gainErr": 0.001,
        "gainUnadjusted": electrons,
        "gainList": np.full(pairs, electrons) * (1 - wobble),
        "overscanMedianLevelList": np.full(pairs, 1000.0),
        "overscanMedian": 1000.0,
        "overscanMedianSigma": 0.5,
        "noiseList": np.full(pairs, noise),
        "noise": noise,
        "noiseErr": 0.05,
        "histVars": covariances[:, 0, 0],
        "histChi2Dofs": np.ones(pairs),
        "kspValues": np.full(pairs, 0.5),
        "ptcFitPars": np.array([a[0, 0], electrons, noise**2]),
        "ptcFitParsError": np.array([2e-8, 0.001, 0.5]),
        "ptcFitChiSq": 1.05 + 0.1 * scatter("chi", detector, name),
        "ptcTurnoff": means[used][-1],
        "ptcTurnoffSamplingError": (means[~used][0] - means[used][-2]) / 2,
        "ptcRolloff": FULL_WELL / electrons,
        "ptcRolloffError": 100.0,
        "ptcRolloffTau": FULL_WELL / electrons / 8,
        "ptcRolloffTauError": 50.0,
        "aMatrix": a,
        "bMatrix": np.zeros((_FITTED, _FITTED)),
        "noiseMatrix": np.pad([[noise**2]], (0, _FITTED - 1)),
        "photoCharges": SIGNALS * 1e-13,
        "photoChargeDeltas": wobble * SIGNALS * 1e-13,
        "ampOffsets": np.zeros(pairs),
        "nPixelCovariances": (SIZE // 2) ** 2,
        "covariances": covariances.reshape(pairs, -1),
        "covariancesModel": models[:, :_FITTED, :_FITTED].reshape(pairs, -1),
        "covariancesSqrtWeights": weights.reshape(pairs, -1),
        "finalVars": np.where(used, covariances[:, 0, 0], none),
        "finalModelVars": np.where(used, models[:, 0, 0], none),
        "finalMeans": np.where(used, means, none),
    }


# -- non-linearity ------------------------------------------------------------------------------------

_NODES = np.array([0.0, 1000.0, 5000.0, 10000.0, 20000.0, 30000.0, 40000.0])


def linearity(detector: str) -> dict[str, dict[str, Any]]:
    """Return the corrections of a detector's amplifiers in adu: spline, polynomial, lookup table, none."""
    corrections: dict[str, dict[str, Any]] = {}
    for row, (name, box) in enumerate(_boxes(detector).items()):
        bend = 1 + 0.3 * scatter("bend", detector, name)
        kinds: list[tuple[str, Vector]] = [
            ("Spline", np.concatenate([_NODES, bend * (-60.0 * np.sin(_NODES / 8000.0))])),
            ("Polynomial", np.array([2.0e-7 * bend, -1.0e-12 * bend])),
            ("LookupTable", np.array([0.0, 0.5])),
            ("None", np.array([0.0])),
        ]
        kind, coeffs = kinds[row % len(kinds)]
        means = SIGNALS / gain(detector, name)
        corrections[name] = {
            "linearityType": kind,
            "linearityCoeffs": coeffs,
            "linearityBBox": box,
            "inputGain": gain(detector, name),
            "inputTurnoff": FULL_WELL,
            "inputAbscissa": SIGNALS / _RATE,
            "inputOrdinate": means,
            "inputMask": SIGNALS < FULL_WELL,
            "inputGroupingIndex": np.zeros(len(SIGNALS), int),
            "inputNormalization": np.ones(len(SIGNALS)),
            "linearFit": np.array([0.0, _RATE / gain(detector, name)]),
            "linearityTurnoff": FULL_WELL / gain(detector, name),
            "linearityMaxSignal": 40000.0,
        }
    return corrections


def lookup_table() -> list[list[float]]:
    """Return a lookup table with one row for low signals, of a converter whose lowest codes are too wide."""
    return [[round(3.0 * math.exp(-code / 12.0), 3) for code in range(48)]]


# -- deferred charge ----------------------------------------------------------------------------------


def deferred_charge(detector: str) -> dict[str, Any]:
    """Return the parameters of deferred charge (Snyder et al. 2021, JATIS 7, 048002), and traps."""
    tree: dict[str, Any] = {}
    signals = np.array([1000.0, 10000.0, 50000.0, 100000.0])
    for name in AMPLIFIERS:
        wobble = scatter("cti", detector, name)
        values: dict[str, Any] = {
            "driftScale": 1.8e-4 * (1 + 0.1 * wobble),
            "decayTime": 3.1 + 0.2 * wobble,
            "globalCti": 1.4e-7 * (1 + 0.2 * wobble),
            "signals": signals,
            "inputGain": gain(detector, name),
            "serialEper": 3e-6 * (1 + (signals / 90000.0) ** 8),
            "parallelEper": 1e-6 * (1 + (signals / 110000.0) ** 8),
            "serialCtiTurnoff": 90000.0,
            "parallelCtiTurnoff": 110000.0,
            "serialCtiTurnoffSamplingErr": 25000.0,
            "parallelCtiTurnoffSamplingErr": 25000.0,
        }
        for key, value in values.items():
            tree.setdefault(key, {})[name] = value
    trap = {"size": 12.0, "emissionTime": 0.4, "pixel": 118, "trap_type": "spline"}
    tree["serialTraps"] = {
        "C00": {**trap, "coeffs": np.array([0.0, 1000.0, 20000.0, 0.0, 4.5, 12.0])},
        "C10": {**trap, "pixel": 407, "trap_type": "linear", "coeffs": np.array([1.0e-3])},
    }
    return tree
