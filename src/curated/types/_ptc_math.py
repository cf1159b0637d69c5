"""Changes of the gains, noise and turn-offs of photon transfer curves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Any

import numpy as np

from curated.declare import Comparison, Conditions, Measure, Reading
from curated.types._detector_bounds import FULL_WELL, GAIN, LEVEL, NOISE, keyed_bound, of_field, products
from curated.types._keyed_changes import (
    AMPLIFIER_SET,
    AMPLIFIER_SET_DOCS,
    difference,
    keyed_measure,
    set_measures,
)


def _of_good(values: Callable[[Any], Mapping[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """Return a function that returns the values of the amplifiers that can be used."""

    def numbers(calib: Any) -> dict[str, Any]:
        bad_names = set(calib.badAmps.tolist())
        return {name: value for name, value in values(calib).items() if name not in bad_names}

    return numbers


def _first_elements(calib: Any) -> dict[str, float]:
    """Return the element (0, 0) of the matrix a of each amplifier that has one."""
    return {name: float(matrix.flat[0]) for name, matrix in calib.aMatrix.items() if matrix.size}


_LEAST_AMPLIFIERS = 3
"""Number of amplifiers from which their scatter is an error."""


def _first_errors(calib: Any) -> dict[str, float]:
    """Return the standard errors of the elements (0, 0) of the matrices a.

    They are the errors of the fit where a00 is its first parameter (Astier et al. 2019, A&A 629, A36, equation 16), and
    elsewhere the robust scatter over the amplifiers: the stack keeps no errors of the matrices.
    """
    elements = _of_good(_first_elements)(calib)
    finite = np.array([value for value in elements.values() if np.isfinite(value)])
    scatter = np.nan
    if finite.size >= _LEAST_AMPLIFIERS:
        with np.errstate(all="ignore"):
            scatter = 1.4826 * float(np.median(np.abs(finite - np.median(finite))))
    errors = {}
    for name, value in elements.items():
        parameters, deviations = calib.ptcFitPars.get(name, ()), calib.ptcFitParsError.get(name, ())
        is_fitted = (
            len(parameters) and len(deviations) and np.isclose(parameters[0], value, rtol=1e-3, atol=0)
        )
        error = float(deviations[0]) if is_fitted else np.nan
        errors[name] = error if np.isfinite(error) and error > 0 else scatter
    return errors


def _significances(old: Any, new: Any, _: Conditions) -> Iterator[Reading]:
    before, after = (_of_good(_first_elements)(calib) for calib in (old, new))
    errors = [_first_errors(calib) for calib in (old, new)]
    for name in before:
        if name in after:
            error = math.hypot(errors[0][name], errors[1][name])
            change = difference(before[name], after[name])
            # Without an error, or without an element, the relative change says what there is to say.
            if math.isfinite(change) and math.isfinite(error) and error > 0:
                yield Reading(change / error, before[name], after[name], {"amplifier": name})


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
    Measure(
        name="a00_significance",
        unit="",
        doc="Change of a00 in standard errors of both: those of the fit where it gives them, else the robust scatter over the amplifiers.",
        compute=_significances,
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


def _bad(calib: Any) -> list[str]:
    names: list[str] = calib.badAmps.tolist()
    return names


def _full_wells(calib: Any) -> dict[str, float]:
    """Return the turn-offs in electron; a gain that is not positive is a finding of its own."""
    return products(*(_of_good(attrgetter(name))(calib) for name in ("gain", "ptcTurnoff")))


BOUNDS = (
    keyed_bound("gain", "Gain of an amplifier that badAmps does not list.", GAIN, of_field("gain", _bad)),
    keyed_bound("gainUnadjusted", "The same before the adjustment.", GAIN, of_field("gainUnadjusted", _bad)),
    keyed_bound(
        "noise", "Read noise of an amplifier that badAmps does not list.", NOISE, of_field("noise", _bad)
    ),
    keyed_bound(
        "ptcTurnoff",
        "Turn-off of an amplifier that badAmps does not list.",
        LEVEL,
        of_field("ptcTurnoff", _bad),
        code="CAL370",
    ),
    keyed_bound(
        "full_well",
        "The turn-off in electron.",
        FULL_WELL,
        _full_wells,
        place=lambda _: "ptcTurnoff",
        code="CAL370",
    ),
    keyed_bound(
        "a00",
        "Element (0, 0) of the matrix a, the pixel area change by a pixel's own charge.",
        {
            "unit": "1/electron",
            "minimum": -1e-4,
            "maximum": 1e-6,
            "source": "-2.4e-6 in pixels of 10 micrometres (Astier et al. 2019, A&A 629, A36), up to ten times more in small ones.",
        },
        _of_good(_first_elements),
        place=lambda _: "aMatrix",
    ),
)


COMPARISONS = (
    Comparison(quantity="gain", values=_of_good(attrgetter("gain")), doc="Gains."),
    Comparison(quantity="noise", values=_of_good(attrgetter("noise")), doc="Read noise."),
    Comparison(quantity="ptcTurnoff", values=_of_good(attrgetter("ptcTurnoff")), doc="Turn-offs."),
    Comparison(
        quantity="a00",
        values=_of_good(_first_elements),
        doc="Elements (0, 0) of the matrices a.",
        place="aMatrix",
    ),
)
