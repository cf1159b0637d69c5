"""Transmission curves: throughput at any wavelength, and generated curves through all forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from hypothesis import given
from hypothesis import strategies as st

from curated.registry import own_types
from curated.types.transmission_filter import FilterTransmission
from curated.types.transmission_sensor import SensorTransmission
from support.demo import DEMO
from support.round_trips import NAMES, Tree, assert_comes_back, keywords, vectors
from support.texts import examples


def curve(wavelength: list[float], throughput: list[float], **metadata: Any) -> FilterTransmission:
    return FilterTransmission.fromDict(
        {
            "metadata": metadata,
            "wavelength": wavelength,
            "throughput": throughput,
            "units": {"wavelength": "nm"},
        }
    )


def test_throughput_at() -> None:
    result = curve([400.0, 500.0, 600.0], [0.2, 0.8, 0.4])
    assert result.throughput_at([399.9, 400, 450, 600, 600.1]).tolist() == [0, 0.2, 0.5, 0.4, 0]
    assert result.throughput_at(np.array([[5000.0, 6000.0]]) * u.AA).tolist() == [[0.8, 0.4]]
    assert result.throughput_at(0.45 * u.um) == pytest.approx(0.5)
    with pytest.raises(u.UnitConversionError):
        result.throughput_at(3 * u.s)


@pytest.mark.parametrize(
    "path", sorted(DEMO.glob("transmission_*/**/*.ecsv"))[::4], ids=lambda p: "-".join(p.parts[-4:])
)
def test_samples_are_hit_exactly(path: Path) -> None:
    result = own_types()[path.relative_to(DEMO).parts[0]].readText(path)
    wavelengths, throughputs = result.samples()
    assert np.array_equal(result.throughput_at(wavelengths), throughputs)
    assert np.allclose(result.curve()[0], 10 * wavelengths, rtol=1e-15)
    assert np.array_equal(wavelengths, np.unique(result.wavelength))


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    grid = sorted(draw(st.lists(st.floats(1e-300, 1e300), min_size=2, max_size=5, unique=True)))
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    count = len(grid) * max(len(names), 1)
    tree = {
        "metadata": keywords("transmission_sensor"),
        "wavelength": grid * max(len(names), 1),
        "efficiency": draw(vectors(st.floats(0, 100), count)),
        "units": {"wavelength": "nm", "efficiency": "%"},
    }
    return {**tree, "amp_name": [name for name in names for _ in grid]} if names else tree


@examples(50)
@given(tree=trees())
def test_round_trips(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert_comes_back(SensorTransmission.fromDict(tree), tmp_path_factory.getbasetemp())
