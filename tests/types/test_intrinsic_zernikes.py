"""Intrinsic Zernike coefficients: files as the stack writes them, made by hand, and generated ones through all forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from curated.calib.base import CalibrationError
from curated.core.diagnostic import CuratedError
from curated.types.intrinsic_zernikes import IntrinsicZernikes
from support.readings import all_readings
from support.round_trips import MODERATE, Tree, assert_comes_back
from support.texts import examples

SAMPLES: dict[str, Any] = {
    "field_x": [0.0, 0.5, 1.0],
    "field_y": [0.0, -0.5, 0.25],
    "values": [[0.1, -0.2], [0.15, -0.1], [0.3, 0.0]],
    "noll_indices": [4, 11],
}
OPTICS = {"field_x_ocs": [0.0, 1.0], "field_y_ocs": [1.0, 1.0], "values_ocs": [[0.5, 0.6], [0.7, 0.8]]}


def stack_table(
    system: str, prefix: str = "", unit: str = "um", *, names: tuple[str, ...] = ("Z4", "Z11")
) -> Any:
    """Return a table in the form of ``IntrinsicZernikes.toTable`` of lsst.ip.isr, as astropy writes it."""
    x, y, values = (
        np.array({**SAMPLES, **OPTICS}[f"{name}{prefix}"]) for name in ("field_x", "field_y", "values")
    )
    # The stack orders columns by index; a reader must not depend on it.
    columns = [fits.Column("x", "D", "deg", array=x), fits.Column("y", "D", "deg", array=y)]
    columns += [
        fits.Column(name, "D", unit, array=values[:, i]) for i, name in reversed(list(enumerate(names)))
    ]
    table = fits.BinTableHDU.from_columns(columns)
    keywords = {
        "OBSTYPE": "INTRINSIC_ZERNIKES",
        "HIERARCH INTRINSIC_ZERNIKES_SCHEMA": "Intrinsic Zernikes",
        "HIERARCH INTRINSIC_ZERNIKES_VERSION": 1.1 if prefix or system else 1.0,
        "INSTRUME": "Cam",
        "DETECTOR": 3,
        "DET_NAME": "R00_SW0",
        "DET_SER": "",
        "FILTER": "i_39",
        "CALIBCLS": "lsst.ip.isr.intrinsicZernikes.IntrinsicZernikes",
    }
    if system:
        keywords["HIERARCH coord_sys"] = system
    table.header.update(keywords)
    return table


def read(path: Path, *tables: Any) -> IntrinsicZernikes:
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(path)
    return IntrinsicZernikes.readFits(path)


@pytest.mark.parametrize("systems", [("",), ("CCS",), ("CCS", "OCS")])
def test_files_of_the_stack(tmp_path: Path, systems: tuple[str, ...]) -> None:
    tables = [stack_table(system, "_ocs" if system == "OCS" else "") for system in systems]
    calib = read(tmp_path / "stack.fits", *tables)
    expected = IntrinsicZernikes.fromDict({**SAMPLES, **(OPTICS if "OCS" in systems else {})})
    for field in calib.FIELDS:
        np.testing.assert_array_equal(getattr(calib, field.name), getattr(expected, field.name))
    assert "COORD_SYS" not in calib.metadata
    assert (calib.metadata["FILTER"], calib.metadata["DETECTOR"]) == ("i_39", 3)


def test_files_are_written_as_the_stack_does(tmp_path: Path) -> None:
    calib = IntrinsicZernikes.fromDict({**SAMPLES, **OPTICS})
    calib.writeFits(tmp_path / "own.fits")
    with fits.open(tmp_path / "own.fits") as hdus:
        assert [hdu.header["coord_sys"] for hdu in hdus[1:]] == ["CCS", "OCS"]
        for hdu, prefix in zip(hdus[1:], ("", "_ocs"), strict=True):
            reference = stack_table("CCS", prefix)
            assert hdu.columns.names == ["x", "y", "Z4", "Z11"]
            for name in hdu.columns.names:
                assert hdu.columns[name].unit == reference.columns[name].unit
                np.testing.assert_array_equal(hdu.data[name], reference.data[name])
    assert IntrinsicZernikes.readFits(tmp_path / "own.fits") == calib


def test_coefficients_in_nanometres_are_converted(tmp_path: Path) -> None:
    calib = read(tmp_path / "nm.fits", stack_table("CCS", unit="nm"))
    np.testing.assert_allclose(calib.values, np.array(SAMPLES["values"]) / 1000)


def test_wrong_files(tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="'Z4' is missing"):
        read(tmp_path / "a.fits", stack_table("CCS", names=("A4", "A11")))
    with pytest.raises(CuratedError, match="other coefficients"):
        read(tmp_path / "b.fits", stack_table("CCS"), stack_table("OCS", "_ocs", names=("Z4", "Z12")))
    with pytest.raises(CuratedError):
        read(tmp_path / "c.fits", stack_table("CCS", unit="s"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"noll_indices": [11, 4]}, "CAL331"),
        ({"noll_indices": [4]}, "CAL215"),
        ({"field_y": [0.0]}, "CAL215"),
        ({"values": [0.1, 0.2, 0.3]}, "CAL215"),
        ({"field_x_ocs": [0.0]}, "CAL215"),
    ],
)
def test_sizes_that_differ(change: dict[str, Any], message: str) -> None:
    with pytest.raises(CalibrationError, match=message):
        IntrinsicZernikes.fromDict({**SAMPLES, **change})


def test_changes() -> None:
    old = IntrinsicZernikes.fromDict({**SAMPLES, **OPTICS})
    values = [[0.1, -0.2], [0.19, -0.1], [0.28, 0.0]]
    new = IntrinsicZernikes.fromDict({**SAMPLES, "values": values})
    readings = all_readings(old, new)
    (change,) = readings["coefficient_change"]
    assert (change.value, change.of) == (pytest.approx(0.04), {"coefficient": "Z4", "system": "CCS"})
    (positions,) = readings["positions_changed"]
    assert (positions.value, positions.of) == (2, {"system": "OCS"})


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    indices = sorted(draw(st.sets(st.integers(1, 99), min_size=1, max_size=3)))
    count = draw(st.integers(1, 3))
    numbers = st.lists(MODERATE, min_size=count, max_size=count)
    rows = st.lists(MODERATE, min_size=len(indices), max_size=len(indices))
    matrix = st.lists(rows, min_size=count, max_size=count)
    tree: Tree = {"noll_indices": indices}
    for suffix in ("", "_ocs") if draw(st.booleans()) else ("",):
        tree |= {f"field_x{suffix}": draw(numbers), f"field_y{suffix}": draw(numbers)}
        tree[f"values{suffix}"] = draw(matrix)
    return tree


@examples(40)
@given(tree=trees())
def test_round_trips(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    metadata = {"INSTRUME": "Lab", "OBSTYPE": "INTRINSIC_ZERNIKES"}
    assert_comes_back(
        IntrinsicZernikes.fromDict({**tree, "metadata": metadata}), tmp_path_factory.getbasetemp()
    )
