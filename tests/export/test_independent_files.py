"""Files of all types that astropy alone wrote, in other layouts than ours: equal values are equal, others are named."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curated.calib import Calib
from curated.datasets.record import Dataset, data_id_of
from curated.datasets.values import ValuesHash, differing_fields, is_same_content
from curated.export.values import values_of_file
from support.demo import demo_calib, shown_types
from support.independent_files import write_image_file, write_table_file

IMAGES = sorted(name for name, cls in shown_types().items() if cls.SPEC.beside)
TABLES = sorted(name for name in shown_types() if name not in IMAGES)


@cache
def demo(name: str) -> Any:
    """Return a calibration of the demonstration; read once."""
    return demo_calib(name)


@cache
def own_content(name: str) -> ValuesHash:
    """Return the hash of the values of the file that curated makes of it."""
    with TemporaryDirectory() as directory:
        return content(demo(name), Path(demo(name).writeFits(Path(directory) / "ours.fits")))


def content(calib: Calib, path: Path) -> ValuesHash:
    """Return the hash of the values of a file, as of a dataset of a repository."""
    spec = calib.SPEC
    data_id: dict[str, int | str] = {
        "instrument": "Demo",
        "detector": int(calib.metadata.get("DETECTOR") or 0),
    }
    data_id["physical_filter"] = calib.metadata.text("FILTER")
    dataset = Dataset(spec.dataset, data_id_of({name: data_id[name] for name in spec.dimensions}))
    value = values_of_file(str(path), dataset)
    assert isinstance(value, ValuesHash), f"{path.name} was hashed by its bytes"
    return value


@settings(max_examples=3)
@pytest.mark.parametrize("name", TABLES)
@given(seed=st.integers(0, 2**32))
def test_equal_values_in_another_layout(
    tmp_path_factory: pytest.TempPathFactory, name: str, seed: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "independent.fits"
    write_table_file(demo(name), path, Random(seed))
    other = content(demo(name), path)
    assert other == own_content(name), differing_fields(other, own_content(name))
    assert is_same_content(other, own_content(name))


NAMED = {
    "bfk": ("gain", "gain"),
    "camera": ("amplifier_gain", "amplifier_gain"),
    "crosstalk": ("coeffs", "coeffs"),
    "defects": ("width", "pixels"),
    "linearizer": ("linearityCoeffs", "linearityCoeffs"),
    "ptc": ("gain", "gain"),
    "gain_correction": ("gainAdjustments", "gainAdjustments"),
    "transmission_atmosphere": ("efficiency", "throughputs"),
    "transmission_sensor": ("efficiency", "amplifier C10"),
}
"""A field to change of types with different layouts, and the name that a comparison has for it."""


@pytest.mark.parametrize("name", NAMED)
def test_one_changed_value_is_seen_and_named(tmp_path: Path, name: str) -> None:
    field, expected = NAMED[name]
    changed = dataclasses.replace(demo(name), **{field: _with_one_changed(getattr(demo(name), field))})
    write_table_file(changed, tmp_path / "file.fits", Random(7))
    other = content(changed, tmp_path / "file.fits")
    assert not is_same_content(other, own_content(name))
    assert differing_fields(other, own_content(name)) == [expected]


def _with_one_changed(values: Any) -> Any:
    """Return values of which one is another number, by the least that counts in percent as well."""
    if isinstance(values, dict):
        name = next(iter(values))
        return {**values, name: _with_one_changed(values[name])}
    if not isinstance(values, np.ndarray):
        return values * (1 + 1e-12)
    array = values.copy()
    places = np.flatnonzero(array)
    place = places[len(places) // 2]
    array.flat[place] += 1 if array.dtype.kind == "i" else array.flat[place] * 1e-6
    return array


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("form", ["wide", "tiles", "packed"])
def test_images_in_other_forms(tmp_path: Path, name: str, form: str) -> None:
    # astropy packs a file whose name says so.
    ending = ".fits.gz" if form == "packed" else ".fits"
    for number, change in enumerate((0.0, 1e-3)):
        path = tmp_path / f"file{number}{ending}"
        write_image_file(demo(name), path, form, change)
        other = content(demo(name), path)
        assert is_same_content(other, own_content(name)) == (not change), differing_fields(
            other, own_content(name)
        )
        assert differing_fields(other, own_content(name)) == (["IMAGE"] if change else [])
