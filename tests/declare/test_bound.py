"""Tests of what is wrong with limits of a quantity."""

from __future__ import annotations

import numpy as np
import pytest

from curated.declare import Bound, bound_fault


def bound(quantity: str, minimum: float | None, maximum: float | None) -> Bound:
    return Bound(
        quantity=quantity,
        values=lambda _: np.zeros(1),
        doc="A.",
        source="B.",
        minimum=minimum,
        maximum=maximum,
    )


BOUNDS = (bound("gain", 0.05, 30.0), bound("read_noise", None, 200.0))


@pytest.mark.parametrize(
    ("quantity", "minimum", "maximum", "fault"),
    [
        ("gain", None, 100.0, None),
        ("gain", 0.001, None, None),
        ("gain", 40.0, 100.0, None),
        ("read_noise", 10.0, None, None),
        (
            "gains",
            None,
            1.0,
            ("quantity", "'gains' is not a quantity with bounds of ptc; did you mean gain?"),
        ),
        (
            "readNoise",
            None,
            1.0,
            ("quantity", "'readNoise' is not a quantity with bounds of ptc; did you mean read_noise?"),
        ),
        (
            "x",
            None,
            1.0,
            ("quantity", "'x' is not a quantity with bounds of ptc; these are: gain, read_noise"),
        ),
        ("gain", None, None, ("quantity", "neither minimum nor maximum is set")),
        ("gain", None, float("nan"), ("maximum", "nan is no limit: to allow any value, give a large number")),
        (
            "gain",
            float("-inf"),
            9.0,
            ("minimum", "-inf is no limit: to allow any value, give a large number"),
        ),
        ("gain", 2.0, 1.0, ("minimum", "2 is above the maximum, 1")),
        ("gain", 40.0, None, ("minimum", "40 is above the maximum of the type, 30; set both")),
        ("gain", None, 0.01, ("maximum", "0.01 is below the minimum of the type, 0.05; set both")),
    ],
)
def test_fault_of_limits(
    quantity: str, minimum: float | None, maximum: float | None, fault: tuple[str, str] | None
) -> None:
    assert bound_fault("ptc", BOUNDS, quantity, minimum, maximum) == fault
