"""Changes of the gains, noise and turn-offs of photon transfer curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from curated.types._keyed_changes import AMPLIFIER_SET, AMPLIFIER_SET_DOCS, keyed_measure, set_measures


def _of_good(values: Callable[[Any], Mapping[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """Return a function that returns the values of the amplifiers that can be used."""

    def numbers(calib: Any) -> dict[str, Any]:
        bad_names = set(calib.badAmps.tolist())
        return {name: value for name, value in values(calib).items() if name not in bad_names}

    return numbers


def _first_elements(calib: Any) -> dict[str, float]:
    """Return the element (0, 0) of the matrix a of each amplifier that has one."""
    return {name: float(matrix.flat[0]) for name, matrix in calib.aMatrix.items() if matrix.size}


MEASURES = (
    keyed_measure(
        "gain_change",
        "%",
        "Relative change of the gain of an amplifier that neither calibration lists as bad.",
        _of_good(lambda calib: calib.gain),
        notable=0.5,
    ),
    keyed_measure(
        "noise_change",
        "%",
        "Relative change of the read noise of an amplifier that neither calibration lists as bad.",
        _of_good(lambda calib: calib.noise),
        notable=5,
        worse="more",
    ),
    keyed_measure(
        "turnoff_change",
        "%",
        "Relative change of the turn-off of an amplifier that neither calibration lists as bad.",
        _of_good(lambda calib: calib.ptcTurnoff),
        notable=5,
        worse="less",
    ),
    keyed_measure(
        "a00_change",
        "%",
        "Relative change of a00, the pixel area change of the model by a pixel's own charge (Astier et al. 2019, A&A 629, A36).",
        _of_good(_first_elements),
        notable=5,
    ),
    *set_measures(
        ("bad_amplifiers_gained", "bad_amplifiers_lost"),
        (
            "Amplifiers that only the new calibration lists as bad, each counted as 1.",
            "Amplifiers that only the old calibration lists as bad, each counted as 1.",
        ),
        lambda calib: calib.badAmps.tolist(),
        worse="more",
    ),
    *set_measures(AMPLIFIER_SET, AMPLIFIER_SET_DOCS, lambda calib: calib.gain),
)
