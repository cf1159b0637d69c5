"""Changes of crosstalk, against loops over the amplifiers."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.declare import Conditions
from curated.types.crosstalk import Crosstalk
from support.readings import all_readings, readings
from support.texts import examples


def crosstalk(coeffs: Any, **more: Any) -> Crosstalk:
    matrix = np.asarray(coeffs, float)
    values: dict[str, Any] = {"hasCrosstalk": True, "nAmp": len(matrix), "coeffs": matrix, **more}
    return Crosstalk(**values)


def detector(gains: list[float], saturations: list[float]) -> DetectorGeometry:
    amplifiers = tuple(
        Amplifier(f"C{i}", Box(i, 0, 1, 1), gain=gain, saturation=level)
        for i, (gain, level) in enumerate(zip(gains, saturations, strict=True))
    )
    return DetectorGeometry("d00", 0, len(gains), 1, amplifiers)


def test_a_coefficient_that_no_crosstalk_has() -> None:
    # As in a real package: 0.65, or 65,000 adu from a source of 100,000.
    old, new = np.zeros((16, 16)), np.zeros((16, 16))
    old[3, 5] = 0.65
    expected = {"source": 4, "target": 6}
    assert readings(crosstalk(old), crosstalk(new), "coefficient_change") == [(0.65, 0.65, 0.0, expected)]
    (reading,) = readings(crosstalk(old), crosstalk(new), "coefficient_change_at_saturation")
    assert reading == (pytest.approx(65_000), pytest.approx(65_000), 0.0, expected)


def test_a_coefficient_that_is_not_valid_counts_as_zero() -> None:
    matrix = np.array([[0, 0.65], [1e-4, 0]])
    flags = np.array([[True, False], [True, True]])
    old, new = crosstalk(matrix), crosstalk(matrix, coeffValid=flags)
    values = all_readings(old, new)
    assert values["coefficient_change"] == [(0.65, 0.65, 0.0, {"source": 1, "target": 2})]
    assert values["coefficients_lost"] == [(1, 2, 1, {})]
    assert "coefficients_gained" not in values
    assert all_readings(new, old)["coefficients_gained"] == [(1, 1, 2, {})]


def test_the_source_is_the_row_and_its_saturation_counts() -> None:
    conditions = Conditions(detector=detector([1, 1], [1000, 200_000]))
    old, new = crosstalk([[0, 2e-4], [0, 0]]), crosstalk([[0, 0], [1e-4, 0]])
    (largest,) = readings(old, new, "coefficient_change", conditions)
    assert largest == (2e-4, 2e-4, 0, {"source": "C0", "target": "C1"})
    (signal,) = readings(old, new, "coefficient_change_at_saturation", conditions)
    assert signal == (pytest.approx(20), 0, pytest.approx(20), {"source": "C1", "target": "C0"})


def test_coefficients_between_electrons_count_with_the_gains() -> None:
    conditions = Conditions(detector=detector([1.0, 2.0], [100_000, 100_000]))
    old, new = (
        crosstalk(np.zeros((2, 2)), crosstalkRatiosUnits="electron", coeffsSqr=np.zeros((2, 2))),
        crosstalk(
            [[0, 1e-4], [0, 0]], crosstalkRatiosUnits="electron", coeffsSqr=np.array([[0, 0], [1e-9, 0]])
        ),
    )
    # 100,000 electrons of C0 induce 10 electrons, which are 5 adu, in C1.
    (signal,) = readings(old, new, "coefficient_change_at_saturation", conditions)
    assert signal.value == pytest.approx(5)
    # 200,000 electrons of C1 induce 40 electrons in C0, where they are 40 adu.
    (square,) = readings(old, new, "quadratic_change_at_saturation", conditions)
    assert square.value == pytest.approx(40)


def test_signs_and_sums() -> None:
    old, new = (
        crosstalk([[0, 1e-4, 1e-4], [0, 0, 0], [0, 0, 0]]),
        crosstalk([[0, 1e-4, -1e-4], [0, 0, 0], [0, 0, 0]]),
    )
    assert readings(old, new, "sign_changes") == [(1, None, None, {})]
    (sums,) = readings(old, new, "row_sum_change")
    assert sums == (pytest.approx(-2e-4), pytest.approx(2e-4), 0.0, {"source": 1})


def test_other_detectors() -> None:
    old = crosstalk(np.zeros((2, 2)), interChip={"d01": np.array([[0, 1e-5], [0, 0]])})
    new = crosstalk(np.zeros((2, 2)), interChip={"d02": np.array([[0, 0], [3e-5, 0]])})
    places = [
        {"source_detector": "d01", "source": 1, "target": 2},
        {"source_detector": "d02", "source": 2, "target": 1},
    ]
    values = readings(old, new, "interchip_coefficient_change")
    assert [(value.value, value.of) for value in values] == list(zip([1e-5, 3e-5], places, strict=True))
    signals = readings(old, new, "interchip_change_at_saturation")
    assert [signal.value for signal in signals] == pytest.approx([1, 3])


def test_calibrations_without_coefficients() -> None:
    empty, full = Crosstalk(), crosstalk([[0, 1e-3], [0, 0]])
    assert all_readings(empty, empty) == {}
    assert readings(empty, full, "coefficient_change")[0].value == 1e-3
    assert readings(full, dataclasses.replace(full, hasCrosstalk=False), "coefficients_lost")[0].value == 2


MATRICES = st.integers(0, 4).flatmap(
    lambda n: st.tuples(
        *[st.lists(st.floats(-1, 1), min_size=n * n, max_size=n * n)] * 1,
        st.lists(st.booleans(), min_size=n * n, max_size=n * n),
        st.just(n),
    )
)


@examples(60)
@given(old=MATRICES, new=MATRICES)
def test_the_largest_change_is_that_of_loops(old: Any, new: Any) -> None:
    pair = [
        crosstalk(np.reshape(values, (n, n)), coeffValid=np.reshape(flags, (n, n)))
        for values, flags, n in (old, new)
    ]

    def value(calib: Crosstalk, source: int, target: int) -> float:
        if max(source, target) >= calib.nAmp or not calib.coeffValid[source, target]:  # type: ignore[index]
            return 0.0
        return float(calib.coeffs[source, target])  # type: ignore[index]

    sides = range(max(calib.nAmp for calib in pair))
    sizes = [abs(value(pair[1], s, t) - value(pair[0], s, t)) for s in sides for t in sides]
    expected = max(sizes, default=0.0)
    actual = readings(pair[0], pair[1], "coefficient_change")
    assert (actual[0].value if actual else 0) == pytest.approx(expected, abs=1e-12)
    assert len(readings(pair[1], pair[0], "coefficient_change")) == len(actual)
