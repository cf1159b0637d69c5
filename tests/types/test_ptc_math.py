"""Changes of photon transfer curves."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from support.demo import demo_calib
from support.readings import all_readings


def changed(**more: Any) -> Any:
    return dataclasses.replace(demo_calib("ptc"), **more)


def test_a_gain_and_a_noise() -> None:
    old = demo_calib("ptc")
    name = next(iter(old.gain))
    new = changed(
        gain={**old.gain, name: 1.1 * old.gain[name]}, noise={**old.noise, name: 0.5 * old.noise[name]}
    )
    values = all_readings(old, new)
    assert set(values) == {"gain_change", "noise_change"}
    expected = (pytest.approx(10), old.gain[name], 1.1 * old.gain[name], {"amplifier": name})
    assert values["gain_change"] == [expected]
    assert values["noise_change"][0].value == pytest.approx(-50)


def test_bad_amplifiers_are_named_and_not_compared() -> None:
    old = demo_calib("ptc")
    name = next(iter(old.gain))
    new = changed(gain={**old.gain, name: np.nan}, badAmps=np.array([name, *old.badAmps]))
    assert all_readings(old, new) == {"bad_amplifiers_gained": [(1, 0, 1, {"amplifier": name})]}
    assert all_readings(new, old) == {"bad_amplifiers_lost": [(1, 1, 0, {"amplifier": name})]}


def test_amplifiers_that_only_one_has_and_a_gain_that_is_lost() -> None:
    old = demo_calib("ptc")
    first, second = list(old.gain)[:2]
    gains = {key: value for key, value in old.gain.items() if key != first}
    values = all_readings(old, changed(gain={**gains, second: np.nan}))
    assert values["amplifiers_lost"] == [(1, 1, 0, {"amplifier": first})]
    assert [(np.isnan(r.value), r.of) for r in values["gain_change"]] == [(True, {"amplifier": second})]


def test_pixel_areas() -> None:
    old = demo_calib("ptc")
    name = next(name for name, matrix in old.aMatrix.items() if matrix.size)
    matrix = old.aMatrix[name].copy()
    matrix.flat[0] *= 0.9
    assert all_readings(old, changed(aMatrix={**old.aMatrix, name: matrix}))["a00_change"][
        0
    ].value == pytest.approx(-10)


def with_a00(calib: Any, **values: float) -> Any:
    """Return a curve whose matrices a start with other values, of which the fit knows nothing."""
    matrices = {}
    for name, matrix in calib.aMatrix.items():
        matrices[name] = matrix.copy()
        matrices[name].flat[0] = values.get(name, matrix.flat[0])
    return dataclasses.replace(calib, aMatrix=matrices)


def test_a00_in_errors_of_the_fit() -> None:
    old = demo_calib("ptc")
    value, error = old.aMatrix["C01"].flat[0], old.ptcFitParsError["C01"][0]
    new = with_a00(old, C01=value + 3e-7)
    parameters = new.ptcFitPars["C01"].copy()
    parameters[0] = value + 3e-7
    errors = {**old.ptcFitParsError, "C01": 2 * old.ptcFitParsError["C01"]}
    new = dataclasses.replace(new, ptcFitPars={**old.ptcFitPars, "C01": parameters}, ptcFitParsError=errors)
    (reading,) = all_readings(old, new)["a00_significance"]
    assert reading.value == pytest.approx(3e-7 / (np.sqrt(5) * error))
    assert reading[1:] == (value, pytest.approx(value + 3e-7), {"amplifier": "C01"})


def test_a00_in_scatter_of_the_amplifiers_where_the_fit_has_no_error() -> None:
    old = demo_calib("ptc")
    nothing = {name: np.array([]) for name in old.gain}
    old = dataclasses.replace(old, ptcFitPars=nothing, ptcFitParsError=nothing)
    good = [name for name in old.aMatrix if name not in old.badAmps]
    elements = {name: float(old.aMatrix[name].flat[0]) for name in good}
    new = with_a00(old, C00=elements["C00"] + 2e-7)
    (reading,) = all_readings(old, new)["a00_significance"]
    scatters = []
    for values in (elements, {**elements, "C00": elements["C00"] + 2e-7}):
        numbers = list(values.values())
        scatters.append(1.4826 * np.median(np.abs(np.array(numbers) - np.median(numbers))))
    assert reading.value == pytest.approx(2e-7 / np.hypot(*scatters))
    # Two amplifiers have no scatter; a change in per cent is left.
    pair = [dataclasses.replace(calib, badAmps=np.array(["C10", "C11"])) for calib in (old, new)]
    assert set(all_readings(*pair)) == {"a00_change"}
