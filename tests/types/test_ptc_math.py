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
