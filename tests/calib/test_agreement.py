"""Calibrations with the same values in other units, forms and spellings, and those with real changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from curated.calib import Calib
from curated.calib.agreement import has_same_content, has_same_value, is_close, is_unit
from curated.core.keys import CalibKey
from curated.core.units import length_factor
from curated.declare import Conditions
from curated.difference.change import Change
from curated.difference.measuring import Version, compare
from support.demo import demo_calib, shown_types

CURVES = (
    "qe_curve",
    "transmission_atmosphere",
    "transmission_filter",
    "transmission_filter_detector",
    "transmission_optics",
    "transmission_sensor",
    "transmission_system",
)


def change(old: Calib, new: Calib) -> Change:
    """Return the change from one calibration to another."""
    key = CalibKey("demo", old.SPEC.name, "d00", "")
    return compare(key, Version("old", old), Version("new", new), (), Conditions())


def in_unit(curve: Any, unit: str, dtype: str = "f8") -> Any:
    """Return a curve with its wavelengths in another unit."""
    factor = length_factor(curve.units["wavelength"]) / length_factor(unit)
    wavelengths = (curve.wavelength.astype(dtype) * factor).astype(dtype)
    return replace(curve, wavelength=wavelengths, units={**curve.units, "wavelength": unit})


def as_fractions(curve: Any) -> Any:
    """Return a curve with fractions instead of per cent, or the other way."""
    name = curve._fraction_field
    is_percent = curve.is_percent
    values = getattr(curve, name) * (0.01 if is_percent else 100)
    return replace(curve, units={**curve.units, name: "" if is_percent else "%"}, **{name: values})


@pytest.mark.parametrize("unit", ["Angstrom", "um", "AA", "m", "nm"])
@pytest.mark.parametrize("name", CURVES)
def test_curves_in_other_units(name: str, unit: str) -> None:
    curve = demo_calib(name)
    other = in_unit(curve, unit)
    assert not change(curve, other).is_physical
    assert not change(other, curve).is_physical
    assert not change(curve, as_fractions(other)).is_physical
    single = in_unit(curve, unit, "f4")
    assert not change(in_unit(curve, "nm", "f4"), single).is_physical
    # Another unit beside the same numbers is another curve.
    if unit != "nm":
        units = {**curve.units, "wavelength": unit}
        assert change(curve, replace(curve, units=units)).is_physical


@pytest.mark.parametrize("part", [1e-6, -1e-6, 1e-9, 1e-13])
@pytest.mark.parametrize("field", ["wavelength", ""])
@pytest.mark.parametrize("name", CURVES)
def test_one_sample_of_a_curve_that_changed(name: str, field: str, part: float) -> None:
    curve = demo_calib(name)
    field = field or curve._fraction_field
    curve = replace(curve, **{field: getattr(curve, field).astype("f8")})
    values = getattr(curve, field).copy()
    row = int(np.argmax(values))
    values[row] *= 1 + part
    other = replace(curve, **{field: values})
    assert field in [curve.FIELDS[i].name for i in range(len(curve.FIELDS))]
    assert change(curve, other).fields
    assert change(curve, as_fractions(in_unit(other, "Angstrom"))).fields
    if abs(part) >= 1e-6:
        singles = [replace(c, **{field: getattr(c, field).astype("f4")}) for c in (curve, other)]
        assert change(*singles).fields


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        (np.array([1, 2]), np.array([1.0, 2.0]), True),
        (np.array([1, 2]), np.array([1, 3]), False),
        (np.array([2**53, 2]), np.array([2**53 + 1, 2]), False),
        (3, 3.0, True),
        (3, True, False),
        (0.0, -0.0, True),
        (0.0, 1e-300, False),
        (np.nan, float("nan"), True),
        (np.nan, 0.0, False),
        (np.nan, None, False),
        (np.inf, np.inf, True),
        (np.inf, -np.inf, False),
        (np.inf, 1e308, False),
        (np.array([np.nan, 1, -np.inf]), np.array([np.nan, 1, -np.inf]), True),
        (np.array([np.nan, 1.0]), np.array([1.0, np.nan]), False),
        (np.float32(0.1), 0.1, True),
        (np.array([0.1], "f4"), np.array([0.1 * (1 + 1e-6)]), False),
        (1.0, 1.0 + 4 * 2.0**-52, True),
        (1.0, 1.0 + 8 * 2.0**-52, False),
        (np.zeros(3), np.zeros(4), False),
        (np.zeros((2, 2)), np.zeros(4), False),
        ({"A": 1.0, "B": 2.0}, {"B": 2, "A": 1}, True),
        ({"A": 1.0}, {"A": 1.0, "B": 2.0}, False),
        (np.array(["a"]), np.array(["a"]), True),
        (np.array(["a"]), np.array([1.0]), False),
        (np.array([True]), np.array([1]), False),
        ("a", "b", False),
        ([1, 2.0], [1.0, 2], True),
        ([1, [2]], [1, [2]], True),
    ],
)
def test_values(old: Any, new: Any, is_same: bool) -> None:
    assert is_close(old, new) is is_same
    assert is_close(new, old) is is_same


@pytest.mark.parametrize(
    ("name", "field", "units"),
    [
        ("crosstalk", "crosstalkRatiosUnits", ("electron", "electrons", "e-")),
        ("crosstalk", "crosstalkRatiosUnits", ("adu", "ADU", "ADUs", " adu")),
        ("linearizer", "linearityUnits", ("electron", "electrons")),
        ("bias", "unit", ("adu", "ADU")),
        ("dark", "unit", ("electron/s", "electrons/s", "electron / s")),
    ],
)
def test_aliases_of_units(name: str, field: str, units: tuple[str, ...]) -> None:
    calib = demo_calib(name)
    versions = [replace(calib, **{field: unit}) for unit in units]
    declared = next(declared for declared in calib.FIELDS if declared.name == field)
    assert is_unit(declared)
    for other in versions:
        assert has_same_value(versions[0], other, declared)
        assert has_same_content(versions[0], other) or calib.companion() is not None
    assert not has_same_value(versions[0], replace(calib, **{field: "mm"}), declared)
    assert change(versions[0], replace(calib, **{field: "electron**2"})).fields


@pytest.mark.parametrize("name", sorted(shown_types()))
def test_every_type_is_the_same_as_itself_and_not_after_a_change(name: str) -> None:
    calib = demo_calib(name)
    for declared in calib.FIELDS:
        value = getattr(calib, declared.name)
        assert has_same_value(calib, calib, declared)
        arrays = value if isinstance(value, dict) else {"": value}
        for key, array in arrays.items():
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "fi" or not array.size:
                continue
            floats = array.astype("f8")
            wider = {**arrays, key: floats} if isinstance(value, dict) else floats
            assert has_same_value(calib, replace(calib, **{declared.name: wider}), declared)
            index = int(np.nanargmax(np.abs(floats))) if np.isfinite(floats).any() else 0
            other = floats.copy()
            other.reshape(-1)[index] = other.reshape(-1)[index] * (1 + 1e-6) or 1e-6
            if np.isfinite(other.reshape(-1)[index]) and array.dtype.kind == "f":
                changed = {**arrays, key: other} if isinstance(value, dict) else other
                assert not has_same_value(calib, replace(calib, **{declared.name: changed}), declared)


def test_images_without_a_side_file() -> None:
    """Pixels are compared exactly, also those of planes that no measure looks at; numbers beside them are rounded."""
    pixels = np.linspace(0.9, 1.1, 600, dtype="f4").reshape(20, 30)
    cls: Any = shown_types()["flat"]
    make = cls.from_pixels
    flat = make(pixels, variance=pixels * 0.1, unit="", normalisation=1.0)
    assert change(flat, replace(flat, normalisation=1.0 + 2.0**-52)).is_physical
    assert change(flat, replace(flat, normalisation=1.0 + 1e-6)).is_physical
    assert change(flat, make(pixels, variance=pixels * 0.2, unit="", normalisation=1.0)).fields == (
        "VARIANCE",
    )
    other = np.nextafter(pixels, np.float32(2))
    assert change(flat, make(other, variance=pixels * 0.1, unit="", normalisation=1.0)).is_physical
