"""The measures of all types: declared, quiet where nothing changed, and robust against any values."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

from curated.core.geometry import Amplifier, Box, DetectorGeometry
from curated.declare import Conditions
from curated.registry import own_types
from support.demo import demo_calib, shown_types
from support.readings import all_readings

SIZED = frozenset({"bias", "dark", "flat", "fringe", "sky", "illum", "straylight"})
"""Types whose values are pixels, which are mutated in the tests of images."""

AWKWARD = (np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, 1.7e308, -1.7e308, 1.0, -2.5, 1e5)

DETECTOR = DetectorGeometry(
    "d00",
    0,
    8,
    8,
    tuple(
        Amplifier(name, Box(0, 0, 4, 4), "LL", 1.5, 5.0, 90_000.0) for name in ("C00", "C01", "C10", "C11")
    ),
)
CONDITIONS = (Conditions(), Conditions(detector=DETECTOR, filter_name="r"))


@pytest.mark.parametrize("name", sorted(own_types()))
def test_every_type_declares_measures(name: str) -> None:
    measures = own_types()[name].SPEC.measures
    names = [measure.name for measure in measures]
    assert names
    assert len(set(names)) == len(names)
    for measure in measures:
        assert re.fullmatch("[a-z][a-z0-9_]*", measure.name)
        assert re.fullmatch(r"[A-Z0-9][^\n]*\.", measure.doc)
        assert measure.notable > 0
        assert measure.worse in ("more", "less", "either")


@pytest.mark.parametrize("name", sorted(shown_types()))
def test_equal_calibrations_have_no_readings(name: str) -> None:
    for conditions in CONDITIONS:
        assert all_readings(demo_calib(name), demo_calib(name), conditions) == {}


def scaled(value: Any, factor: float) -> Any:
    if isinstance(value, dict):
        return {key: scaled(item, factor) for key, item in value.items()}
    if isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f"):
        return value * factor
    return value


@pytest.mark.parametrize(
    "name",
    sorted(set(shown_types()) - SIZED - {"bad_amps", "defects", "events", "manual_defects", "provenance"}),
)
def test_other_values_have_readings(name: str) -> None:
    calib = demo_calib(name)
    names = [f.name for f in calib.FIELDS if f.name not in ("wavelength", "mjd", "version")]
    other = dataclasses.replace(calib, **{n: scaled(getattr(calib, n), 1.25) for n in names})
    assert all_readings(calib, other)


def awkward(value: Any, rng: np.random.Generator) -> Any:
    """Return a value of the same form with awkward numbers, and fewer entries by chance."""
    if isinstance(value, dict):
        return {key: awkward(item, rng) for key, item in value.items()}
    if isinstance(value, float):
        return float(rng.choice(AWKWARD))
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        numbers = rng.choice(AWKWARD, value.shape)
        return np.where(rng.random(value.shape) < 0.5, numbers, value)
    return value


IRREGULAR = ("transmission", "qe_curve")
"""Curves, whose samples a check has found finite; their tests are those of synthetic photometry."""


@pytest.mark.parametrize("name", sorted(n for n in shown_types() if not n.startswith(IRREGULAR)))
def test_no_values_are_too_awkward(name: str) -> None:
    calib, rng = demo_calib(name), np.random.default_rng(14)
    fields = [f.name for f in calib.FIELDS if f.dtype in ("f8", "n")]
    for _ in range(20):
        old, new = (
            dataclasses.replace(calib, **{n: awkward(getattr(calib, n), rng) for n in fields})
            for _ in range(2)
        )
        for conditions in CONDITIONS:
            all_readings(old, new, conditions)
            assert all_readings(new, new, conditions) == {}
